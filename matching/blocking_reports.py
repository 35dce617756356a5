"""What blocking did in the last run of an entity type, with its common keys as people can read them."""

from dataclasses import dataclass
from typing import Any, Final

from golden_records.entities import EntityType
from matching.active_config import ActiveConfig, config_version
from matching.core.key_texts import key_text, rule_words
from matching.core.meeting import InForce
from matching.core.prepare import prepare
from matching.keys import some_records_of
from matching.models import MatchRun
from matching.tables import active_records, attribute_table

LISTED: Final = 30
BEHIND: Final = 4
"""Records shown behind a common key."""


@dataclass(frozen=True, slots=True)
class ReadableKey:
    """A common key of a run in words: by which rule, which value, how many records, and some records that have it now.

    `text` is empty where no record has the key any more.
    """

    rule: str
    looks_at: str
    text: str
    records: int
    pairs: int
    came_back: int
    behind: tuple[Any, ...]


def last_studied_run(entity: EntityType) -> MatchRun | None:
    """Give the last run of an entity type that says what blocking did."""
    return MatchRun.objects.filter(entity=entity.name).exclude(blocking={}).select_related("config").order_by("-id").first()


def in_force(entity: EntityType, active: ActiveConfig) -> list[InForce]:
    """Say for each rule of a config how many records may share a key: as in the last run, which may have lowered it."""
    run = last_studied_run(entity)
    studied = {rule["name"]: rule for rule in run.blocking["rules"]} if run else {}
    found = []
    for rule in active.config.blocking:
        last = studied.get(rule.name)
        lone = bool(last and last["left_out"]["lone"]["pairs"])
        found.append(InForce(min(last["limit"], rule.limit) if last else rule.limit, lone))
    return found


def commonest_keys(entity: EntityType, run: MatchRun, *, most: int = LISTED) -> list[ReadableKey]:
    """Give the keys that a run set aside, those of most records first. Four statements."""
    if run.config_id is None:
        return []
    config = config_version(run.config_id).config
    listed = [(number, key) for number, rule in enumerate(run.blocking["rules"]) for key in rule["left_out"]["commonest"]]
    listed = sorted(listed, key=lambda found: -found[1]["records"])[:most]
    behind = some_records_of(entity, [(number, key["key"]) for number, key in listed], most=BEHIND)
    ids = sorted({record_id for found in behind.values() for record_id in found})
    manager: Any = entity.record._default_manager
    records = manager.select_related("source").in_bulk(ids)
    table = attribute_table(entity, active_records(entity).filter(pk__in=ids))
    prepared, rows = prepare(table, config), {record_id: row for row, record_id in enumerate(table["id"].to_pylist())}
    readable = []
    for number, key in listed:
        rule, having = config.blocking[number], behind.get((number, key["key"]), [])
        texts = (key_text(prepared, rows[record_id], rule, key["key"], config.entity) for record_id in having if record_id in rows)
        shown = tuple(records[record_id] for record_id in having if record_id in records)
        counts = {name: key[name] for name in ("records", "pairs", "came_back")}
        readable.append(ReadableKey(rule.name, rule_words(rule), next(filter(None, texts), ""), behind=shown, **counts))
    return readable
