"""Standardising whole records: what is stored, what is a warning, what sends the row to quarantine."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden_records.attributes import attributes_of
from golden_records.models import CustomerAttributes, ProjectAttributes
from golden_records.standardising.problems import Severity
from golden_records.standardising.record import StandardisedRecord, standardise
from golden_records.standardising.registry import TEXT_STANDARDISERS, VALUE_STANDARDISERS

CUSTOMER = attributes_of(CustomerAttributes)
PROJECT = attributes_of(ProjectAttributes)
JSON = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.lists(st.text(max_size=5), max_size=2))


def customer(**raw: object) -> StandardisedRecord:
    return standardise(CUSTOMER, raw, country_hint="FR")


def test_the_data_dictionary_names_only_standardisers_that_exist() -> None:
    known = {*TEXT_STANDARDISERS, *VALUE_STANDARDISERS}
    assert {attribute.standardiser for attribute in (*CUSTOMER, *PROJECT)} <= known


def test_a_company_is_stored_as_it_is_meant() -> None:
    record = customer(
        legal_name="MÜLLER & SÖHNE GMBH",
        vat_id="de 136 695 976",
        phone="030 123456",
        postcode="D-10115",
        city="BERLIN",
        country="Allemagne",
        satisfaction="8.5",
    )
    assert record.values == {
        "kind": "organisation",
        "legal_name": "Müller & Söhne GmbH",
        "legal_form": "GmbH",
        "vat_id": "DE136695976",
        "phone": "+4930123456",
        "postcode": "10115",
        "city": "Berlin",
        "country": "DE",
        "satisfaction": Decimal("8.50"),
    }
    assert record.problems == ()


def test_a_record_with_only_personal_names_is_a_person() -> None:
    record = customer(given_name="M. JEAN", family_name="DUPONT", birth_date="1970-05-17")
    assert record.values == {"kind": "person", "given_name": "Jean", "family_name": "Dupont", "birth_date": date(1970, 5, 17)}


def test_the_siren_is_taken_out_of_a_french_vat_id() -> None:
    assert customer(vat_id="FR44732829320").values["registration_id"] == "732829320"


def test_two_sites_of_one_siren_agree_with_its_vat_id() -> None:
    record = customer(vat_id="FR44732829320", registration_id="732 829 320 00074")
    assert record.values["registration_id"] == "73282932000074"
    assert record.values["vat_id"] == "FR44732829320"


def test_a_vat_id_of_another_siren_is_left_out_with_a_warning() -> None:
    record = customer(vat_id="FR44732829320", registration_id="356000000")
    assert "vat_id" not in record.values
    assert [(problem.field, problem.severity) for problem in record.problems] == [("vat_id", Severity.WARNING)]


def test_a_wrong_check_digit_does_not_lose_the_record() -> None:
    record = customer(legal_name="Acme SAS", registration_id="732829321")
    assert record.values["legal_name"] == "Acme SAS"
    assert "registration_id" not in record.values
    assert record.errors == ()
    (warning,) = record.warnings
    assert warning.as_json() == {
        "field": "registration_id",
        "value": "732829321",
        "reason": "This is no valid registration number of FR: a digit is wrong or missing.",
        "remedy": "Compare it with the official register and mend it in the source.",
    }


def test_placeholders_are_left_out_and_noted() -> None:
    record = customer(legal_name="Acme", email="test@test.com", phone="0000000000", city="n/a", website="-")
    assert record.values == {"kind": "organisation", "legal_name": "Acme"}
    assert {problem.field for problem in record.warnings} == {"email", "phone", "city"}
    assert record.errors == ()


@pytest.mark.parametrize(
    ("attribute", "sent"),
    [
        ("birth_date", "31/02/1970"),
        ("satisfaction", "très bien"),
        ("satisfaction", 11),
        ("satisfaction", -1),
        ("legal_name", "xy" * 151),
        ("legal_name", "x y" * 100_000),
        ("city", {"name": "Paris"}),
        ("legal_nam", "Acme"),
    ],
)
def test_a_row_that_can_not_be_trusted_goes_to_quarantine(attribute: str, sent: object) -> None:
    record = customer(**{attribute: sent})
    (error,) = record.errors
    assert error.field == attribute
    assert error.reason
    assert error.remedy
    assert len(error.value) <= 200


def test_an_unknown_attribute_is_named_with_what_was_perhaps_meant() -> None:
    (error,) = customer(legal_nam="Acme").errors
    assert error.remedy == "Did you mean 'legal_name'?"


@pytest.mark.parametrize("title", [None, "", "n/a", "---"])
def test_a_required_value_that_is_missing_sends_the_row_to_quarantine(title: str | None) -> None:
    record = standardise(PROJECT, {"code": "P-1", "title": title})
    assert [error.field for error in record.errors] == ["title"]


def test_every_problem_of_a_record_is_reported_at_once() -> None:
    record = standardise(PROJECT, {"start_date": "soon", "budget": "much", "currency": "shells"})
    assert {problem.field for problem in record.problems} == {"start_date", "budget", "currency", "title"}


def test_numbers_of_spreadsheets_are_read_as_codes() -> None:
    record = customer(postcode=75008.0, registration_id=732829320)
    assert record.values["postcode"] == "75008"
    assert record.values["registration_id"] == "732829320"


def test_lines_of_an_address_may_be_sent_as_a_list() -> None:
    assert customer(address_lines=["12 rue Foch", "", "BP 12"]).values["address_lines"] == "12 rue Foch\nBP 12"


def test_the_countrys_own_customs_outrank_the_sources() -> None:
    assert customer(phone="020 7946 0958", country="UK").values["phone"] == "+442079460958"


@settings(deadline=None)
@given(raw=st.dictionaries(st.sampled_from([attribute.name for attribute in CUSTOMER]), JSON))
def test_whatever_is_sent_is_stored_or_explained(raw: dict[str, object]) -> None:
    record = standardise(CUSTOMER, raw, country_hint="FR")
    for attribute in CUSTOMER:
        value = record.values.get(attribute.name)
        if isinstance(value, str):
            assert 0 < len(value) <= (attribute.max_length or 0)
            assert value == value.strip()
    again = standardise(CUSTOMER, record.values, country_hint="FR")
    assert again.values == record.values
    assert again.errors == ()
