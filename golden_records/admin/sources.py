"""Source systems and mappings: edited here, checked and kept by `golden_records.source_systems`."""

from typing import Any

import yaml
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from golden_records import source_systems
from golden_records.admin.acting import change_by
from golden_records.admin.base import MdmAdmin
from golden_records.admin.filters import RowKindFilter
from golden_records.entities import ENTITIES
from golden_records.mapping import MappingErrors, load_document, parse_mapping
from golden_records.models import SourceMapping, SourceSystem
from golden_records.saying import named
from golden_records.source_systems import PROJECT_FACT

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


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A mapping as the YAML document that it is; a document with mistakes comes back with each of them named."""

    entity = forms.ChoiceField(
        label=_("What it is about"),
        choices=[(name, lazy(named, str)(name)) for name in (*ENTITIES, PROJECT_FACT)],
        widget=UnfoldAdminSelectWidget,
    )
    text = forms.CharField(
        label=_("Mapping"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 28, "spellcheck": "false"}),
        strip=False,
        help_text=_("A YAML document: external_id, updated_at, format, and attributes by the names of the data dictionary."),
    )

    class Meta:
        model = SourceMapping
        fields = ("source", "entity")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial["text"] = yaml.safe_dump(self.instance.document, allow_unicode=True, sort_keys=False)
            # A mapping stays with its source and its kind of rows; another one is another mapping.
            for name in {"source", "entity"} & self.fields.keys():
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        """Read the document; every mistake in it is an error of its own."""
        cleaned = super().clean() or self.cleaned_data
        text, entity = cleaned.get("text"), cleaned.get("entity")
        if text and entity:
            try:
                self.instance.document = dict(load_document(text))
                parse_mapping(self.instance.document, source_systems.attributes_for(entity))
            except MappingErrors as error:
                self.add_error("text", [ValidationError(str(fault)) for fault in error.faults])
        return cleaned


@admin.register(SourceMapping)
class SourceMappingAdmin(MdmAdmin):
    """How a source's own columns map to the data dictionary."""

    form = MappingForm
    fields = ("source", "entity", "text")
    list_display = ("__str__", "source", "entity_words")
    list_filter = ("source", RowKindFilter)
    list_select_related = ("source",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What records were read by stays known."""
        del request, obj
        return False

    def get_fields(self, request: HttpRequest, obj: SourceMapping | None = None) -> tuple[str, ...]:
        """Who may only look sees the document as it is kept."""
        may_edit = self.has_change_permission(request, obj) if obj is not None else self.has_add_permission(request)
        return ("source", "entity", "text") if may_edit else ("source", "entity", "document")

    def save_model(self, request: HttpRequest, obj: SourceMapping, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Keep it by the domain's function, which writes who did it."""
        del form
        by = change_by(request, "changed in the admin" if change else "made in the admin")
        with transaction.atomic():
            obj.pk = source_systems.save_mapping(obj.source, obj.entity, obj.document, change=by).pk
