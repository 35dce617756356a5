"""What the attributes of one record tell about each other: a table of rules, applied in order.

A rule applies to every entity type whose data dictionary has the attributes that the rule needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from golden_records.standardising.identifiers import siren_in_vat, siren_of
from golden_records.standardising.problems import Problem, Severity, Value, shown
from golden_records.standardising.words import fold, split_legal_form


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: values to add, attributes whose value can't be used, and why."""

    added: Mapping[str, Value] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


NOTHING_FOUND: Final = Finding()

Find = Callable[[Mapping[str, Value], str | None], Finding]


@dataclass(frozen=True, slots=True)
class CrossFieldRule:
    """A rule and the attributes without which it has no meaning."""

    needs: frozenset[str]
    find: Find


def vat_agrees_with_registration(values: Mapping[str, Value], _country: str | None) -> Finding:
    """Leave out a French VAT id whose SIREN is not the record's: one of the two was typed into the wrong customer."""
    siren, siren_of_vat = siren_of(_text(values, "registration_id")), siren_in_vat(_text(values, "vat_id"))
    if siren is None or siren_of_vat is None or siren == siren_of_vat:
        return NOTHING_FOUND
    problem = Problem(
        "vat_id",
        shown(values["vat_id"]),
        f"It belongs to SIREN {siren_of_vat}, the registration id says {siren}.",
        "Compare both with the official register and mend the wrong one in the source.",
        Severity.WARNING,
    )
    return Finding(removed=frozenset({"vat_id"}), problems=(problem,))


def registration_from_vat(values: Mapping[str, Value], _country: str | None) -> Finding:
    """Take the SIREN out of a French VAT id where the record has no registration id."""
    siren = siren_in_vat(_text(values, "vat_id"))
    if siren is None or "registration_id" in values:
        return NOTHING_FOUND
    return Finding(added={"registration_id": siren})


def legal_form_from_name(values: Mapping[str, Value], country: str | None) -> Finding:
    """Read the legal form out of the legal name where the record has none; the name keeps it."""
    name = _text(values, "legal_name")
    if name is None or "legal_form" in values:
        return NOTHING_FOUND
    _, form = split_legal_form(tuple(fold(name).split()), country)
    return Finding(added={"legal_form": form.canonical}) if form else NOTHING_FOUND


def kind_from_names(values: Mapping[str, Value], _country: str | None) -> Finding:
    """Say whether the customer is an organisation or a person where the source does not: by the names that it has."""
    if "kind" in values:
        return NOTHING_FOUND
    if "legal_name" in values:
        return Finding(added={"kind": "organisation"})
    if "family_name" in values:
        return Finding(added={"kind": "person"})
    return Finding(added={"kind": "organisation"}) if "trade_name" in values else NOTHING_FOUND


def _text(values: Mapping[str, Value], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


CROSS_FIELD_RULES: Final = (
    CrossFieldRule(frozenset({"registration_id", "vat_id"}), vat_agrees_with_registration),
    CrossFieldRule(frozenset({"registration_id", "vat_id"}), registration_from_vat),
    CrossFieldRule(frozenset({"legal_name", "legal_form"}), legal_form_from_name),
    CrossFieldRule(frozenset({"kind", "legal_name", "family_name", "trade_name"}), kind_from_names),
)
