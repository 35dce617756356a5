"""The page 'Blocking': what each blocking rule cost, found and left out in the last run, and what all of them miss."""

from dataclasses import dataclass
from typing import Any

from golden_records import viewing
from golden_records.entities import EntityType
from golden_records.saying import named
from matching import plots
from matching.blocking_reports import commonest_keys, last_studied_run
from matching.core.blocking import BlockingReport, RuleReport


@dataclass(frozen=True, slots=True)
class Missed:
    """What all rules miss, as the page says it: matches found and missed, the interval, and the share found in it."""

    found: float
    missed: float
    low: float
    high: float | None
    recall: float
    least: float
    most: float
    counted: bool
    lists: tuple[str, ...]


def blocking_context(entity: EntityType) -> dict[str, Any]:
    """What the page shows of the last run of an entity type; little where none was studied. Five statements, and one per config."""
    run = last_studied_run(entity)
    if run is None:
        return {"run": None}
    rules = run.blocking["rules"]
    missed = _missed(run.blocking["coverage"])
    return {
        "run": run,
        "study": run.blocking,
        "missed": missed,
        "plot": _plot(run.blocking, missed),
        "rules": [rule for rule in rules if rule["keys"]],
        "silent": [rule for rule in rules if not rule["keys"]],
        "omitting": [rule for rule in rules if rule["common_keys"] or rule["left_out"]["lone"]["pairs"]],
        # A key is made of values: it tells them.
        "common_keys": commonest_keys(entity, run) if viewing.viewer() is None else [],
    }


def _missed(found: dict[str, Any]) -> Missed:
    counted = found["counted"]
    least, most = found["recall_interval"]
    return Missed(
        found=found["found"],
        missed=found["missed"] if counted is None else counted,
        low=found["low"],
        high=found["high"],
        recall=found["recall"],
        least=least,
        most=most,
        counted=counted is not None,
        lists=tuple(named(name) for name in found["lists"]),
    )


def _plot(study: dict[str, Any], missed: Missed) -> plots.Plot:
    reports = [RuleReport(rule["name"], rule["keys"], rule["pairs"], rule["only_pairs"], 0, 0, 0, ()) for rule in study["rules"]]
    told = None
    if not missed.counted and missed.high is not None:
        told = plots.Missed(missed.missed, missed.low, missed.high)
    return plots.blocking(BlockingReport(tuple(reports), study["candidates"]), told)
