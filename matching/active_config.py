"""Which match config is in force for an entity type, with the model that was learned under it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from golden_records import auditing
from golden_records.change import Change
from golden_records.entities import EntityType
from golden_records.errors import MdmError
from golden_records.history import ChangeKind
from matching.core.config import ConfigErrors, load_config
from matching.core.declarations import MatchConfig, Thresholds
from matching.core.model import MatchModel, shipped_model
from matching.models import MatchConfigVersion

_CONFIGS: Final = Path(__file__).parent / "configs"
_CACHED_MODELS: Final = 8
_FEWEST_RECORDS: Final = 1_000


class UnreadableConfig(MdmError):
    """A stored match config is of another release, whose comparators or levels this one does not have."""

    code = "unreadable_match_config"
    title = "The stored match config can't be read by this release"


@dataclass(frozen=True, slots=True)
class ActiveConfig:
    """A match config version as stored, and what it holds."""

    id: int
    version: str
    model: MatchModel
    reviewed: Thresholds | None = None
    """The thresholds of the reviewed file, where others that stewards' answers carry are in force instead."""

    @property
    def config(self) -> MatchConfig:
        """The config itself."""
        return self.model.config

    @property
    def as_reviewed(self) -> MatchConfig:
        """The config as the reviewed file had it."""
        return replace(self.config, thresholds=self.reviewed or self.config.thresholds)


def shipped_config(entity: EntityType) -> MatchConfig:
    """Read the reviewed config file of an entity type."""
    return _read(entity.name)


def active_config(entity: EntityType, *, known: int | None = None) -> ActiveConfig:
    """Give the config in force; the first to ask puts the shipped one in force.

    So does one that meets a config of another release, which can't be read any more: it stays stored, and another takes its place.
    One small query, or none where the caller knows which one is in force.
    """
    found = known or MatchConfigVersion.objects.filter(entity=entity.name, is_active=True).values_list("id", flat=True).first()
    if found is None:
        return activate(entity, unlearned_model(entity), label="shipped")
    try:
        return _load(found)
    except UnreadableConfig:
        return activate(entity, unlearned_model(entity), label="shipped")


def unlearned_model(entity: EntityType) -> MatchModel:
    """Give the shipped probabilities, with the prior of as many records as there are."""
    return shipped_model(shipped_config(entity), records=max(entity.records.count(), _FEWEST_RECORDS))


def config_version(version_id: int) -> ActiveConfig:
    """Give a config version by the id under which decisions keep it, in force or not. Raises `UnreadableConfig`."""
    return _load(version_id)


def activate(
    entity: EntityType, model: MatchModel, *, label: str, reviewed: Thresholds | None = None, change: Change | None = None
) -> ActiveConfig:
    """Store a model under `VERSION+label` and put it in force; the same stored before is put in force again.

    `reviewed` are the thresholds that the model's own stand in for, as long as the reviewed file keeps them. `change` says who wants it
    and why, where that is not the engine by itself.
    """
    try:
        with transaction.atomic():
            stored = store(entity, model, label=label, reviewed=reviewed)
            put_in_force(entity, stored.id, change=change or Change(actor="engine:config", reason=f"match config {stored.version}"))
    except IntegrityError:  # another process put one in force in the same moment: that one counts
        return _load(MatchConfigVersion.objects.values_list("id", flat=True).get(entity=entity.name, is_active=True))
    return stored


def store(entity: EntityType, model: MatchModel, *, label: str, reviewed: Thresholds | None = None) -> ActiveConfig:
    """Store a model under `VERSION+label`, without putting it in force; what is stored like that already is given.

    Where another config has that name already, this one gets the name with a number: what was stored is never changed.
    """
    document = json.loads(json.dumps(model.config.to_document()))
    if reviewed:
        document["reviewed_thresholds"] = asdict(reviewed)
    row, _ = MatchConfigVersion.objects.get_or_create(
        entity=entity.name,
        version=_version(entity, f"{model.config.version}+{label}", document),
        defaults={"document": document, "model": model.to_bytes(), "created_at": timezone.now()},
    )
    return _load(row.pk)


def put_in_force(entity: EntityType, version_id: int, *, change: Change) -> None:
    """Put a stored version in force in place of the one that is, and keep with it and in the audit log who did so, when and why.

    In the caller's transaction.
    Raises `IntegrityError` where another process does so at the same moment.
    """
    MatchConfigVersion.objects.filter(entity=entity.name, is_active=True).exclude(pk=version_id).update(is_active=False)
    signed = {"author": change.actor, "reason": change.reason, "published_at": change.at}
    if MatchConfigVersion.objects.filter(pk=version_id, is_active=False).update(is_active=True, **signed):
        row = MatchConfigVersion.objects.defer("model", "document").get(pk=version_id)
        auditing.told_of(MatchConfigVersion, [row], change=change, kind=ChangeKind.CHANGED)


def forget_versions() -> None:
    """Forget the versions that were read: ids may mean others after the database was replaced under this process."""
    _load.cache_clear()


@lru_cache(maxsize=_CACHED_MODELS)
def _load(version_id: int) -> ActiveConfig:
    row = MatchConfigVersion.objects.get(pk=version_id)
    try:
        model = MatchModel.from_bytes(bytes(row.model))
    except (ConfigErrors, ValueError) as error:
        message = f"Match config {row} was stored by another release."
        raise UnreadableConfig(message, remedy="Match again: the config that ships with this release takes its place.") from error
    reviewed = row.document.get("reviewed_thresholds")
    return ActiveConfig(row.pk, row.version, model, Thresholds(**reviewed) if reviewed else None)


def _version(entity: EntityType, name: str, document: Mapping[str, Any]) -> str:
    """Give the name, or the first with a number, under which nothing or this very document is stored."""
    stored = dict(MatchConfigVersion.objects.filter(entity=entity.name, version__startswith=name).values_list("version", "document"))
    for number in count(1):
        version = name if number == 1 else f"{name}.{number}"
        if stored.get(version, document) == document:
            return version
    raise AssertionError  # pragma: no cover - there is always a further number


@lru_cache
def _read(name: str) -> MatchConfig:
    return load_config(_CONFIGS / f"{name}.yml")
