"""Mappings: a source's own columns, read as the data dictionary."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden_records.attributes import attributes_of
from golden_records.mapping import ColumnMapping, MappingErrors, load_document, parse_mapping
from golden_records.models import CustomerAttributes, ProjectAttributes
from golden_records.standardising.problems import Severity
from golden_records.standardising.record import standardise

CUSTOMER = attributes_of(CustomerAttributes)
PROJECT = attributes_of(ProjectAttributes)

ERP = """
external_id: KUNNR
updated_at: {column: MODIF, format: dd/mm/yyyy HH:MM}
timezone: Europe/Paris
decimal: ","
format: [dd/mm/yyyy, yyyymmdd]
attributes:
  kind: {column: TYPE, values: {S: organisation, P: person}}
  legal_name: {column: NOM, when: {TYPE: S}}
  family_name: {column: NOM, split: family_given, unless: {TYPE: S}}
  given_name: {column: NOM, split: family_given, unless: {TYPE: S}}
  birth_date: NAISSANCE
  address_lines: {join: [RUE, COMPLEMENT]}
  status: {column: BLOQUE, values: {X: blocked}, otherwise: active}
  satisfaction: {column: NOTE, scale: [1, 5]}
  country: {constant: FR}
  website: {column: URL, optional: true}
"""


def mapping(text: str = ERP) -> ColumnMapping:
    return parse_mapping(load_document(text), CUSTOMER)


def rule(**entry: object) -> ColumnMapping:
    """Map one attribute of a project by a rule alone."""
    title = {"title": "TITLE"}
    return parse_mapping({"external_id": "ID", "attributes": title | entry}, PROJECT)


def test_a_company_of_the_erp_is_read_in_the_names_of_the_data_dictionary() -> None:
    row = {"KUNNR": " 0042 ", "MODIF": "01/07/2024 12:00", "TYPE": "s", "NOM": "DUPONT SARL", "RUE": "1 rue Foch", "COMPLEMENT": "BP 1"}
    mapped = mapping().apply({**row, "BLOQUE": "X", "NOTE": "4,0", "NAISSANCE": ""})
    assert mapped.external_id == "0042"
    assert mapped.updated_at == datetime(2024, 7, 1, 10, tzinfo=UTC)
    assert mapped.attributes == {
        "kind": "organisation",
        "legal_name": "DUPONT SARL",
        "address_lines": "1 rue Foch\nBP 1",
        "status": "blocked",
        "satisfaction": Decimal("7.5"),
        "country": "FR",
    }
    assert mapped.problems == ()


@pytest.mark.parametrize("name", ["DUPONT Jean", "Dupont, Jean", "dupont jean", "M. DUPONT Jean"])
def test_a_person_in_one_column_is_parted(name: str) -> None:
    attributes = mapping().apply({"KUNNR": "1", "TYPE": "P", "NOM": name, "NAISSANCE": "19700517"}).attributes
    values = standardise(CUSTOMER, attributes).values
    assert (values["given_name"], values["family_name"], values["birth_date"]) == ("Jean", "Dupont", date(1970, 5, 17))
    assert "legal_name" not in values


def test_the_order_of_names_decides_where_nothing_else_does() -> None:
    document: dict[str, Any] = {"external_id": "ID", "attributes": {}}
    for order, family in (("family_given", "Martin"), ("given_family", "Paul")):
        document["attributes"] = {"family_name": {"column": "N", "split": order}}
        assert parse_mapping(document, CUSTOMER).apply({"ID": 1, "N": "Martin Paul"}).attributes == {"family_name": family}


@pytest.mark.parametrize(
    ("column", "cell", "attribute"),
    [
        ("NAISSANCE", "31/02/1970", "birth_date"),
        ("NOTE", "bien", "satisfaction"),
        ("NOTE", "9", "satisfaction"),
        ("NOTE", "4.5", "satisfaction"),
    ],
)
def test_a_cell_that_can_not_be_read_sends_the_row_to_quarantine(column: str, cell: str, attribute: str) -> None:
    (problem,) = mapping().apply({"KUNNR": "1", "TYPE": "S", column: cell}).problems
    assert (problem.field, problem.value, problem.severity) == (attribute, cell, Severity.ERROR)
    assert column in problem.reason
    assert problem.remedy


@pytest.mark.parametrize("cell", ["00000000", "00/00/0000", "0", "", None])
def test_no_date_in_zeros_says_nothing(cell: str | None) -> None:
    mapped = mapping().apply({"KUNNR": "1", "TYPE": "S", "NAISSANCE": cell, "MODIF": cell})
    assert "birth_date" not in mapped.attributes
    assert mapped.updated_at is None
    assert mapped.problems == ()


def test_a_code_that_is_not_in_the_list_is_left_out_with_a_warning() -> None:
    (problem,) = mapping().apply({"KUNNR": "1", "TYPE": "Z"}).problems
    assert (problem.field, problem.value, problem.severity) == ("kind", "Z", Severity.WARNING)


@pytest.mark.parametrize("cell", [None, "", "  ", "N/A"])
def test_a_row_without_its_own_id_goes_to_quarantine(cell: str | None) -> None:
    mapped = mapping().apply({"KUNNR": cell, "TYPE": "S"})
    assert mapped.external_id == ""
    assert [(problem.field, problem.severity) for problem in mapped.problems] == [("external_id", Severity.ERROR)]


def test_an_id_may_be_made_of_two_columns_and_needs_both() -> None:
    joined = parse_mapping({"external_id": {"join": ["A", "B"], "with": "/"}, "attributes": {"legal_name": "N"}}, CUSTOMER)
    assert joined.apply({"A": 1, "B": 2.0}).external_id == "1/2"
    assert joined.apply({"A": 1, "B": ""}).external_id == ""


def test_an_unreadable_moment_of_change_goes_to_quarantine() -> None:
    (problem,) = mapping().apply({"KUNNR": "1", "TYPE": "S", "MODIF": "yesterday"}).problems
    assert (problem.field, problem.severity) == ("updated_at", Severity.ERROR)


def test_typed_cells_of_parquet_files_are_taken_as_they_are() -> None:
    typed = rule(start_date={"column": "D", "format": "dd/mm/yyyy"}, budget={"column": "B", "decimal": ","})
    mapped = typed.apply({"ID": 7, "TITLE": "X", "D": date(2024, 1, 2), "B": 1234.5})
    assert mapped.attributes == {"title": "X", "start_date": date(2024, 1, 2), "budget": Decimal("1234.5")}
    assert mapped.external_id == "7"


def test_missing_columns_are_named_with_what_may_be_meant() -> None:
    header = ["kunnr", "TYPE", "NOM", "NAISSANCE", "RUE", "COMPLEMENTS", "BLOQUE", "NOTE"]
    missing = {column.column: column for column in mapping().missing_columns(header)}
    assert set(missing) == {"KUNNR", "MODIF", "COMPLEMENT"}
    assert missing["KUNNR"].suggestions == ("kunnr",)
    assert missing["COMPLEMENT"].suggestions[0] == "COMPLEMENTS"
    assert missing["COMPLEMENT"].needed_by == "address_lines"
    assert mapping().missing_columns(mapping().required_columns) == ()


def test_all_faults_of_a_mapping_are_reported_at_once() -> None:
    document = load_document("""
extrenal_id: ID
decimal: ";"
timezone: Mars/Olympus
attributes:
  titel: T
  code: {column: A, join: [B]}
  start_date: {column: D, format: jj/mm/aaaa}
  budget: {column: B, scale: [1, 5]}
  status: {column: S, values: {yes: open}, foo: 1}
  currency: {column: C, decimal: ","}
  manager: 12
""")
    with pytest.raises(MappingErrors) as caught:
        parse_mapping(document, PROJECT)
    faults = {fault.where: fault for fault in caught.value.faults}
    assert set(faults) == {
        "extrenal_id",
        "external_id",
        "decimal",
        "timezone",
        "attributes.titel",
        "attributes.code",
        "attributes.start_date.format",
        "attributes.budget.scale",
        "attributes.status.values",
        "attributes.status.foo",
        "attributes.currency.decimal",
        "attributes.manager",
        "attributes.title",
    }
    assert faults["extrenal_id"].remedy == "Did you mean 'external_id'?"
    assert faults["attributes.titel"].remedy == "Did you mean 'title'?"
    assert all(fault.reason and fault.remedy for fault in faults.values())


@pytest.mark.parametrize("text", ["", "- a\n- b", "a: [", "just words", "\x00"])
def test_a_text_that_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(MappingErrors):
        load_document(text)


DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["external_id", "updated_at", "attributes", "title", "budget", "column", "join", "format", "scale", "values", "when"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(document=DOCUMENTS)
def test_any_document_is_a_mapping_or_a_list_of_faults(document: object) -> None:
    outcomes = [faults_of(document), faults_of(document)]
    assert outcomes[0] == outcomes[1]
    assert outcomes[0] or parse_mapping(document, PROJECT).external_id.columns


def faults_of(document: object) -> list[str]:
    try:
        parse_mapping(document, PROJECT)
    except MappingErrors as errors:
        return [str(fault) for fault in errors.faults] or ["refused without a word"]
    return []


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.dates(), st.datetimes(), st.binary(max_size=3)
)


@settings(deadline=None)
@given(row=st.dictionaries(st.sampled_from(mapping().required_columns), CELLS))
def test_any_row_is_read_or_explained(row: dict[str, object]) -> None:
    mapped = mapping().apply(row)
    assert mapped.external_id or any(problem.field == "external_id" for problem in mapped.problems)
    assert mapped.updated_at is None or mapped.updated_at.tzinfo is UTC
    assert standardise(CUSTOMER, mapped.attributes, country_hint="FR").values.keys() <= {attribute.name for attribute in CUSTOMER}


@pytest.mark.parametrize(
    ("sent", "emptied"),
    [
        ({}, ()),
        ({"CODE": ""}, ("code",)),
        ({"CODE": None, "MANAGER": "  "}, ("code", "manager")),
        ({"CODE": "n/a", "MANAGER": "Ada"}, ()),
        ({"CITY": "", "CODE": "1"}, ()),
    ],
)
def test_an_attribute_whose_columns_are_there_and_hold_nothing_was_sent_empty(sent: dict[str, object], emptied: tuple[str, ...]) -> None:
    both = rule(code="CODE", manager="MANAGER", status={"join": ["CITY", "STREET"]})
    assert both.apply({"ID": "1", "TITLE": "x", **sent}).sent_empty == emptied


def test_what_a_condition_keeps_from_being_read_was_not_sent_empty() -> None:
    only_firms = rule(code={"column": "CODE", "when": {"TYPE": "S"}})
    assert only_firms.apply({"ID": "1", "TITLE": "x", "CODE": "", "TYPE": "P"}).sent_empty == ()
    assert only_firms.apply({"ID": "1", "TITLE": "x", "CODE": "", "TYPE": "S"}).sent_empty == ("code",)
