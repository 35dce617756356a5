"""Blocking in Spark: candidate pairs by joins, with the same limits and the same report as on one machine."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

import numpy as np
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - as everywhere

from matching.core.blocking import MOST_COMMON, BlockingReport, RuleReport, key_limit
from matching.core.declarations import MatchConfig
from matching.engines.spark.forms import keys_of

_KEY: Final = ["rule", "key"]
_Histogram = Mapping[int, int]
"""How many keys are shared by so many records."""


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of some rules: the usable ones with their records, those too common, and the report without lone pairs."""

    usable: DataFrame
    common: DataFrame
    reports: Mapping[int, RuleReport]


def candidate_pairs(forms: DataFrame, size: int, config: MatchConfig) -> tuple[DataFrame, BlockingReport]:
    """Pair the records that share a key: ids `left` < `right`, each pair once, with the `rules` that gave it, as bits.

    Common keys are set aside, refined and counted as `matching.core.blocking.candidate_pairs` does it for the same
    records; only counts of counts and the few most common keys reach the driver. The result is persisted.
    """
    found = _by_rule(keys_of(forms), size, config)
    pairs = _paired(reduce(DataFrame.unionByName, [keys.usable for keys in found])).persist()
    candidates, alone = _counted(pairs)
    reports = {number: report for keys in found for number, report in keys.reports.items()}
    rules = tuple(replace(reports[number], only_found_by=alone.get(1 << number, 0)) for number in range(len(config.blocking)))
    if size <= config.exhaustive_below:
        return _whole(forms, pairs).persist(), BlockingReport(rules, _pairs_of(size))
    return pairs, BlockingReport(rules, candidates)


def _by_rule(keys: DataFrame, size: int, config: MatchConfig) -> list[_Keys]:
    """Tell usable keys from common ones: rules that refine others come in a later round, for the rows of common keys only."""
    numbers = {rule.name: number for number, rule in enumerate(config.blocking)}
    refines = {number: None if rule.refines is None else numbers[rule.refines] for number, rule in enumerate(config.blocking)}
    found: list[_Keys] = []
    done: set[int | None] = {None}
    while ready := [number for number, refined in refines.items() if number not in done and refined in done]:
        chosen = keys.where(F.col("rule").isin(ready))
        if found:
            common = reduce(DataFrame.unionByName, [earlier.common for earlier in found])
            parent = _by_number({number: int(refines[number] or 0) for number in ready}, len(config.blocking))
            chosen = chosen.withColumn("refined", parent).join(common, ["id", "refined"], "left_semi").select("id", *_KEY)
        found.append(_told_apart(chosen, ready, size, config))
        done.update(ready)
    return found


def _told_apart(keys: DataFrame, ready: Sequence[int], size: int, config: MatchConfig) -> _Keys:
    counts = keys.groupBy(*_KEY).agg(F.count("*").alias("records")).persist()
    histograms = _histograms(counts)
    limits = {number: _limit(histograms[number], config.blocking[number].limit, size, config) for number in ready}
    within = F.col("records") <= _by_number(limits, len(config.blocking))
    most = _most_common(counts.where(~within))
    reports = {number: _report(config.blocking[number].name, histograms[number], limits[number], most[number]) for number in ready}
    refined = [number for number in ready if any(other.refines == config.blocking[number].name for other in config.blocking)]
    common = counts.where(~within & F.col("rule").isin(refined))
    return _Keys(
        usable=keys.join(counts.where(within & (F.col("records") > 1)).select(*_KEY), _KEY, "left_semi"),
        common=keys.join(common, _KEY, "left_semi").select("id", F.col("rule").alias("refined")).distinct(),
        reports=reports,
    )


def _by_number(values: Mapping[int, int], rules: int) -> Column:
    """Give the value that belongs to a row's rule."""
    return F.array(*(F.lit(values.get(number, 0)) for number in range(rules)))[F.col("rule")]


def _histograms(counts: DataFrame) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for row in counts.groupBy("rule", "records").agg(F.count("*").alias("keys")).collect():
        found[row["rule"]][row["records"]] = row["keys"]
    return found


def _limit(histogram: _Histogram, limit: int, size: int, config: MatchConfig) -> int:
    keys = np.array([histogram.get(records, 0) for records in range(limit + 1)], np.int64)
    return key_limit(keys, limit, size, config)


def _most_common(common: DataFrame) -> dict[int, list[tuple[int, int]]]:
    place = F.row_number().over(Window.partitionBy("rule").orderBy(F.desc("records"), F.asc("key")))
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in common.withColumn("place", place).where(F.col("place") <= MOST_COMMON).orderBy("rule", "place").collect():
        found[row["rule"]].append((row["key"], row["records"]))
    return found


def _report(name: str, histogram: _Histogram, limit: int, most_common: Sequence[tuple[int, int]]) -> RuleReport:
    common = {records: keys for records, keys in histogram.items() if records > limit}
    return RuleReport(
        name=name,
        keys=sum(histogram.values()),
        pairs=sum(keys * _pairs_of(records) for records, keys in histogram.items() if records <= limit),
        only_found_by=0,
        common_keys=sum(common.values()),
        common_records=sum(keys * records for records, keys in common.items()),
        pairs_left_out=sum(keys * _pairs_of(records) for records, keys in common.items()),
        most_common=tuple(most_common),
        limit=limit,
    )


def _pairs_of(records: int) -> int:
    return records * (records - 1) // 2


def _paired(usable: DataFrame) -> DataFrame:
    one, other = usable.withColumnRenamed("id", "left"), usable.withColumnRenamed("id", "right")
    met = one.join(other, _KEY).where(F.col("left") < F.col("right"))
    bit = F.expr("shiftleft(1L, cast(rule as int))")
    return met.groupBy("left", "right").agg(F.bit_or(bit).alias("rules"))


def _counted(pairs: DataFrame) -> tuple[int, dict[int, int]]:
    """Count the pairs in all, and those that one rule alone gave, by its bit."""
    lone = F.when(F.expr("rules & (rules - 1)") == 0, F.col("rules")).otherwise(0)
    counts = {row["lone"]: row["pairs"] for row in pairs.groupBy(lone.alias("lone")).agg(F.count("*").alias("pairs")).collect()}
    return sum(counts.values()), counts


def _whole(forms: DataFrame, pairs: DataFrame) -> DataFrame:
    """Give all pairs of a small table, with the rules of those that are found by one."""
    every = forms.select(F.col("id").alias("left")).crossJoin(forms.select(F.col("id").alias("right"))).where("left < right")
    return every.join(pairs, ["left", "right"], "left").withColumn("rules", F.coalesce("rules", F.lit(0)))
