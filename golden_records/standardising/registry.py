"""Which function cleans which attribute: the names that a data dictionary may use."""

from collections.abc import Callable, Mapping
from typing import Final

from golden_records.standardising import amounts, contacts, dates, identifiers, names, places, texts
from golden_records.standardising.problems import Place, Standardised

TextStandardiser = Callable[[str, Place], Standardised]
ValueStandardiser = Callable[[object, Place], Standardised]

TEXT_STANDARDISERS: Final[Mapping[str, TextStandardiser]] = {
    "address_lines": places.address_lines,
    "city": places.city,
    "code": texts.code,
    "country": places.country,
    "currency": amounts.currency,
    "email": contacts.email,
    "family_name": names.family_name,
    "given_name": names.given_name,
    "kind": names.kind,
    "legal_form": names.legal_form,
    "lei": identifiers.lei,
    "organisation_name": names.organisation_name,
    "person_name": names.person_name,
    "phone": contacts.phone,
    "postcode": places.postcode,
    "registration_id": identifiers.registration_id,
    "source_id": texts.source_id,
    "status": texts.status,
    "text": texts.text,
    "vat_id": identifiers.vat_id,
    "website": contacts.website,
}
"""Standardisers of what is stored as text: (text, place) -> the clean text."""

VALUE_STANDARDISERS: Final[Mapping[str, ValueStandardiser]] = {
    "date": dates.standardise_date,
    "decimal": amounts.standardise_decimal,
}
"""Standardisers of what is stored as a date or a number: they take such values as well as texts."""
