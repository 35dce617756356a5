"""Blocking keys in the database: under which keys a record is found, and which records share one.

Written here alone. A key shared by more records than the cap is *common*: it brings no candidates, is not locked, and is counted.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone
from numpy.typing import NDArray

from golden_records import bulk
from golden_records.entities import EntityType
from golden_records.planned import array, planned_cursor
from matching.metrics import COMMON_KEYS
from matching.models import BlockingKey, CommonKey

_TABLE: Final = BlockingKey._meta.db_table
_COMMON: Final = CommonKey._meta.db_table
_KEYS_AT_ONCE: Final = 400
"""Keys that one statement looks up: SQLite takes no more than 500 parts."""
_PACKED: Final = np.dtype([("record_id", ">i8"), ("rule", ">i2"), ("key", ">i8")])


Pair = tuple[int, int]
Sharing = Mapping[Pair, Sequence[int] | None]
"""The other records that have a key (rule, key), of those that anybody has; None where they are so many that it is common."""


@dataclass(frozen=True, slots=True)
class KeyRows:
    """Keys of many records: `record_ids` int64, `rules` int16 and `keys` int64, row by row."""

    record_ids: NDArray[np.int64]
    rules: NDArray[np.int16]
    keys: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.keys)


def known_keys(entity: EntityType, record_id: int, new: Collection[Pair]) -> tuple[dict[Pair, int], set[Pair]]:
    """Give the keys (rule, key) that a record has now, each with its row, and which of the `new` ones are common. One statement."""
    held = f"SELECT rule, key, id FROM {_TABLE} WHERE entity = %s AND record_id = %s"  # noqa: S608 - a table's name
    common = f"SELECT rule, key, NULL FROM {_COMMON} WHERE entity = %s AND {{}}"  # noqa: S608 - as above
    keys = [key for _, key in new]
    with planned_cursor(len(keys)) as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"{held} UNION ALL {common.format('key = ANY(%s::bigint[])')}", [entity.name, record_id, entity.name, array(keys)]
            )
        else:
            cursor.execute(f"{held} UNION ALL {common.format(f'key IN ({_places(keys)})')}", [entity.name, record_id, entity.name, *keys])
        rows = cursor.fetchall()
    return {(rule, key): row for rule, key, row in rows if row is not None}, {(rule, key) for rule, key, row in rows if row is None}


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What becomes of a record's keys: `old` as `known_keys` gives them, the `new` ones, and which of these are known to be common."""

    old: Mapping[Pair, int]
    new: Collection[Pair]
    common: Collection[Pair]


def exchange_keys(entity: EntityType, record_id: int, keys: KeyChange, *, limits: Sequence[int]) -> dict[int, set[int]]:
    """Make the new keys those of a record, and find the records that share one: their ids, and by which rules.

    Only what differs is written. `limits` says for each rule how many records may share a key before it is common and brings no
    candidates; no more rows than that are read of a key, and none of one that is known to be common. One statement on PostgreSQL, at
    most three on SQLite, and one more where a key turns out to be common; the caller holds the locks of all keys that are not.
    """
    gone = [row_id for pair, row_id in keys.old.items() if pair not in keys.new]
    fresh, searched = sorted(set(keys.new) - keys.old.keys()), sorted(set(keys.new) - set(keys.common))
    if connection.vendor == "postgresql":
        shared = _exchanged(entity, record_id, gone, fresh, [(*pair, limits[pair[0]]) for pair in searched])
    else:
        with connection.cursor() as cursor:
            for statement, parameters in _changes(entity, record_id, gone, fresh):
                cursor.execute(statement, parameters)
        shared = _sharing(entity, record_id, searched, limits)
    _are_common(entity, sorted(pair for pair, others in shared.items() if others is None))
    found: dict[int, set[int]] = {}
    for (rule, _), others in shared.items():
        for other in others or ():
            found.setdefault(other, set()).add(rule)
    return found


def forget_common_keys(entity: EntityType) -> None:
    """Let every key bring candidates again until it is found to be common; the caller must be alone with the entity type."""
    CommonKey.objects.filter(entity=entity.name).delete()


def _are_common(entity: EntityType, pairs: Sequence[Pair]) -> None:
    if not pairs:
        return
    now = timezone.now()
    rows = [{"entity": entity.name, "rule": rule, "key": key, "since": now} for rule, key in pairs]
    bulk.insert(CommonKey, rows, or_ignore=True)
    for rule, _ in pairs:
        COMMON_KEYS.labels(entity.name, str(rule)).inc()


def stored_keys(entity: EntityType, span: tuple[int, int]) -> KeyRows:
    """Give the keys of the records with these ids, first and last, in no order. One statement."""
    where = f"FROM {_TABLE} WHERE entity = %s AND record_id BETWEEN %s AND %s"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # As one value, which is taken apart at once: millions of rows cost more than all that is done with them.
            packed = "int8send(record_id) || int2send(rule::int2) || int8send(key)"
            cursor.execute(f"SELECT string_agg({packed}, ''::bytea) {where}", [entity.name, *span])
            rows = np.frombuffer(cursor.fetchone()[0] or b"", _PACKED)
        else:
            cursor.execute(f"SELECT record_id, rule, key {where}", [entity.name, *span])
            rows = np.array(cursor.fetchall(), _PACKED)
    return KeyRows(rows["record_id"].astype(np.int64), rows["rule"].astype(np.int16), rows["key"].astype(np.int64))


def own_keys(entity: EntityType, record_id: int) -> set[int]:
    """Give the keys under which a record is found now: all that it has but the common ones."""
    return keys_of(entity, [record_id])


def keys_of(entity: EntityType, record_ids: Sequence[int]) -> set[int]:
    """Give the keys under which any of these records is found now, as `own_keys` does."""
    common = CommonKey.objects.filter(entity=entity.name, rule=OuterRef("rule"), key=OuterRef("key"))
    rows = BlockingKey.objects.filter(~Exists(common), entity=entity.name, record_id__any=record_ids)
    return set(rows.values_list("key", flat=True))


def drop_keys(entity: EntityType, record_id: int) -> None:
    """Let nobody find a record any more; the caller holds the locks of its keys."""
    BlockingKey.objects.filter(entity=entity.name, record_id=record_id).delete()


def write_keys(entity: EntityType, rows: KeyRows, *, new: Collection[int] = ()) -> None:
    """Write the keys of many records, in place of those that they had; `new` are records that never had any."""
    old = set(np.unique(rows.record_ids).tolist()).difference(new)
    if old:
        BlockingKey.objects.filter(entity=entity.name, record_id__any=sorted(old)).delete()
    if connection.vendor == "postgresql":
        # In the order of the index that is spread widest. Not COPY, which would be waited for; and a list of numbers would be taken
        # apart one by one.
        order = np.argsort(rows.keys)
        parts = [_array(column[order]) for column in (rows.record_ids, rows.rules, rows.keys)]
        given = "unnest(%s::bigint[], %s::smallint[], %s::bigint[])"
        statement = f"INSERT INTO {_TABLE} (entity, record_id, rule, key) SELECT %s::text, * FROM {given}"  # noqa: S608 - a table's name
        with planned_cursor(len(rows.keys)) as cursor:
            cursor.execute(statement, [entity.name, *parts])
        return
    values = zip(rows.record_ids.tolist(), rows.rules.tolist(), rows.keys.tolist(), strict=True)
    BlockingKey.objects.bulk_create(
        [BlockingKey(entity=entity.name, record_id=record_id, rule=rule, key=key) for record_id, rule, key in values], batch_size=5_000
    )


Statement = tuple[str, list[Any]]


def _changes(entity: EntityType, record_id: int, gone: Sequence[int], fresh: Sequence[tuple[int, int]]) -> list[Statement]:
    changes: list[Statement] = []
    if gone:
        changes.append((f"DELETE FROM {_TABLE} WHERE id IN ({_places(gone)})", [*gone]))  # noqa: S608 - a table's name
    if fresh:
        rows = ", ".join(["(%s, %s, %s, %s)"] * len(fresh))
        values: list[Any] = [value for rule, key in fresh for value in (entity.name, record_id, rule, key)]
        changes.append((f"INSERT INTO {_TABLE} (entity, record_id, rule, key) VALUES {rows}", values))  # noqa: S608 - as above
    return changes


def _exchanged(
    entity: EntityType, record_id: int, gone: Sequence[int], fresh: Sequence[Pair], searched: Sequence[tuple[int, int, int]]
) -> Sharing:
    """Write what differs and read who shares a key (rule, key, how many at most) in one statement, which reads what was there before."""
    with planned_cursor(len(searched) + len(gone)) as cursor:
        cursor.execute(
            _EXCHANGE, [array(gone), entity.name, record_id, *_columns(fresh, 2), *_columns(searched, 3), entity.name, record_id]
        )
        return {(rule, key): others for rule, key, others in cursor.fetchall()}


# Its text does not depend on the record. The limit keeps the database from any other way than by the index, key by key. Of a key that
# turns out to be common, those who share it stay there: hundreds of rows, of which nobody would hear more than how many they are.
_EXCHANGE: Final = (
    f"WITH gone AS (DELETE FROM {_TABLE} WHERE id = ANY(%s::bigint[])), "  # noqa: S608 - a table's name
    f"fresh AS (INSERT INTO {_TABLE} (entity, record_id, rule, key) "
    "SELECT %s, %s, * FROM unnest(%s::smallint[], %s::bigint[])) "
    "SELECT found.rule, asked.key, CASE WHEN found.size < asked.most THEN found.record_ids END "
    "FROM unnest(%s::smallint[], %s::bigint[], %s::bigint[]) AS asked (rule, key, most) CROSS JOIN LATERAL "
    f"(SELECT rule, count(*) AS size, array_agg(record_id) AS record_ids FROM (SELECT rule, record_id FROM {_TABLE} "
    "WHERE entity = %s AND key = asked.key AND record_id <> %s LIMIT asked.most) AS sharing GROUP BY rule) AS found"
)


def _columns(rows: Sequence[Sequence[int]], width: int) -> list[str]:
    return [array(row[place] for row in rows) for place in range(width)]


def _sharing(entity: EntityType, record_id: int, keys: Sequence[Pair], limits: Sequence[int]) -> Sharing:
    """Read who shares a key."""
    part = f"SELECT * FROM (SELECT rule, key, record_id FROM {_TABLE} WHERE entity = %s AND key = %s AND record_id <> %s LIMIT %s) AS k"  # noqa: S608 - as above
    parameters = [value for rule, key in keys for value in (entity.name, key, record_id, limits[rule])]
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([part] * len(keys)), parameters)
        rows = cursor.fetchall()
    found: dict[Pair, list[int]] = {}
    for rule, key, other in rows:
        found.setdefault((rule, key), []).append(other)
    # The record itself is one of them.
    return {pair: others if len(others) < limits[pair[0]] else None for pair, others in found.items()}


def who_shares(entity: EntityType, keys: Collection[Pair], *, limits: Sequence[int]) -> list[int]:
    """Give the records that share a key (rule, key) with a record that is not stored. Nothing is written or locked; two statements.

    Those that share the rarest key come first, of these those that share most, then the oldest. A key that as many records have as its
    rule's limit says is common and brings none, as where records are matched.
    """
    _, common = known_keys(entity, 0, keys)
    shared: dict[int, list[int]] = {}
    for others in filter(None, _sharing(entity, 0, sorted(set(keys) - common), limits).values()):
        for other in others:
            shared.setdefault(other, []).append(len(others))
    return sorted(shared, key=lambda other: (min(shared[other]), -len(shared[other]), other))


def sharing(entity: EntityType, keys: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Count the records that have each of these keys (rule, key). One statement."""
    rows = BlockingKey.objects.filter(entity=entity.name, key__any={key for _, key in keys}).order_by().values_list("rule", "key")
    return {(rule, key): count for rule, key, count in rows.annotate(count=Count("pk")) if (rule, key) in keys}


def some_records_of(entity: EntityType, keys: Sequence[tuple[int, int]], *, most: int) -> dict[tuple[int, int], list[int]]:
    """Give up to `most` ids of records that have each of these keys (rule, key). One statement, however common they are."""
    if not keys:
        return {}
    part = f"SELECT * FROM (SELECT rule, key, record_id FROM {_TABLE} WHERE entity = %s AND key = %s AND rule = %s LIMIT %s) AS k"  # noqa: S608 - a table's name
    parameters = [value for rule, key in keys for value in (entity.name, key, rule, most)]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([part] * len(keys)), parameters)
        rows = cursor.fetchall()
    found: dict[tuple[int, int], list[int]] = {}
    for rule, key, record_id in rows:
        found.setdefault((rule, key), []).append(record_id)
    return found


def meeting(entity: EntityType, record_ids: Sequence[int], *, limits: Sequence[int]) -> set[Pair]:
    """Give which other records each of these shares a key with that brings candidates: pairs of one of these and the other.

    `limits` as in `exchange_keys`. A statement, and one for every few hundred keys, which reads no more of a key than its limit.
    """
    common = CommonKey.objects.filter(entity=entity.name, rule=OuterRef("rule"), key=OuterRef("key"))
    own = BlockingKey.objects.filter(~Exists(common), entity=entity.name, record_id__any=record_ids)
    held: dict[Pair, list[int]] = {}
    for record_id, rule, key in own.order_by().values_list("record_id", "rule", "key"):
        held.setdefault((rule, key), []).append(record_id)
    keys, found = sorted(held), set[Pair]()
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        having = some_records_of(entity, keys[start : start + _KEYS_AT_ONCE], most=max(limits) + 1)
        for pair, others in having.items():
            if len(others) <= limits[pair[0]]:
                found.update((record_id, other) for record_id in held[pair] for other in others if other != record_id)
    return found


def _array(numbers: NDArray[np.int64] | NDArray[np.int16]) -> str:
    return f"{{{','.join(map(str, numbers.tolist()))}}}"


def _places(values: Collection[object]) -> str:
    return ", ".join(["%s"] * len(values)) or "NULL"
