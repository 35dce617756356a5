"""Source systems and mappings: edited here, checked and kept by `golden_records.source_systems`."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest

from golden_records import source_systems
from golden_records.admin.acting import change_by
from golden_records.admin.base import MdmAdmin
from golden_records.models import SourceSystem

_KEPT = ("name", "trust", "country")


@admin.register(SourceSystem)
class SourceSystemAdmin(MdmAdmin):
    """Who sends records, and how much each is trusted."""

    list_display = ("name", "code", "trust", "country")
    search_fields = ("name", "code")
    fields = ("code", *_KEPT)

    def get_readonly_fields(self, request: HttpRequest, obj: SourceSystem | None = None) -> tuple[str, ...]:
        """The code is the source's name in every address and file: it is chosen once."""
        del request
        return ("code",) if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A source that sent records stays in their history."""
        del request, obj
        return False

    def save_model(self, request: HttpRequest, obj: SourceSystem, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Keep it by the domain's function, which writes who did it."""
        del form
        by = change_by(request, "changed in the admin" if change else "made in the admin")
        with transaction.atomic():
            obj.pk = source_systems.save_source(obj.code, {name: getattr(obj, name) for name in _KEPT}, change=by).pk
