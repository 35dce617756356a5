"""Looking for matches that were missed: every record against those that share a blocking key with it, anew."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final
from uuid import UUID

import numpy as np
from django.conf import settings

from golden_records.entities import EntityType
from golden_records.models import MatchState
from matching.active_config import ActiveConfig, active_config
from matching.core.blocking import blocking_keys
from matching.core.decide import Outcome
from matching.core.prepare import Prepared, prepare
from matching.engines import choice
from matching.judgements import golden_pair, judged_pairs
from matching.keys import sharing
from matching.models import BlockingKey, CommonKey, JudgementValue, MatchConfigVersion, ReviewTask, TaskState
from matching.population import population
from matching.tables import active_records, attribute_table

_AT_ONCE: Final = 2_000

Pair = tuple[int, int]


def config_in_force(entity: EntityType) -> ActiveConfig | None:
    """Give the match config in force; None where nothing was ever matched: a check writes nothing."""
    known = MatchConfigVersion.objects.filter(entity=entity.name, is_active=True).values_list("id", flat=True).first()
    return active_config(entity, known=known) if known else None


def records_with_other_keys(entity: EntityType, active: ActiveConfig) -> Iterator[int]:
    """Give the matched records under whose stored blocking keys nobody would find them."""
    for ids in _matched(entity):
        wanted: dict[int, set[Pair]] = {record: set() for record in ids}
        prepared = _prepared(entity, ids, active)
        found = blocking_keys(prepared, active.config)
        for row, rule, key in zip(found.row.tolist(), found.rule.tolist(), found.key.tolist(), strict=True):
            wanted[ids[row]].add((rule, key))
        stored: dict[int, set[Pair]] = {record: set() for record in ids}
        for record, rule, key in _keys_of(entity, ids):
            stored[record].add((rule, key))
        yield from (record for record in ids if wanted[record] != stored[record])


def missed_matches(entity: EntityType, active: ActiveConfig) -> Iterator[Pair]:
    """Give the pairs of records that match without a person and are in two golden records, which nobody asked or judged.

    Only pairs with a blocking key in common that is not too common, by a rule that may match without a person. All pairs are compared at
    once, as in a matching run: a million records take as long as they take there.
    """
    people = population(entity)
    if not len(people.ids):
        return
    compare = choice.engine("local", master="", memory_mib=settings.MATCH_MEMORY_MIB)
    found = compare(people.attributes, active.config, model=active.model).pairs
    home = np.array([str(golden) for golden in people.golden_ids])
    left, right = found.left, found.right
    apart = (found.outcome == Outcome.MATCH) & (home[left] != home[right]) & ~people.pending[left] & ~people.pending[right]
    rows = np.flatnonzero(apart)
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        pairs = zip(people.ids[left[part]].tolist(), people.ids[right[part]].tolist(), strict=True)
        goldens = ((UUID(home[one]), UUID(home[other])) for one, other in zip(left[part].tolist(), right[part].tolist(), strict=True))
        yield from _missed(entity, dict(zip(pairs, goldens, strict=True)), active)


def _missed(entity: EntityType, apart: Mapping[Pair, tuple[UUID, UUID]], active: ActiveConfig) -> Iterator[Pair]:
    known = _asked_or_judged(entity, {golden for goldens in apart.values() for golden in goldens})
    open_pairs = sorted(pair for pair, goldens in apart.items() if golden_pair(*goldens) not in known)
    found = _found_together(entity, open_pairs, active)
    yield from (pair for pair in open_pairs if pair in found)


def _found_together(entity: EntityType, pairs: Sequence[Pair], active: ActiveConfig) -> set[Pair]:
    """Give the pairs that share a stored key which brings candidates, by a rule that may match without a person."""
    rules = active.config.blocking
    keys: dict[int, set[Pair]] = {record: set() for pair in pairs for record in pair}
    for record, rule, key in _keys_of(entity, list(keys)):
        if rules[rule].locked:
            keys[record].add((rule, key))
    shared = {pair: keys[pair[0]] & keys[pair[1]] for pair in pairs}
    counts = sharing(entity, set().union(*shared.values()))
    common = set(CommonKey.objects.filter(entity=entity.name, key__in={key for _, key in counts}).values_list("rule", "key"))
    bring = {pair for pair, count in counts.items() if count <= rules[pair[0]].limit} - common
    return {pair for pair, held in shared.items() if held & bring}


def _asked_or_judged(entity: EntityType, golden_ids: set[UUID]) -> set[tuple[UUID, UUID]]:
    tasks = ReviewTask.objects.filter(entity=entity.name, state=TaskState.OPEN, left_golden_id__in=golden_ids)
    members = dict(entity.records.filter(golden_id__in=golden_ids).values_list("id", "golden_id"))
    return {*tasks.values_list("left_golden_id", "right_golden_id"), *judged_pairs(entity, members, JudgementValue)}


def _keys_of(entity: EntityType, ids: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    rows = BlockingKey.objects.filter(entity=entity.name, record_id__in=ids).order_by()
    return rows.values_list("record_id", "rule", "key").iterator()


def _matched(entity: EntityType) -> Iterator[list[int]]:
    ids = active_records(entity).filter(match_state=MatchState.MATCHED).order_by("id").values_list("id", flat=True)
    for _, chunk in groupby(enumerate(ids.iterator()), key=lambda numbered: numbered[0] // _AT_ONCE):
        yield [record for _, record in chunk]


def _prepared(entity: EntityType, ids: Sequence[int], active: ActiveConfig) -> Prepared:
    return prepare(attribute_table(entity, active_records(entity).filter(id__in=ids)), active.config)
