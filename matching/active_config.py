"""Which match config is in force for an entity type, with the model that was learned under it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from golden_records.entities import EntityType
from matching.core.config import load_config
from matching.core.declarations import MatchConfig
from matching.core.model import MatchModel, shipped_model
from matching.models import MatchConfigVersion

_CONFIGS: Final = Path(__file__).parent / "configs"
_CACHED_MODELS: Final = 8
_FEWEST_RECORDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class ActiveConfig:
    """A match config version as stored, and what it holds."""

    id: int
    version: str
    model: MatchModel

    @property
    def config(self) -> MatchConfig:
        """The config itself."""
        return self.model.config


def shipped_config(entity: EntityType) -> MatchConfig:
    """Read the reviewed config file of an entity type."""
    return _read(entity.name)


def active_config(entity: EntityType) -> ActiveConfig:
    """Give the config in force; the first to ask puts the shipped one in force. One small query once it is known."""
    found = MatchConfigVersion.objects.filter(entity=entity.name, is_active=True).values_list("id", flat=True).first()
    if found is None:
        found = activate(entity, unlearned_model(entity), label="shipped").id
    return _load(found)


def unlearned_model(entity: EntityType) -> MatchModel:
    """Give the shipped probabilities, with the prior of as many records as there are."""
    return shipped_model(shipped_config(entity), records=max(entity.records.count(), _FEWEST_RECORDS))


def config_version(version_id: int) -> ActiveConfig:
    """Give a config version by the id under which decisions keep it, in force or not."""
    return _load(version_id)


def activate(entity: EntityType, model: MatchModel, *, label: str) -> ActiveConfig:
    """Store a model under `VERSION+label` and put it in force; the same version stored before is put in force again."""
    version = f"{model.config.version}+{label}"
    try:
        with transaction.atomic():
            MatchConfigVersion.objects.filter(entity=entity.name, is_active=True).update(is_active=False)
            row, _ = MatchConfigVersion.objects.get_or_create(
                entity=entity.name,
                version=version,
                defaults={"document": model.config.to_document(), "model": model.to_bytes(), "created_at": timezone.now()},
            )
            MatchConfigVersion.objects.filter(pk=row.pk).update(is_active=True)
    except IntegrityError:  # another process put one in force in the same moment: that one counts
        row = MatchConfigVersion.objects.get(entity=entity.name, is_active=True)
    return _load(row.pk)


@lru_cache(maxsize=_CACHED_MODELS)
def _load(version_id: int) -> ActiveConfig:
    row = MatchConfigVersion.objects.get(pk=version_id)
    return ActiveConfig(row.pk, row.version, MatchModel.from_bytes(bytes(row.model)))


@lru_cache
def _read(name: str) -> MatchConfig:
    return load_config(_CONFIGS / f"{name}.yml")
