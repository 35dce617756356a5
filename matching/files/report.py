"""The report of a run on files: one HTML page that stands alone, on a screen of any width, in light, dark and print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.template.loader import render_to_string
from numpy.typing import NDArray

from matching import plots
from matching.core.explain import strength
from matching.core.links import Cut
from matching.core.meaning import IGNORE
from matching.core.recognise import ATTRIBUTES
from matching.core.score import Evidence
from matching.engines.blocking_study import coverage_of
from matching.files.accuracy import Accuracy
from matching.files.choosing import largest_clusters, scored_candidates, telling_merges
from matching.files.columns import Use
from matching.files.configs import AUTO, SHIPPED
from matching.files.notes import notes
from matching.files.running import FileOptions, MatchedFiles
from matching.files.showing import ROLES, Beside, ShownPair, beside, shown_pair
from matching.files.writing import unwritable

_TEMPLATE: Final = "matching/files/report.html"
_SAMPLED_PAIRS: Final = 100_000
_PAIRS, _MERGES, _LARGEST, _CUTS, _MEMBERS = 8, 8, 4, 6, 12
_SHAPES: Final[Mapping[str, str]] = {
    "date": "some date", "number": "some number", "code": "some code", "email": "some e-mail", "values": "a list of values",
    "long_text": "a long text", "text": "some text",
}  # fmt: skip
_REASONS: Final[Mapping[str, str]] = {
    "weak_bridge": "on the whole, the evidence between the two groups speaks against one entity",
    "cannot_link": "they were said to be different",
    "one_per_source": "both have a row of a file that has each entity once",
    "two_golden_records": "they belong to two golden records",
}


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """What the columns of each file that stand for one thing were taken for (None: a file has no such column)."""

    meaning: str
    uses: tuple[Use | None, ...]


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One level of a comparison as learnt: m and u probability, bits, and the bar's share of the greatest weight."""

    comparison: str
    words: str
    m: float
    u: float
    bits: float
    width: float
    strength: str


@dataclass(frozen=True, slots=True)
class Stratum:
    """What was learnt for one kind of pairs: how often a match is expected, and the levels."""

    name: str
    one_in: float
    levels: tuple[LevelRow, ...]


@dataclass(frozen=True, slots=True)
class ShownCut:
    """Two records kept apart although their pair would join them."""

    records: Beside
    bits: float
    reason: str


def write_report(matched: MatchedFiles, options: FileOptions, path: Path, accuracy: Accuracy | None = None) -> None:
    """Write the report of a run; with the truth, of how right it is. Raises `UnwritableFile`."""
    page = report(matched, options, accuracy)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from None


def report(matched: MatchedFiles, options: FileOptions, accuracy: Accuracy | None = None) -> str:
    """Give the report as one HTML page that asks for nothing outside itself."""
    result, config = matched.result, matched.config
    caught = coverage_of(result)
    sizes = np.bincount(result.clusters.labels, minlength=1)
    weights = scored_candidates(matched, _SAMPLED_PAIRS).weight if accuracy is None else accuracy.scores.weights
    thresholds = {"auto": config.auto_threshold, "review": config.review_threshold}
    context: dict[str, Any] = {
        "names": [file.name for file in matched.files],
        "files": matched.files,
        "numbers": numbers(matched),
        "columns": column_rows(matched),
        "aside": [(use, _meaning(use)) for use in matched.together.uses if not _compared(matched, use)],
        "how": _how(options, matched),
        "config": _config_words(options),
        "warnings": warnings(matched),
        "sizes": plots.cluster_sizes(sizes[sizes > 0]),
        "weights": plots.match_weights(weights, **thresholds, truth=None if accuracy is None else accuracy.scores.true),
        "sampled": accuracy is None and len(result.candidates.left) > len(weights),
        "blocking": plots.blocking(result.report, plots.Missed(caught.missed, caught.low, caught.high)),
        "caught": caught,
        "thresholds": thresholds,
        "strata": learnt(matched),
        "doubtful": len(matched.doubtful),
        "pairs": doubtful_pairs(matched),
        "merges": [beside(matched, rows.tolist()) for rows in telling_merges(matched, _MERGES)],
        "largest": [(len(rows), beside(matched, rows[:_MEMBERS].tolist())) for rows in largest_clusters(matched, _LARGEST)],
        "cuts": [_cut(matched, cut) for cut in sorted(result.clusters.cuts, key=lambda cut: -cut.weight)[:_CUTS]],
        "cut_count": len(result.clusters.cuts),
        "accuracy": None if accuracy is None else _accuracy(accuracy, thresholds),
    }
    return render_to_string(_TEMPLATE, context)


def numbers(matched: MatchedFiles) -> list[tuple[str, str]]:
    """Give the figures of a run, each with what it counts."""
    labels, file = matched.result.clusters.labels, matched.together.file
    found, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    told = [
        (f"{len(labels):,}", "records in"), (f"{len(found):,}", "clusters out"),
        (f"{int((sizes > 1).sum()):,}", "clusters of several records"), (f"{len(labels) - len(found):,}", "records merged into another"),
        (f"{len(matched.doubtful):,}", "doubtful pairs"),
    ]  # fmt: skip
    if len(matched.files) > 1:
        across = np.zeros(len(labels), np.bool_)
        across[labels[file != file[first][np.searchsorted(found, labels)]]] = True
        told.append((f"{int(across.sum()):,}", "clusters across both files"))
        for place, read in enumerate(matched.files):
            own = labels[file == place]
            told.append((f"{len(own) - len(np.unique(own)):,}", f"records merged inside {read.name}"))
    return [*told, (f"{matched.seconds:,.1f} s", "to match")]


def warnings(matched: MatchedFiles) -> list[str]:
    """Say what a reader should know before trusting the result."""
    told = [warning[:1].upper() + warning[1:] + "." for warning in matched.result.model.warnings]
    if len(matched.config.comparisons) == 1:
        label = matched.config.comparisons[0].label
        told.append(f"Records are compared by their {label} alone: two that share it are taken for one. A further column would tell more.")
    for file in matched.files:
        if file.skipped:
            told.append(f"{file.name}: {file.skipped:,} rows could not be read and were left out ({'; '.join(file.problems)}).")
        if file.headless:
            told.append(
                f"{file.name}: the first row looks like data, so the columns are called by their places. Add a header to name them."
            )
    whole = len(matched.result.clusters.labels) <= matched.config.exhaustive_below
    left_out = [rule for rule in matched.result.report.rules if rule.pairs_left_out and not _refined(matched, rule.name)]
    if left_out and not whole:
        named = ", ".join(f"{rule.name} ({rule.pairs_left_out:,} pairs)" for rule in left_out[:4])
        told.append(f"Blocking keys shared by too many records were set aside in these rules: {named}. Other rules may find those pairs.")
    if matched.result.clusters.alarms:
        count, most = len(matched.result.clusters.alarms), matched.config.clusters.size_alarm
        told.append(f"Clusters of more than {most} records: {count:,}. Look whether each is one entity.")
    return told


def _refined(matched: MatchedFiles, name: str) -> bool:
    return any(rule.refines == name for rule in matched.config.blocking)


def column_rows(matched: MatchedFiles) -> list[ColumnRow]:
    """Give the columns that are compared, those of the same meaning together."""
    rows: dict[tuple[str, str], list[Use | None]] = {}
    for use in matched.together.uses:
        if _compared(matched, use):
            rows.setdefault((use.standing, _meaning(use)), [None] * len(matched.files))[use.file] = use
    return [ColumnRow(meaning, tuple(uses)) for (_, meaning), uses in rows.items()]


def _compared(matched: MatchedFiles, use: Use) -> bool:
    """Say whether a column is compared, be it cut or joined with another to be like the other file's."""
    known = matched.sources
    parts = (use.role == "full_name" and "given_name" in matched.together.meaning.roles) or (
        use.role == "full_name" and "given_name" in known
    )
    return use.standing in known.values() or parts or use.role in {"street", "house_number"}


def _meaning(use: Use) -> str:
    if use.role is not None:
        return ROLES.get(use.role, use.role.replace("_", " "))
    if use.shape is not None:
        return _SHAPES[use.shape]
    return "left out, as told" if use.told else "says nothing of who it is" if use.examples else "empty"


def _how(options: FileOptions, matched: MatchedFiles) -> dict[str, str]:
    column = next((use.column for use in matched.together.uses if use.role is None), matched.together.uses[0].column)
    entity = options.config if options.config in SHIPPED else matched.config.entity
    known = sorted(ATTRIBUTES.get(entity, ATTRIBUTES["customer"]))
    return {"option": f"--map '{column}={known[0]}'", "ignore": f"--map '{column}={IGNORE}'", "attributes": ", ".join(known)}


def _config_words(options: FileOptions) -> str:
    if options.config == AUTO:
        return "made for these columns"
    return f"the shipped one for a {options.config}" if options.config in SHIPPED else Path(options.config).name


def learnt(matched: MatchedFiles) -> list[Stratum]:
    """Give what was learnt for each kind of pairs that occurs among the candidates, comparisons by their greatest weight."""
    model, result = matched.result.model, matched.result
    names = ["all records", *model.config.strata_values]
    held = np.flatnonzero(np.bincount(result.pairs.strata, minlength=1)) if len(result.pairs.strata) else np.array([0])
    return [
        Stratum(names[stratum], float(1 + 2 ** -model.prior_bits[stratum]), _levels(matched, int(stratum)))
        for stratum in held.tolist()
    ]  # fmt: skip


def _levels(matched: MatchedFiles, stratum: int) -> tuple[LevelRow, ...]:
    model = matched.result.model
    weights: NDArray[np.float64] = model.base_weights[stratum]
    greatest = max(float(np.abs(weights).max()), 1e-9)
    order = np.argsort(-np.abs(weights).max(axis=1), kind="stable")
    rows = []
    for place in order.tolist():
        comparison = model.config.comparisons[place]
        for number in range(len(comparison.levels), 0, -1):
            m, u = (float(model.probabilities[stratum, kind, place, number]) for kind in (0, 1))
            bits = float(weights[place, number])
            label = comparison.label if number == len(comparison.levels) else ""
            rows.append(LevelRow(label, comparison.in_words(number), m, u, bits, 100 * abs(bits) / greatest, strength(bits)))
    return tuple(rows)


def doubtful_pairs(matched: MatchedFiles) -> list[ShownPair]:
    """Show the doubtful pairs nearest to being matched, each with the sum of its evidence."""
    pairs, chosen = matched.result.pairs, matched.doubtful[:_PAIRS]
    return [
        shown_pair(
            matched,
            (int(pairs.left[row]), int(pairs.right[row])),
            Evidence(pairs.levels[row], pairs.weights[row], int(pairs.vetoes[row]), int(pairs.strata[row])),
            note,
        )
        for row, note in zip(chosen.tolist(), notes(matched, chosen), strict=True)
    ]


def _cut(matched: MatchedFiles, cut: Cut) -> ShownCut:
    return ShownCut(beside(matched, (cut.left, cut.right)), cut.weight, _REASONS.get(cut.reason, cut.reason.replace("_", " ")))


def _accuracy(accuracy: Accuracy, thresholds: Mapping[str, float]) -> dict[str, Any]:
    scores, table = accuracy.scores, accuracy.scores.reliability
    figures = accuracy.figures
    told: Sequence[tuple[str, float]] = (
        ("pair precision", figures.pairs_precision), ("pair recall", figures.pairs_recall), ("pair F1", figures.pairs_f1),
        ("B-cubed F1", figures.bcubed_f1), ("candidate recall", figures.candidate_recall),
    )  # fmt: skip
    checked = scores.vouched
    columns = (table.lower, table.upper, table.pairs, table.trials, table.predicted, table.share, table.low, table.high)
    bins = zip(*(column.tolist() for column in (*columns, checked.settled, checked.low, checked.high)), strict=True)
    return {
        "figures": [(f"{value:.4f}", words) for words, value in told],
        "calibration": plots.calibration(table, scores.vouched),
        "error": table.error,
        "bins": list(bins),
        "curve": plots.threshold_curve(scores.curve, **thresholds),
        "aim": scores.aim,
        "choice": scores.choice,
        "rules": accuracy.rules,
        "false_merges": accuracy.false_merges,
        "missed": accuracy.missed,
    }
