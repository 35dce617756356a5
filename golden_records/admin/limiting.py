"""Limits of people and groups: which entity types and sources they may see."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from golden_records.admin.acting import change_by
from golden_records.admin.base import MdmAdmin
from golden_records.admin.presentation import entity_choices
from golden_records.limits import remove_limit, save_limit
from golden_records.models import AccessLimit, SourceSystem


def _sources() -> list[tuple[str, str]]:
    return list(SourceSystem.objects.order_by("name").values_list("code", "name"))


def _several(label: Any, choices: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None ticked: all of them."),
    )


class LimitForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Whose limit it is, and what they may see."""

    entities = _several(_("Entity types"), entity_choices)
    sources = _several(_("Source systems"), _sources)

    class Meta:
        model = AccessLimit
        fields = ("user", "group", "entities", "sources")
        widgets = {"user": UnfoldAdminSelectWidget(), "group": UnfoldAdminSelectWidget()}  # noqa: RUF012 - Django's own declaration
        help_texts = {  # noqa: RUF012 - Django's own declaration
            "user": _("Of one person. It narrows what the groups of that person allow."),
            "group": _("Or of all members of a group. What several groups of a person allow adds up."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "user" in self.fields:
            # Nothing can be kept from who may do everything: they could take the limit away.
            self.fields["user"].queryset = User.objects.filter(is_superuser=False).order_by("username")  # type: ignore[attr-defined]  # a choice of rows

    def clean(self) -> dict[str, Any]:
        """Have it be of one person or of one group, and limit something."""
        cleaned = super().clean() or self.cleaned_data
        if bool(cleaned.get("user")) == bool(cleaned.get("group")):
            raise ValidationError(_("Choose one person or one group."))
        if not cleaned.get("entities") and not cleaned.get("sources"):
            raise ValidationError(_("Tick an entity type or a source system: with none, it would limit nothing."))
        return cleaned


@admin.register(AccessLimit)
class AccessLimitAdmin(MdmAdmin):
    """The limits there are."""

    form = LimitForm
    fields = LimitForm.Meta.fields
    list_display = ("__str__", "of_whom", "entity_names", "source_names")
    list_select_related = ("user", "group")
    search_fields = ("user__username", "group__name")
    sortable_by = ()
    actions = ()

    @admin.display(description=_("of"))
    def of_whom(self, limit: AccessLimit) -> str:
        """Whether it is of a person or of a group."""
        return str(_("group")) if limit.group_id is not None else str(_("person"))

    @admin.display(description=_("entity types"))
    def entity_names(self, limit: AccessLimit) -> str:
        """The entity types that may be seen."""
        return ", ".join(limit.entities) or str(_("all"))

    @admin.display(description=_("source systems"))
    def source_names(self, limit: AccessLimit) -> str:
        """The sources of which something may be seen."""
        return ", ".join(limit.sources) or str(_("all"))

    def save_model(self, request: HttpRequest, obj: AccessLimit, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Keep it by the domain's function, which writes who did it."""
        del form
        save_limit(obj, change=change_by(request, "changed in the admin" if change else "made in the admin"))

    def delete_model(self, request: HttpRequest, obj: AccessLimit) -> None:
        """Take it away by the domain's function."""
        remove_limit(obj, change=change_by(request, "removed in the admin"))

    def log_change(self, *args: object) -> None:
        """Keep no second log: the history tells it."""

    def log_addition(self, *args: object) -> None:
        """Keep no second log: the history tells it."""

    def log_deletions(self, *args: object) -> None:
        """Keep no second log: the history tells it."""
