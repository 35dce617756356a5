"""The plots of reports and pages: what to draw and how to say it in words; `drawing` makes SVG of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from django.utils.formats import number_format
from django.utils.translation import gettext as _t
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from golden_records.saying import named
from matching.core.blocking import BlockingReport
from matching.core.calibration import Reliability, ThresholdCurve
from matching.core.estimate import Share as Bounded
from matching.core.explain import Step
from matching.core.thirds import Vouched
from matching.drawing import AGAINST, FOR, INK, MUTED, SECOND, TEXT, TOTAL, Plot, blank, finished

Numbers = NDArray[np.float64]
_ODDS_TICKS: Final = (0.0001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999)
_NEAR: Final = 1e-6
_MOST_RULES: Final = 16
"""Blocking rules with a bar of their own."""
_MOST_POINTS: Final = 400
_TELLING: Final = 0.05
"""Bits, either way, from which evidence is drawn."""
_ROW: Final = 34.0
_WORDS_AT: Final = 0.36
"""Height of a row of bars, in units, and how far above its bar a row's words stand, in rows."""


@dataclass(frozen=True, slots=True)
class Missed:
    """An estimate of the matches that no blocking rule gives, with the bounds of its interval; `high` may be infinite."""

    matches: float
    low: float
    high: float


def calibration(table: Reliability, vouched: Vouched | None = None) -> Plot:
    """Draw what share of pairs is true over the probability given to them, with intervals, and how many pairs there are.

    Behind the intervals of the truth stand the bounds that third records vouch for, where they are given.
    """
    figure, (axis, counts) = blank(380, 2, (3, 1))
    axis.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
    if vouched is not None:
        axis.vlines(table.predicted, vouched.low, vouched.high, color=SECOND, linewidth=9, alpha=0.3)
    axis.vlines(table.predicted, table.low, table.high, color=TOTAL, linewidth=2)
    for chosen, colour, words in ((table.within, FOR, "as predicted"), (~table.within, AGAINST, "not as predicted")):
        if chosen.any():
            axis.plot(table.predicted[chosen], table.share[chosen], "o", color=colour, markersize=7, label=words)
    axis.set(ylabel="share that is true", ylim=(-0.03, 1.03), xlim=(-0.03, 1.03))
    axis.tick_params(labelbottom=False)
    if len(table.pairs):
        _legend(axis, "upper left")
    counts.bar(table.lower, table.pairs, table.upper - table.lower, align="edge", color=TOTAL, linewidth=0)
    counts.set(xlabel="match probability", ylabel="pairs", ylim=(0.7, max(10, 3 * table.pairs.max(initial=1))))
    _counted(counts)
    inside = int(table.within.sum())
    return finished(figure, "Calibration", (
        f"In {inside} of {len(table.pairs)} bins the mean probability lies within the interval of the share that is true; "
        f"on average over all pairs they are {table.error:.3f} apart."
    ))  # fmt: skip


def threshold_curve(curve: ThresholdCurve, *, auto: float | None = None, review: float | None = None) -> Plot:
    """Draw precision, recall and F1 over the threshold, and the thresholds in force."""
    figure, (axis,) = blank(300)
    # Beyond the ends of the axis all thresholds would stand in one place.
    chosen = np.flatnonzero((curve.threshold > _NEAR) & (curve.threshold < 1 - _NEAR))
    chosen = chosen[_thinned(len(chosen))] if len(chosen) else chosen
    at = _bits(curve.threshold[chosen])
    lines = ((curve.precision, FOR, "precision"), (curve.recall, AGAINST, "recall"), (curve.f1, SECOND, "F1"))
    for (values, colour, words), dashes in zip(lines, ((), (5, 2), (1, 1.5)), strict=True):
        axis.plot(at, values[chosen], color=colour, linewidth=2.5, label=words, dashes=dashes)
    axis.set(ylim=(-0.03, 1.06), xlabel="threshold (match probability)")
    _odds(axis)
    _thresholds(axis, auto, review)
    _legend(axis, "lower center")
    best = f"F1 is greatest, {curve.f1.max():.3f}, from a probability of {curve.best:.3f} on." if len(at) else "There is no pair."
    return finished(figure, "Precision and recall by threshold", best)


def quality_curve(thresholds: Numbers, precision: Sequence[Bounded], recall: Sequence[Bounded], *, auto: float, review: float) -> Plot:
    """Draw precision and recall from each threshold on with their intervals, and the thresholds in force."""
    figure, (axis,) = blank(300)
    at = _bits(thresholds)
    least = min(each.low for each in (*precision, *recall))
    for shares, colour, words, dashes in ((precision, FOR, _t("precision"), ()), (recall, AGAINST, _t("recall"), (5, 2))):
        low, share, high = (np.array([getattr(each, name) for each in shares]) for name in ("low", "share", "high"))
        axis.fill_between(at, low, high, color=colour, alpha=0.2, linewidth=0)
        axis.plot(at, share, color=colour, linewidth=2.5, label=words, dashes=dashes)
    axis.set(ylim=(max(least - 0.05, -0.03), 1.02), xlabel=_t("threshold (match probability)"))
    _odds(axis)
    _thresholds(axis, auto, review)
    _legend(axis, "lower center")
    axis.set_xlim(min(float(at[0]), float(_bits(np.array([review]))[0])) - 1.5)
    here = int(np.argmin(np.abs(at - _bits(np.array([auto]))[0])))
    told = _t("From %(threshold)s on, precision is %(precision)s (%(low)s to %(high)s) and recall %(recall)s of what answers reach.") % {
        "threshold": f"{thresholds[here]:g}",
        "precision": f"{precision[here].share:.3f}",
        "low": f"{precision[here].low:.3f}",
        "high": f"{precision[here].high:.3f}",
        "recall": f"{recall[here].share:.3f}",
    }
    return finished(figure, _t("Precision and recall by threshold, with intervals"), told)


def blocking(report: BlockingReport, missed: Missed | None = None) -> Plot:
    """Draw per blocking rule the pairs that it costs and those that only it finds, the dearest first; and what all miss."""
    rules = sorted((rule for rule in report.rules if rule.pairs), key=lambda rule: -rule.pairs)
    bars = [(rule.name, rule.pairs, rule.only_found_by) for rule in rules[:_MOST_RULES]]
    if cheap := rules[_MOST_RULES:]:
        bars.append(
            (_t("%(n)s further rules") % {"n": len(cheap)}, sum(rule.pairs for rule in cheap), sum(rule.only_found_by for rule in cheap))
        )
    named_rules = {rule.name for rule in rules}
    words = [_bar_words(name, pairs, only, is_one=name in named_rules) for name, pairs, only in bars]
    end = [] if missed is None else [_missed_words(missed)]
    figure, (axis,) = blank(_ROW * (len(words) + len(end)) + 34)
    places = np.arange(len(words))
    axis.barh(places, [pairs for _, pairs, _ in bars], 0.34, color=FOR, alpha=0.35)
    axis.barh(places, [only for _, _, only in bars], 0.34, color=FOR)
    if missed is not None:
        axis.barh(len(words), missed.matches, 0.34, color=AGAINST)
        axis.plot([missed.low, missed.high if np.isfinite(missed.high) else missed.matches], [len(words)] * 2, color=INK, linewidth=1.5)
    _rows(axis, words + end)
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.set_xlim(left=0)
    silent = len(report.rules) - len(rules)
    counts = {"rules": len(rules), "pairs": _grouped(report.candidates), "silent": silent}
    told = [_t("%(rules)s rules give %(pairs)s candidate pairs; %(silent)s further rules give none.") % counts, *end]
    return finished(figure, _t("What blocking costs and finds"), " ".join(told))


def _bar_words(name: str, pairs: float, only: float, *, is_one: bool) -> str:
    given = {"name": named(name) if is_one else name, "pairs": _grouped(pairs), "only": _grouped(only)}
    if is_one:
        return _t("%(name)s: %(pairs)s pairs, %(only)s only by it") % given
    return _t("%(name)s: %(pairs)s pairs, %(only)s only by one of them") % given


def _grouped(count: float) -> str:
    return number_format(round(count), use_l10n=True, force_grouping=True)


def _missed_words(missed: Missed) -> str:
    given = {"n": _grouped(missed.matches), "low": _grouped(missed.low)}
    if not np.isfinite(missed.high):
        return _t("missed by all, estimated: %(n)s matches (at least %(low)s)") % given
    return _t("missed by all, estimated: %(n)s matches (%(low)s to %(high)s)") % (given | {"high": _grouped(missed.high)})


def waterfall(steps: Sequence[Step], title: str = "Evidence in bits") -> Plot:
    """Draw the steps of one pair's sum: each bar starts where the one before it ended; the total stands last.

    What says nothing is left out, as missing values are; a veto is told in words.
    """
    told = [step for step in steps if step.level not in {"missing", "veto", "total"} and abs(step.bits) >= _TELLING]
    after = np.cumsum([step.bits for step in told])
    ends = [(step.words, bits, float(end - bits)) for step, end, bits in zip(told, after, [s.bits for s in told], strict=True)]
    ends += [(step.words, step.bits, 0.0) for step in steps if step.level in {"veto", "total"}]
    figure, (axis,) = blank(_ROW * len(ends) + 34)
    for place, (_words, bits, start) in enumerate(ends):
        colour = FOR if bits > 0 else AGAINST
        axis.barh(place, bits, 0.34, left=start, color=TOTAL if place >= len(told) else colour)
    axis.axvline(0, color=MUTED, linewidth=1)
    _rows(axis, [words for words, _, _ in ends])
    for place, (_words, bits, _start) in enumerate(ends):
        if bits:
            axis.annotate(
                f"{bits:+.1f}", (1, place - _WORDS_AT), xycoords=("axes fraction", "data"), va="center", ha="right", color=INK, size=TEXT
            )
    axis.set_xlabel("bits: +1 doubles the odds that it is a match")
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return finished(figure, title, "; ".join(f"{words}: {bits:+.1f} bits" for words, bits, _ in ends))


def match_weights(weights: Numbers, *, auto: float, review: float, truth: NDArray[np.bool_] | None = None) -> Plot:
    """Draw how many pairs have which match weight, with the two thresholds; with the truth, matches and others apart."""
    figure, (axis,) = blank(280)
    edges = np.linspace(np.floor(weights.min(initial=-5)), np.ceil(weights.max(initial=5)), 41)
    parts = [("pairs", TOTAL, weights)] if truth is None else [("others", AGAINST, weights[~truth]), ("matches", FOR, weights[truth])]
    greatest = 1
    for words, colour, part in parts:
        height = np.histogram(part, edges)[0]
        axis.bar(edges[:-1], height, np.diff(edges), align="edge", color=colour, alpha=0.6, linewidth=0, label=words)
        greatest = max(greatest, int(height.max(initial=0)))
    axis.set(xlabel="match weight in bits", ylabel="pairs", ylim=(0.7, max(10, 6 * greatest)))
    _counted(axis)
    _thresholds(axis, auto, review)
    if truth is not None:
        _legend(axis, "upper left")
    bits = _bits(np.array([review, auto]))
    sure, asked = int((weights >= bits[1]).sum()), int(((weights >= bits[0]) & (weights < bits[1])).sum())
    told = f"{len(weights):,} pairs: {sure:,} are from the threshold of a match on, {asked:,} between the two thresholds."
    return finished(figure, "Match weights", told)


def cluster_sizes(sizes: NDArray[np.int64]) -> Plot:
    """Draw how many clusters have how many records, on a scale that shows one cluster beside a million."""
    bounds = (1, 2, 3, 4, 5, 6, 11, 21, 51, 101, 1_000_001)
    labels = ("1", "2", "3", "4", "5", "6–10", "11–20", "21–50", "51–100", "over 100")
    counts = np.histogram(sizes, bounds)[0]
    shown = int(np.flatnonzero(counts)[-1]) + 1 if counts.any() else 1
    figure, (axis,) = blank(250)
    axis.bar(range(shown), counts[:shown], 0.7, color=FOR, linewidth=0)
    for place, count in enumerate(counts[:shown]):
        if count:
            axis.annotate(f"{count:,}", (place, count), (0, 3), textcoords="offset points", ha="center", color=INK, size=TEXT - 1)
    axis.set(ylim=(0.7, max(10, 4 * counts.max(initial=1))), xlabel="records in a cluster", ylabel="clusters")
    _counted(axis)
    axis.set_xticks(range(shown), labels[:shown])
    axis.grid(visible=False, axis="x")
    told = ", ".join(f"{count:,} of {label}" for count, label in zip(counts, labels, strict=True) if count)
    return finished(figure, "Cluster sizes", f"Clusters by their number of records: {told or 'none'}.")


def _rows(axis: Axes, words: Sequence[str]) -> None:
    """Set the words of each row above its bar, where they have the whole width, and the first row on top."""
    for place, text in enumerate(words):
        axis.annotate(text, (0, place - _WORDS_AT), xycoords=("axes fraction", "data"), va="center", color=INK, size=TEXT, in_layout=False)
    axis.set_yticks([])
    axis.set_ylim(max(len(words), 1) - 0.6, -0.7)
    axis.grid(visible=False, axis="y")


def _counted(axis: Axes) -> None:
    """Let the upright axis count on a scale whose steps are ten times as many, so that one is seen beside a million."""
    axis.set_yscale("log", nonpositive="clip")
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.minorticks_off()


def _thresholds(axis: Axes, auto: float | None, review: float | None) -> None:
    top = axis.get_ylim()[1]
    for probability, words, side in ((review, "review ", "right"), (auto, " match", "left")):
        if probability is not None:
            at = float(_bits(np.array([probability]))[0])
            axis.axvline(at, color=INK, linewidth=1, linestyle=(0, (2, 2)))
            axis.annotate(words, (at, top), (0, -2), textcoords="offset points", ha=side, va="top", color=INK, size=TEXT - 1)


def _odds(axis: Axes) -> None:
    """Label an axis in bits by the probabilities that they stand for."""
    low, high = axis.get_xlim()
    ticks = [tick for tick in _ODDS_TICKS if low <= float(_bits(np.array([tick]))[0]) <= high]
    axis.set_xticks(_bits(np.array(ticks)), [f"{tick:g}" for tick in ticks])


def _bits(probability: Numbers) -> Numbers:
    inside = np.clip(probability, _NEAR, 1 - _NEAR)
    bits: Numbers = np.log2(inside / (1 - inside))
    return bits


def _thinned(size: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, max(size - 1, 0), min(size, _MOST_POINTS)).astype(np.int64))


def _legend(axis: Axes, place: Literal["upper left", "lower center"]) -> None:
    axis.legend(loc=place, frameon=False, fontsize=TEXT, labelcolor=INK)


__all__ = ["Missed", "Plot", "blocking", "calibration", "cluster_sizes", "match_weights", "quality_curve", "threshold_curve", "waterfall"]
