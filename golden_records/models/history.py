"""History rows carry, beside the copy of the record, who acted, why, and what else belonged to the same change."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from golden_records.shielding import Shielded


class ChangeColumns(Shielded):
    """Base of every historical table: the author beyond a log-in (a program, the engine) and the correlation id."""

    actor = models.CharField(_("actor"), max_length=200, default="")
    correlation_id = models.CharField(_("correlation id"), max_length=40, default="")

    class Meta:
        abstract = True


class NarrowHistory(HistoricalRecords):  # type: ignore[misc]  # django-simple-history has no types
    """The history of records that come by the million: no index that nothing reads, as each is written at every change.

    `without_index` names foreign keys by which nobody looks for entries. Who a log-in is gone from is found by the entries of people alone,
    of which there are few beside those of programs.
    """

    def __init__(self, *, without_index: tuple[str, ...] = (), **options: Any) -> None:
        """Keep the columns of a change beside those of the record."""
        super().__init__(bases=[ChangeColumns], no_db_index=list(without_index), **options)

    def get_extra_fields(self, model: Any, fields: Any) -> dict[str, Any]:
        """Give the fields that an entry has beside the record's, the log-in without an index over all entries."""
        extra: dict[str, Any] = super().get_extra_fields(model, fields)
        extra["history_user"].db_index = False
        return extra

    def get_meta_options(self, model: Any) -> dict[str, Any]:
        """Give the options of the model of entries."""
        options: dict[str, Any] = super().get_meta_options(model)
        name = f"{model._meta.model_name}_of_people"
        options["indexes"] = (models.Index("history_user", name=name, condition=Q(history_user__isnull=False)),)
        return options
