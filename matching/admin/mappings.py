"""Mappings: how a source's columns are read, tried on a sample, rehearsed on what is stored, published, and carried to it."""

import json
from collections.abc import Mapping
from typing import Any, Final

import yaml
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from golden_records import remapping, source_systems
from golden_records.admin.acting import change_by, words_of
from golden_records.admin.base import MdmAdmin
from golden_records.admin.documents import Version, compared
from golden_records.documents import difference, mistakes
from golden_records.entities import ENTITIES, entity_type
from golden_records.errors import MdmError, RejectedRecord
from golden_records.mapping import MappingErrors, load_document, parse_mapping
from golden_records.models import MappingRun, MappingRunKind, RecordState, SourceMapping, StepwiseState
from golden_records.source_systems import PROJECT_FACT
from golden_records.sources import SentRow, standardise_row
from golden_records.templatetags.mdm import words
from matching import mapping_runs
from matching.doorbell import ring
from matching.tasks import match_waiting_records, work_on_mapping

MAY_CHANGE: Final = "golden_records.change_sourcemapping"
_AT_ONCE_SECONDS: Final = 2.0
_LONGEST: Final = 100_000
_RUNS_SHOWN: Final = 5
_VERSIONS_SHOWN: Final = 100


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A new mapping as the YAML document that it is; a document with mistakes comes back with each of them named."""

    entity = forms.ChoiceField(
        label=_("What it is about"),
        choices=[(name, name.replace("_", " ")) for name in (*ENTITIES, PROJECT_FACT)],
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

    def clean(self) -> dict[str, Any]:
        """Read the document; every mistake in it is an error of its own."""
        cleaned = super().clean() or self.cleaned_data
        text, entity = cleaned.get("text"), cleaned.get("entity")
        if text and entity:
            try:
                self.instance.document = dict(load_document(text))
                parse_mapping(self.instance.document, source_systems.attributes_for(entity))
            except MappingErrors as error:
                told = mistakes(text, map(str, error.faults))
                lined = (f"{_t('line %s') % each.line}: {each.text}" if each.line else each.text for each in told)
                self.add_error("text", [ValidationError(line) for line in lined])
        return cleaned


@admin.register(SourceMapping)
class SourceMappingAdmin(MdmAdmin):
    """How a source's own columns map to the data dictionary."""

    form = MappingForm
    fields = ("source", "entity", "text")
    list_display = ("__str__", "source", "entity")
    list_filter = ("source", "entity")
    list_select_related = ("source",)

    def get_urls(self) -> list[URLPattern]:
        """Add the page of versions."""
        versions = path("<int:pk>/versions/", self.admin_site.admin_view(self.versions), name="golden_records_sourcemapping_versions")
        return [versions, *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What records were read by stays known."""
        del request, obj
        return False

    def save_model(self, request: HttpRequest, obj: SourceMapping, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Keep a new one by the domain's function, which writes who did it."""
        del form, change
        with transaction.atomic():
            by = change_by(request, "made in the admin")
            obj.pk = source_systems.save_mapping(obj.source, obj.entity, obj.document, change=by).pk

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the mapping in force to be changed; sent, try, rehearse or publish what was written."""
        del form_url, extra_context
        mapping = SourceMapping.objects.select_related("source").filter(pk=object_id if object_id.isdecimal() else 0).first()
        if mapping is None:
            return self.missing(request, object_id)
        if not self.has_view_permission(request, mapping):
            raise PermissionDenied
        told: dict[str, Any] = {"problems": []}
        if request.method == "POST":
            if not request.user.has_perm(MAY_CHANGE):
                raise PermissionDenied
            try:
                if "try" not in request.POST:
                    return HttpResponseRedirect(_done(request, mapping))
                told["tried"] = _tried(mapping, _document(request), request.POST.get("sample", ""))
            except MappingErrors as error:
                told["problems"] = mistakes(_text(request), map(str, error.faults))
            except MdmError as error:
                told["problems"] = mistakes("", [words_of(error)])
        context = self.page(request, mapping, str(mapping)) | _writing(request, mapping) | told
        return TemplateResponse(request, "matching/admin/mapping.html", context)

    def versions(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the versions of a mapping, who made each and why, and any two beside each other."""
        mapping = SourceMapping.objects.select_related("source").filter(pk=pk).first()
        if mapping is None:
            raise Http404
        if not self.has_view_permission(request, mapping):
            raise PermissionDenied
        history: Any = mapping.history
        rows = {str(row.history_id): row for row in history.select_related("history_user").order_by("-history_id")[:_VERSIONS_SHOWN]}
        listed = [
            Version(key, _t("version %s") % (len(rows) - place), row.history_date, row.actor, row.history_change_reason or "", place == 0)
            for place, (key, row) in enumerate(rows.items())
        ]
        told = compared(request, listed, lambda key: _written(rows[key].document))
        write_url = reverse("admin:golden_records_sourcemapping_change", args=(pk,))
        context = self.page(request, mapping, _t("Versions of the mapping %s") % mapping) | told | {"write_url": write_url}
        return TemplateResponse(request, "golden_records/admin/versions.html", context)


def _done(request: HttpRequest, mapping: SourceMapping) -> str:
    """Rehearse, publish, or read stored records again, as the button says; gives where to go on."""
    document, sent = _document(request), request.POST
    change, kind = change_by(request, sent.get("reason", "").strip()), MappingRunKind.REHEARSAL
    address = reverse("admin:golden_records_sourcemapping_change", args=(mapping.pk,))
    if "publish" in sent:
        based_on = int(sent["based_on"]) if sent.get("based_on", "").isdecimal() else 0
        mapping = remapping.publish(mapping.pk, document, based_on=based_on, change=change)
        messages.success(request, _t("Published: what comes from now on is read by it."))
        if "reread" not in sent or not remapping.is_stored(mapping):
            return address
        kind = MappingRunKind.REREAD
    run = remapping.begin(mapping, document, kind=kind, change=change)
    # What is little is done at once; the rest goes on in a worker.
    if mapping_runs.work_on(run.pk, seconds=_AT_ONCE_SECONDS).state == StepwiseState.RUNNING:
        ring(work_on_mapping, run.pk)
    if kind == MappingRunKind.REREAD:
        ring(match_waiting_records, mapping.entity)
    return f"{address}?run={run.pk}"


def _text(request: HttpRequest) -> str:
    return request.POST.get("document", "").replace("\r\n", "\n")[:_LONGEST]


def _document(request: HttpRequest) -> Mapping[str, object]:
    return load_document(_text(request))


def _written(document: Mapping[str, object]) -> str:
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def _writing(request: HttpRequest, mapping: SourceMapping) -> dict[str, Any]:
    """What the page shows: the text as it was sent, that of a run, or the one in force; the runs, and a sample to try it on."""
    asked = request.GET.get("run", "")
    known = MappingRun.objects.filter(mapping=mapping).select_related("mapping__source")
    runs = list(known[:_RUNS_SHOWN])
    run = known.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 10 else None  # noqa: PLR2004
    in_force = _written(mapping.document)
    text = _text(request) if request.method == "POST" else _written(run.document) if run is not None else in_force
    is_stored = remapping.is_stored(mapping)
    return {
        "mapping": mapping,
        "text": text,
        "reason": request.POST.get("reason", ""),
        "based_on": request.POST.get("based_on") or remapping.version_of(mapping),
        "difference": difference(in_force, text),
        "run": run,
        "runs": runs,
        "examples": _examples(request, run) if run is not None else [],
        "sample": request.POST.get("sample") or _sample(request, mapping),
        "is_stored": is_stored,
        "may_change": request.user.has_perm(MAY_CHANGE),
    }


def _may_see_records(request: HttpRequest, mapping: SourceMapping) -> bool:
    model = entity_type(mapping.entity).record if remapping.is_stored(mapping) else None
    return model is not None and request.user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")


def _sample(request: HttpRequest, mapping: SourceMapping) -> str:
    """Give what the source sent last, to try the mapping on; its columns without values to who may not see records."""
    if not _may_see_records(request, mapping):
        read = parse_mapping(mapping.document, source_systems.attributes_for(mapping.entity))
        return json.dumps(dict.fromkeys(read.required_columns, ""), ensure_ascii=False, indent=1)
    records: Any = entity_type(mapping.entity).records
    payload = records.filter(source=mapping.source, state=RecordState.ACTIVE).order_by("-id").values_list("payload", flat=True).first()
    return json.dumps(payload or {}, ensure_ascii=False, indent=1, default=str)


def _tried(mapping: SourceMapping, document: Mapping[str, object], sample: str) -> dict[str, Any]:
    """What a mapping would make of a sample: its id, each attribute as it would be stored, and what would be wrong."""
    attributes = source_systems.attributes_for(mapping.entity)
    read = parse_mapping(document, attributes)
    try:
        row = json.loads(sample[:_LONGEST])
    except ValueError as error:
        return {"refused": _t("The sample is no JSON: %s") % error}
    if not isinstance(row, dict):
        return {"refused": _t("A sample is one row: columns with their values.")}
    mapped = read.apply(row)
    labels = {spec.name: capfirst(str(spec.label)) for spec in attributes}
    told: dict[str, Any] = {"external_id": mapped.external_id, "updated_at": mapped.updated_at}
    told["missing"] = [column.column for column in read.missing_columns(list(row))]
    try:
        found = standardise_row(attributes, SentRow(mapping.source, row, mapped))
    except RejectedRecord as error:
        return told | {"rejected": error.data["problems"]}
    values = [(labels[name], mapped.attributes.get(name), found.values.get(name)) for name in labels if name in mapped.attributes]
    warnings = [problem.as_json() for problem in (*mapped.problems, *found.warnings)]
    return told | {"values": values, "warnings": warnings}


def _examples(request: HttpRequest, run: MappingRun) -> list[tuple[Any, list[tuple[str, str, str]]]]:
    """Some records that come out otherwise, attribute by attribute, as they are now; none to who may not see records."""
    mapping = run.mapping
    if run.kind != MappingRunKind.REHEARSAL or not run.examples or not _may_see_records(request, mapping):
        return []
    entity = entity_type(mapping.entity)
    records: Any = entity.records.filter(pk__in=run.examples).select_related("source").order_by("pk")
    labels = {spec.name: capfirst(str(spec.label)) for spec in entity.attributes}
    return [
        (record, [(labels[name], words(getattr(record, name)), words(understood.values.get(name))) for name in names])
        for record, understood, names in remapping.look(mapping, run.document, list(records)).differing
    ]
