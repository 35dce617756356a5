"""Publishing survivorship rules: versions, what they would change, and bringing golden records up to them. Written here alone."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from golden_records import golden
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import StaleWrite
from golden_records.golden_content import content_of, day_of, differing
from golden_records.history import ChangeKind, write_history
from golden_records.locking import CONTENT
from golden_records.members import LinkedMember, members_of
from golden_records.models import GoldenState, MatchState, RulesRun, RulesRunKind, StepwiseState, SurvivorshipVersion
from golden_records.rulebook import in_force, read_document, shipped_document
from golden_records.survivorship.reading import InvalidRules
from golden_records.survivorship.rules import SurvivorshipRules

AT_ONCE: Final = 500
EXAMPLES: Final = 20
_VERSION: Final = re.compile(r"^version:.*$", re.MULTILINE)


def document_in_force(entity: EntityType) -> tuple[int, str]:
    """Give the number and the document of the rules in force; the shipped ones are number 1 until others are published."""
    found = in_force(entity).values_list("number", "document").first()
    return found if found is not None else (1, shipped_document(entity))


def publish(entity: EntityType, text: str, *, based_on: int, change: Change) -> RulesRun:
    """Put rules in force as the next version, with `change` saying who and why, and begin to bring golden records up to them.

    The caller is alone in the entity type, so that nobody goes on with the rules of before, and owns the transaction. `based_on` is the
    number of the version that the author saw. Raises `InvalidRules` with every mistake, and `StaleWrite` where another was published since.
    """
    if not change.reason.strip():
        raise InvalidRules("Say why the rules change.", remedy="Write a reason.", problems=["Say why the rules change."])
    number, shipped = document_in_force(entity)
    if number != based_on:
        message = f"Version {number} of the rules was published since."
        raise StaleWrite(message, remedy="Look at it, and make your change there.", entity=entity.name)
    if not in_force(entity).exists():
        _store(entity, 1, shipped, Change(actor="command:shipped", reason="as shipped", at=change.at))
    document = _numbered(entity, text, number + 1)
    _store(entity, number + 1, document, change)
    return _begun(entity, RulesRunKind.REBUILD, document, change)


def begin_preview(entity: EntityType, text: str, *, change: Change) -> RulesRun:
    """Begin to look at what rules would change; nothing but the run is written. Raises `InvalidRules` with every mistake."""
    number, _ = document_in_force(entity)
    return _begun(entity, RulesRunKind.PREVIEW, _numbered(entity, text, number + 1), change)


def running() -> list[int]:
    """Give the runs that have more to look at."""
    return list(RulesRun.objects.filter(state=StepwiseState.RUNNING).order_by("id").values_list("id", flat=True))


def not_reached(entity: EntityType) -> UUID | None:
    """Give the golden record up to which the rules in force have been applied, while they are being applied; else None."""
    runs = RulesRun.objects.filter(entity=entity.name, kind=RulesRunKind.REBUILD, state=StepwiseState.RUNNING)
    cursors = [cursor or UUID(int=0) for cursor in runs.values_list("cursor", flat=True)]
    return min(cursors, default=None)


def next_ids(run: RulesRun) -> list[UUID]:
    """Give the golden records that a run looks at next."""
    active = entity_type(run.entity).goldens.filter(state=GoldenState.ACTIVE).order_by("id")
    rest = active.filter(id__gt=run.cursor) if run.cursor is not None else active
    return list(rest.values_list("id", flat=True)[:AT_ONCE])


def step(run: RulesRun, golden_ids: Sequence[UUID], *, change: Change) -> bool:
    """Look at the next golden records of a run, in the caller's transaction; says whether nobody else has done so meanwhile.

    Where somebody has, what was done here must be taken back. A rebuild changes them, and its caller holds them.
    """
    entity = entity_type(run.entity)
    if run.kind == RulesRunKind.REBUILD:
        changed, names = golden.rebuild(entity, golden_ids, change=change), Counter[str]()
    else:
        found = _previewed(entity, read_document(entity, run.document), golden_ids, change)
        changed = list(found)
        names = Counter(name for some in found.values() for name in some)
    told: dict[str, Any] = {
        "looked_at": run.looked_at + len(golden_ids),
        "differing": run.differing + len(changed),
        "attributes": dict(Counter(run.attributes) + names),
        "examples": [*run.examples, *map(str, changed)][:EXAMPLES],
    }
    if golden_ids:
        told["cursor"] = golden_ids[-1]
    if len(golden_ids) < AT_ONCE:
        told |= {"state": StepwiseState.COMPLETED, "finished_at": change.at}
    as_read = RulesRun.objects.filter(pk=run.pk, cursor=run.cursor, state=StepwiseState.RUNNING)
    return as_read.update(**told) == 1


def differences(entity: EntityType, document: str, golden_ids: Sequence[UUID], *, change: Change) -> dict[UUID, dict[str, tuple[Any, Any]]]:
    """Give of some golden records what rules would change: each attribute as it is and as it would be."""
    rules = read_document(entity, document)
    found = _previewed(entity, rules, golden_ids, change)
    return {golden_id: {name: pair for name, pair in some.items() if name in entity.attribute_names} for golden_id, some in found.items()}


def _previewed(
    entity: EntityType, rules: SurvivorshipRules, golden_ids: Sequence[UUID], change: Change
) -> dict[UUID, dict[str, tuple[Any, Any]]]:
    rows = entity.goldens.filter(pk__in=golden_ids, state=GoldenState.ACTIVE).order_by("id").values("id", *CONTENT, *entity.attribute_names)
    groups: dict[UUID | None, list[LinkedMember]] = {}
    for each in members_of(entity, golden_ids, reads=rules.reads):
        groups.setdefault(each.link.golden_id, []).append(each)
    found = {}
    for row in rows:
        members = [each for each in groups.get(row["id"], ()) if each.is_active]
        # One with a record that waits to be matched is made anew then.
        if not members or any(each.link.match_state != MatchState.MATCHED for each in members):
            continue
        content, _lapses = content_of(entity, rules, [each.member for each in members], row["pins"] or (), day_of(change.at))
        names = differing(row, content)
        if names:
            found[row["id"]] = {name: (row[name], content[name]) for name in names}
    return found


def _begun(entity: EntityType, kind: RulesRunKind, document: str, change: Change) -> RulesRun:
    told: dict[str, Any] = {"actor": change.actor, "user_id": change.user_id, "created_at": change.at}
    return RulesRun.objects.create(kind=kind, entity=entity.name, document=document, **told)


def _store(entity: EntityType, number: int, document: str, change: Change) -> None:
    told: dict[str, Any] = {"reason": change.reason, "author": change.actor, "user_id": change.user_id, "published_at": change.at}
    version = read_document(entity, document).version
    row = SurvivorshipVersion(entity=entity.name, number=number, version=version, document=document, **told)
    SurvivorshipVersion.objects.bulk_create([row])
    write_history(SurvivorshipVersion, [row], change=change, kind=ChangeKind.CREATED)


def _numbered(entity: EntityType, text: str, number: int) -> str:
    """Give the document with the name of its version, which people need not think of; raises `InvalidRules`."""
    name = f"{entity.name}-{number}"
    document = _VERSION.sub(f"version: {name}", text.replace("\r\n", "\n"), count=1)
    # In a document of another shape the name is not found, and two versions would have one name.
    if read_document(entity, document).version != name:
        problem = "'version' must stand at the beginning of a line of its own."
        raise InvalidRules(problem, remedy="Write the rules line by line.", problems=[problem])
    return document
