"""The form of a webhook's terms."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from golden_records.admin.presentation import entity_choices
from golden_records.models import EventType, SourceSystem, WebhookSubscription
from golden_records.webhooks.subscriptions import InvalidSubscription, Terms, check_terms


def _several(label: Any, choices: Callable[[], list[tuple[str, Any]]], help_text: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget, help_text=help_text
    )


def _sources() -> list[tuple[str, Any]]:
    return list(SourceSystem.objects.order_by("name").values_list("code", "name"))


class WebhookForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Whom to tell of what; every mistake is told at its field, by the rules of `golden_records.webhooks.subscriptions`."""

    event_types = _several(_("Events"), lambda: list(EventType.choices), _("None ticked: all of them."))
    entities = _several(_("Entity types"), entity_choices, _("None ticked: all of them."))
    sources = _several(
        _("Source systems"), _sources, _("Only what concerns golden records that hold a record of one of these. None ticked: all.")
    )

    class Meta:
        model = WebhookSubscription
        fields = ("name", "url", "system", "event_types", "entities", "sources", "with_values", "active")
        widgets = {  # noqa: RUF012 - Django's own declaration
            "name": UnfoldAdminTextInputWidget(),
            "url": UnfoldAdminTextInputWidget(attrs={"spellcheck": "false", "autocomplete": "off", "placeholder": "https://"}),
            "system": UnfoldAdminSelectWidget(),
            "with_values": UnfoldBooleanSwitchWidget(),
            "active": UnfoldBooleanSwitchWidget(),
        }
        help_texts = {  # noqa: RUF012 - Django's own declaration
            "url": _("An https address on the public Internet, or in a network that the operator allows."),
            "system": _("A system does not hear of its own writes, unless the golden record differs from what it sent."),
            "with_values": _("Otherwise messages carry ids and the names of attributes, and no personal data."),
            "active": _("A paused webhook loses nothing: it goes on where it stopped."),
        }

    @property
    def terms(self) -> Terms:
        """What was chosen."""
        missing = {"name": "", "url": ""}  # what is wrong with these is told already
        chosen = {name: self.cleaned_data[name] for name in self.Meta.fields if name in self.cleaned_data}
        system: SourceSystem | None = chosen.pop("system", None)
        return Terms(**(missing | chosen), system=system.code if system else None)

    def clean(self) -> dict[str, Any]:
        """Check the terms as the API does."""
        cleaned = super().clean() or self.cleaned_data
        try:
            check_terms(self.terms)
        except InvalidSubscription as error:
            problems: Any = error.data["problems"]
            for problem in problems:
                if problem["field"] not in self.errors:
                    self.add_error(problem["field"], ValidationError(f"{problem['reason']} {problem['remedy']}"))
        return cleaned
