"""A record gives equal match forms whether it comes out of the database, out of memory, or among the members of a golden record."""

import pytest

from golden_records.entities import EntityType
from golden_records.members import members_of
from matching.active_config import shipped_config
from matching.core.prepare import Prepared, prepare, prepared
from matching.tables import active_records, attribute_table, compared_references, member_forms, record_forms
from tests.matching.conftest import ACME, ACME_IN_ERP, CUSTOMER, PROJECT, Submit

pytestmark = pytest.mark.django_db

PERSON = {"kind": "person", "given_name": "Ada", "family_name": "Lovelace", "birth_date": "1815-12-10", "satisfaction": "7.5"}
OPPORTUNITY: dict[str, str | None] = {
    "customer": "1",
    "title": "Refonte SI Achats",
    "start_date": "2026-01-05",
    "budget": "120000.5",
    "manager": "Anne Petit",
}


@pytest.mark.parametrize("entity", [CUSTOMER, PROJECT], ids=["customer", "project"])
def test_match_forms_do_not_depend_on_where_a_record_is_read(submitted: Submit, entity: EntityType) -> None:
    submissions = [submitted("crm", "1", **ACME), submitted("erp", "K1", **ACME_IN_ERP), submitted("crm", "2", **PERSON)]
    if entity is PROJECT:
        told = (OPPORTUNITY, OPPORTUNITY | {"customer": "404", "title": "Autre"}, OPPORTUNITY | {"customer": None, "budget": None})
        submissions = [submitted("crm", str(number), entity="project", **project) for number, project in enumerate(told)]
    config = shipped_config(entity)
    records = active_records(entity).order_by("id")
    members = members_of(entity, records.values_list("golden_id", flat=True), references=compared_references(entity, config))
    expected = _texts(prepare(attribute_table(entity, records), config))
    assert any(value is not None for row in expected for value in row)
    assert _texts(prepared(member_forms(entity, members, config))) == expected
    for submission, row in zip(submissions, expected, strict=True):
        assert _texts(prepared(record_forms(entity, submission.record, config))) == [row]


def test_a_table_of_records_that_there_can_not_be_has_no_rows() -> None:
    assert attribute_table(CUSTOMER, active_records(CUSTOMER).filter(pk__in=[])).num_rows == 0


def test_a_table_of_no_members_has_no_rows() -> None:
    config = shipped_config(CUSTOMER)
    assert prepared(member_forms(CUSTOMER, [], config)).size == 0


def _texts(table: Prepared) -> list[list[str | None]]:
    return [[column.texts([row])[0] for column in table.columns.values()] for row in range(table.size)]
