"""How stewards work, as an administrator sets it up: where it takes two of them, and the reasons that they choose from."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from golden_records.admin.acting import change_by
from golden_records.admin.base import MdmAdmin
from golden_records.admin.presentation import presentation
from golden_records.entities import ENTITIES
from matching import steward_settings
from matching.models import FourEyesRule, ReasonCode


class _KeptAdmin(MdmAdmin):
    """Rows that stay once they are there, and whose changes are kept by `matching.steward_settings`."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was in force once stays known."""
        del request, obj
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Keep it by the domain's function, which writes who did it."""
        del form
        with transaction.atomic():
            steward_settings.keep(obj, change=change_by(request, "changed in the admin" if change else "made in the admin"))


class FourEyesForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A rule, with the entity types that there are."""

    entity = forms.ChoiceField(
        label=_("Entity type"),
        required=False,
        choices=lambda: [("", _("every entity type")), *((each.name, presentation(each).label) for each in ENTITIES.values())],
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = FourEyesRule
        fields = ("entity", "value_from", "only_confirmed", "is_active", "reason")


@admin.register(FourEyesRule)
class FourEyesRuleAdmin(_KeptAdmin):
    """Where one steward's answer is not enough."""

    form = FourEyesForm
    fields = ("entity", "value_from", "only_confirmed", "is_active", "reason")
    list_display = ("__str__", "is_active", "reason")


@admin.register(ReasonCode)
class ReasonCodeAdmin(_KeptAdmin):
    """The reasons that stewards choose from."""

    fields: ClassVar = ("code", "answer", "label", "position", "is_active")
    list_display = ("__str__", "code", "answer", "position", "is_active")
    list_filter = ("answer", "is_active")

    def get_readonly_fields(self, request: HttpRequest, obj: ReasonCode | None = None) -> tuple[str, ...]:
        """The code is in every answer that has it: it is chosen once."""
        del request
        return ("code",) if obj is not None else ()
