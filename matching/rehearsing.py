"""The use cases of a rehearsal: a match config is tried on all records, and what it would do is seen before anything is done.

A rehearsal is a matching run whose plan waits. Publishing it puts its config in force and applies just that plan; what has changed since
is left as it is and counted, never moved in another way than was shown.
"""

from collections.abc import Mapping
from typing import Any, Final

import yaml
from django.db import IntegrityError, transaction
from django.utils import timezone

from golden_records import auditing
from golden_records.change import Change
from golden_records.entities import EntityType, entity_type
from golden_records.errors import MdmError, StaleWrite
from golden_records.history import ChangeKind
from matching.active_config import active_config, config_version, put_in_force, store
from matching.core.config import ConfigErrors, parse_config
from matching.core.declarations import MatchConfig
from matching.core.model import shipped_model
from matching.models import MatchRun, RunKind, RunState
from matching.runs import APPLY

_FEWEST_RECORDS: Final = 1_000
_LONGEST: Final = 200_000


class NothingToPublish(MdmError):
    """A run is no rehearsal that waits to be published."""

    code = "nothing_to_publish"
    title = "This run can't be published"


def read(entity: EntityType, text: str) -> MatchConfig:
    """Read a match config that is to be rehearsed for an entity type; raises `ConfigErrors` with everything that is wrong."""
    try:
        document = yaml.safe_load(text[:_LONGEST])
    except yaml.YAMLError as error:
        raise ConfigErrors([f"This is no YAML: {error}"]) from error
    if not isinstance(document, Mapping):
        raise ConfigErrors(["A match config is a mapping of sections: entity, version, fields, comparisons, blocking ..."])
    wrong = _misplaced(entity, document)
    try:
        found = parse_config(document)
    except ConfigErrors as error:
        raise ConfigErrors([*wrong, *error.messages]) from None
    if wrong:
        raise ConfigErrors(wrong)
    return found


def _misplaced(entity: EntityType, document: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with a document that may be right for another entity type, or at another time."""
    named, version, wrong = document.get("entity"), document.get("version"), []
    if named is not None and named != entity.name:
        wrong.append(f"entity: it is {named}, and must be {entity.name}.")
    in_force = active_config(entity).config.version
    if isinstance(version, int) and version <= in_force:
        wrong.append(f"version: it is {version}, and must be greater than {in_force}, which is in force.")
    return wrong


def text_in_force(entity: EntityType) -> str:
    """Write the config in force as YAML with the next version number, to be changed and rehearsed."""
    config = active_config(entity).config
    return text_of(config.to_document() | {"version": config.version + 1})


def text_of(document: Mapping[str, Any]) -> str:
    """Write the document of a config as YAML, as people read it."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=140, default_flow_style=None)


def start(entity: EntityType, config: MatchConfig, *, change: Change) -> MatchRun:
    """Queue the rehearsal of a config, in place of one that was not published; `change` says who wants it and why.

    Raises `StaleWrite` where another rehearsal of the entity type is being planned.
    """
    model = shipped_model(config, records=max(entity.records.count(), _FEWEST_RECORDS))
    try:
        with transaction.atomic():
            for earlier in MatchRun.objects.filter(entity=entity.name, kind=RunKind.REHEARSAL, state=RunState.REHEARSED):
                discard(earlier.pk, change=change)
            stored = store(entity, model, label="rehearsal")
            run = MatchRun.objects.create(
                entity=entity.name, kind=RunKind.REHEARSAL, actor=change.actor, config_id=stored.id, created_at=change.at
            )
            auditing.told_of(MatchRun, [run], change=change, kind=ChangeKind.CREATED)
    except IntegrityError as error:
        message = f"A rehearsal of {entity.name} is under way."
        raise StaleWrite(message, remedy="Wait until it is planned, and look at it first.", entity=entity.name) from error
    return run


def publish(run_id: int, *, change: Change) -> MatchRun:
    """Put a rehearsed config in force and queue its plan to be applied, with `change` saying who wants it and why.

    Raises `NothingToPublish` where the run is no rehearsal that waits, `StaleWrite` where a config at least as new was put in force
    since.
    """
    if not change.reason.strip():
        raise NothingToPublish("Say why the match config changes.", remedy="Give a reason.")
    with transaction.atomic():
        run = _waiting(run_id)
        entity = entity_type(run.entity)
        assert run.config_id is not None  # noqa: S101 - a rehearsal has its config from the start
        version, in_force = config_version(run.config_id).config.version, active_config(entity).config.version
        if version <= in_force:
            message = f"Version {in_force} was put in force since."
            raise StaleWrite(message, remedy="Rehearse the config again under a greater version.", entity=entity.name)
        put_in_force(entity, run.config_id, change=change)
        _turned(run, RunState.QUEUED, change=change, step=APPLY)
    return run


def discard(run_id: int, *, change: Change) -> MatchRun:
    """Throw away the plan of a rehearsal that waits. Raises `NothingToPublish`."""
    with transaction.atomic():
        run = _waiting(run_id)
        run.chunks.all().delete()
        _turned(run, RunState.DISCARDED, change=change, finished_at=timezone.now())
    return run


def _waiting(run_id: int) -> MatchRun:
    run = MatchRun.objects.select_for_update().filter(pk=run_id, kind=RunKind.REHEARSAL, state=RunState.REHEARSED).first()
    if run is None:
        message = f"Run {run_id} is no rehearsal that waits to be published."
        raise NothingToPublish(message, remedy="Rehearse the config again.", run=run_id)
    return run


def _turned(run: MatchRun, state: RunState, *, change: Change, **told: object) -> None:
    for name, value in {"state": state, **told}.items():
        setattr(run, name, value)
    run.save(update_fields=["state", *told])
    auditing.told_of(MatchRun, [run], change=change, kind=ChangeKind.CHANGED)
