"""Looking for matches that were missed: every record against those that share a blocking key with it, anew."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from golden_records.entities import EntityType
from golden_records.models import MatchState
from matching.active_config import ActiveConfig, active_config
from matching.core.blocking import blocking_keys
from matching.core.decide import Outcome
from matching.core.prepare import prepare
from matching.engines import choice
from matching.judgements import golden_pair, judged_pairs
from matching.keys import sharing, stored_keys
from matching.models import BlockingKey, CommonKey, JudgementValue, MatchConfigVersion, ReviewTask, TaskState
from matching.population import population
from matching.tables import active_records, attribute_table

_AT_ONCE: Final = 2_000
_KEYS_AT_ONCE: Final = 50_000
_GREATEST: Final = 2**63 - 1
_KEY_ROW: Final = np.dtype([("record", np.int64), ("rule", np.int16), ("key", np.int64)])

Pair = tuple[int, int]


def config_in_force(entity: EntityType) -> ActiveConfig | None:
    """Give the match config in force; None where nothing was ever matched: a check writes nothing."""
    known = MatchConfigVersion.objects.filter(entity=entity.name, is_active=True).values_list("id", flat=True).first()
    return active_config(entity, known=known) if known else None


def records_with_other_keys(entity: EntityType, active: ActiveConfig) -> Iterator[int]:
    """Give the matched records under whose stored blocking keys nobody would find them."""
    for span in _spans(entity):
        records = active_records(entity).filter(match_state=MatchState.MATCHED, id__range=span)
        table = attribute_table(entity, records)
        ids = table["id"].to_numpy()
        found = blocking_keys(prepare(table, active.config), active.config)
        wanted = _in_order(ids[found.row], found.rule, found.key)
        held = stored_keys(entity, span)
        stored = _in_order(held.record_ids, held.rules, held.keys)
        stored = stored[np.isin(stored["record"], ids)]
        yield from _unlike(wanted, stored)


def _unlike(wanted: NDArray[np.void], stored: NDArray[np.void]) -> list[int]:
    """Give the records that have other keys on one side than on the other; both are in order, and hold a key of a record once."""
    if len(wanted) == len(stored) and (wanted == stored).all():
        return []
    both, counts = np.unique(np.concatenate([np.unique(wanted), np.unique(stored)]), return_counts=True)
    return np.unique(both["record"][counts == 1]).tolist()  # type: ignore[no-any-return]


def _in_order(records: NDArray[np.int64], rules: NDArray[np.int16], keys: NDArray[np.int64]) -> NDArray[np.void]:
    rows = np.empty(len(records), _KEY_ROW)
    order = np.lexsort((keys, rules, records))
    rows["record"], rows["rule"], rows["key"] = records[order], rules[order], keys[order]
    return rows


def _spans(entity: EntityType) -> Iterator[tuple[int, int]]:
    """Cut the ids of the records that there are into stretches that hold some ten thousand."""
    last = 0
    while ids := list(entity.records.filter(id__gt=last).order_by("id").values_list("id", flat=True)[_KEYS_AT_ONCE - 1 : _KEYS_AT_ONCE]):
        yield last + 1, ids[0]
        last = ids[0]
    yield last + 1, _GREATEST


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
