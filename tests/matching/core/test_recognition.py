"""What the columns of an unknown table mean."""

import pyarrow as pa
import pytest

from matching.core.autoconfig import config_for, config_of
from matching.core.column_names import role_of_name
from matching.core.meaning import UnknownAttribute, UnknownColumn, understand
from matching.core.recognise import entity_of_names, sample_of, shape_of

PEOPLE = [
    ("Marie", "Dupont", "1980-03-12", "12 rue Neuve", "69001", "Lyon", "marie.dupont@mail.fr", "04 72 00 11 22"),
    ("Jean", "Martin", "1975-11-02", "3 avenue Foch", "69001", "Lyon", "j.martin@mail.fr", "+33472001133"),
    ("Paul", "Morel", "1990-01-22", "8 place du Port", "13002", "Marseille", "paul@morel.fr", "0491001144"),
    ("Anna", "Petit", "1968-04-09", "5 chemin Vert", "13002", "Marseille", "anna.petit@mail.fr", "04.91.00.11.55"),
]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("first_name", "given_name"), ("Prénom", "given_name"), ("Vorname", "given_name"), ("surname", "family_name"),
        ("dob", "birth_date"), ("date_of_birth", "birth_date"), ("soc_sec_id", "national_id"), ("addr", "street"),
        ("Code postal", "postcode"), ("PLZ", "postcode"), ("suburb", "city"), ("customer_email", "email"),
        ("Raison sociale", "legal_name"), ("tax_id", "registration_id"), ("record_id", "record_id"), ("colour", None),
        ("SIRET__c", "registration_id"), ("BillingPostalCode", "postcode"), ("PersonBirthdate", "birth_date"), ("TEL_1", "phone"),
        ("ADRESSE_2", "address_2"), ("TVA_INTRACOM", "vat_id"), ("USt-IdNr.", "vat_id"), ("Straße und Hausnummer", "street"),
        ("Geburtsdatum", "birth_date"), ("Kundennummer", "record_id"), ("NO_CLIENT", "record_id"), ("Geändert am", "aside"),
        ("LastModifiedDate", "aside"), ("Nom et prénom", "full_name"), ("street name", "street"), ("E-Mail-Adresse", "email"),
    ],
)  # fmt: skip
def test_a_column_is_recognised_by_its_name(name: str, role: str | None) -> None:
    assert role_of_name(name) == role


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (["1980-03-12", "20010101", "03/12/1999"], "date"), (["52.35", "4.9166", "7"], "number"),
        (["a61n**a61b", "h04n", "g06f**h04l"], "values"), (["AB-1042", "77812", "X9"], "code"),
        (["blue", "dark green", "red"], "text"), ([None, None], "empty"),
        (["a long text that goes on and on for many words", "another one of the same length as that"], "long_text"),
    ],
)  # fmt: skip
def test_a_column_without_meaning_is_compared_as_what_it_looks_like(values: list[str | None], shape: str) -> None:
    assert shape_of(sample_of(pa.array(values, pa.string()))) == shape


def test_columns_with_names_that_say_nothing_are_recognised_by_their_values() -> None:
    columns = {f"c{place}": [person[place] for person in PEOPLE] for place in range(8)}
    meaning = understand(pa.table(columns), {}, "customer")
    told = {role: found[0] for role, found in meaning.roles.items()}
    assert told == {
        "given_name": "c0", "family_name": "c1", "street": "c3", "postcode": "c4", "city": "c5", "email": "c6", "phone": "c7",
    }  # fmt: skip
    assert meaning.others == {"c2": "date"}


def test_a_column_that_another_determines_counts_once() -> None:
    places = {"lat": ["52.35", "51.45", "52.35", "51.45"] * 5, "lng": ["4.91", "5.46", "4.91", "5.46"] * 5}
    assert len(understand(pa.table(places), {}, "customer").others) == 1


def test_a_mapping_says_what_names_do_not() -> None:
    config = config_for(pa.table({"x": ["Novatech", "Lafont"]}), {"x": "legal_name"}, "customer")
    assert [comparison.kind for comparison in config.comparisons] == ["organisation_name"]


def test_a_wrong_mapping_is_told_with_what_is_allowed() -> None:
    table = pa.table({"x": ["a"]})
    with pytest.raises(UnknownAttribute) as unknown:
        config_for(table, {"x": "shoe_size"}, "customer")
    assert "legal_name" in unknown.value.remedy
    with pytest.raises(UnknownColumn):
        config_for(table, {"y": "legal_name"}, "customer")


def test_values_decide_only_where_no_name_does() -> None:
    forms = {"FORME_JUR": ["5499", "5710", "5499", "5710"], "CP": ["69001", "13002", "69001", "13002"], "nom": ["A", "B", "C", "D"]}
    assert understand(pa.table(forms), {}, "customer").roles["postcode"] == ("CP",)


def test_a_persons_title_is_no_project() -> None:
    table = {"title": ["Mr", "Mrs"], "surname": ["Morel", "Petit"]}
    assert "title" not in understand(pa.table(table), {}, "customer").roles
    assert entity_of_names(table) == "customer"


@pytest.mark.parametrize(
    "names", [["Project code", "Title", "Start date"], ["CODE_PROJET", "Intitulé", "Client"], ["Projektnummer", "Bezeichnung"]]
)
def test_a_table_of_projects_is_seen_by_its_columns(names: list[str]) -> None:
    assert entity_of_names(names) == "project"


def test_a_mapping_to_ignore_leaves_a_column_out() -> None:
    table = pa.table({"surname": ["Morel", "Petit"], "shoe": ["red one", "blue one"]})
    assert understand(table, {"shoe": "ignore"}, "customer").others == {}


def test_companies_of_one_group_are_told_apart_where_registers_number_them() -> None:
    columns = {"Raison sociale": ["Verodis Nord", "Verodis Sud"], "SIRET": ["57887193100015", "73800027200018"]}
    assert config_for(pa.table(columns), {}, "customer").vetoes == ()
    config = config_for(pa.table({**columns, "TVA": ["FR93546701533", "FR44705678050"]}), {}, "customer")
    assert [veto.name for veto in config.vetoes] == ["other_registration_id", "other_vat_id", "other_words"]


def test_large_tables_go_without_rules_that_strangers_share() -> None:
    meaning = understand(
        pa.table({"surname": ["Morel"], "given name": ["Zoë"], "birth date": ["1980-03-12"], "e-mail": ["a@b.fr"]}), {}, "customer"
    )
    small, large = ({rule.name for rule in config_of(meaning, "customer", records).blocking} for records in (10_000, 1_000_000))
    assert "birth_date" in small - large
    assert {"email", "given + family sound"} <= large < small
