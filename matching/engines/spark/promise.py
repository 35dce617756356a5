"""Leaving out in Spark what one blocking rule alone gives where it hardly ever matches: judged on some of those pairs.

Means what `matching.core.promise` means. Which pairs are the probes differs: there those at even distances, here those that
the hash of the pair's ids picks, for which nothing must be sorted.
"""

from dataclasses import replace
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everywhere

from matching.core import promise
from matching.core.blocking import BlockingReport
from matching.core.model import MatchModel
from matching.engines.spark.scoring import scored_pairs

_PARTS: Final = 1_000_000_000


def worthwhile(pairs: DataFrame, report: BlockingReport, forms: DataFrame, model: MatchModel) -> tuple[DataFrame, BlockingReport]:
    """Leave out of many candidate pairs, and count, what promises nothing by a model."""
    judged = {1 << number: rule.only_found_by for number, rule in enumerate(report.rules) if rule.only_found_by > promise.PROBES}
    if report.candidates <= promise.JUDGED_FROM or not model.config.least_yield or not judged:
        return pairs, report
    yields = _yields(pairs, judged, forms, model)
    dropped = [rules for rules in judged if yields.get(rules, 1.0) < model.config.least_yield]
    if not dropped:
        return pairs, report
    reports = tuple(
        replace(rule, only_found_by=0, lone_pairs=rule.only_found_by) if 1 << number in dropped else rule
        for number, rule in enumerate(report.rules)
    )
    kept = report.candidates - sum(judged[rules] for rules in dropped)
    return pairs.where(~F.col("rules").isin(dropped)), BlockingReport(reports, kept)


def _yields(pairs: DataFrame, judged: dict[int, int], forms: DataFrame, model: MatchModel) -> dict[int, float]:
    """Give the share of matches among the probes of each rule alone, by its bit."""
    share = F.coalesce(*(F.when(F.col("rules") == rules, promise.PROBES * _PARTS // count) for rules, count in judged.items()))
    probes = pairs.where(F.pmod(F.xxhash64("left", "right"), F.lit(_PARTS)) < share)
    matches = (F.col("probability") >= model.config.auto_threshold) & (F.col("vetoes") == 0)
    found = scored_pairs(probes, forms, model).groupBy("rules").agg(F.avg(matches.cast("double")).alias("share"))
    return {row["rules"]: row["share"] for row in found.collect()}
