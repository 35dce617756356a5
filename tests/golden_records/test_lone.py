"""Golden records of one source record are checked by columns; whatever is not plainly right there is looked at one by one."""

from typing import Any
from uuid import UUID

import pytest

from golden_records import lone
from golden_records.entities import entity_type
from golden_records.models import CustomerRecord, GoldenCustomer, SourceRecord
from tests.factories import a_record, into

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("postgresql")]

CUSTOMER = entity_type("customer")
ODD: dict[str, Any] = {
    "legal_name": 'Dupont, "Frères"\nSARL',
    "city": "L'Haÿ-les-Roses",
    "birth_date": "1815-12-10",
    "satisfaction": "7.50",
}
GOLDENS, RECORDS = GoldenCustomer.objects, CustomerRecord.objects


@pytest.fixture(autouse=True)
def _only_on(database: str) -> None:
    del database


@pytest.fixture
def odd() -> SourceRecord:
    """A record with every kind of value, alone."""
    return a_record("1", **ODD)


def looked_at() -> set[UUID]:
    return {golden_id for ids in lone.to_look_at(CUSTOMER) for golden_id in ids}


def test_one_that_is_as_it_must_be_needs_no_further_look(odd: SourceRecord) -> None:
    assert GOLDENS.filter(pk=odd.golden_id).exists()
    assert not looked_at()


def test_one_of_two_records_is_looked_at(odd: SourceRecord) -> None:
    into(a_record("2", **ODD), odd.golden_id)
    assert looked_at() == {odd.golden_id}


@pytest.mark.parametrize(
    "wrong", [{"city": "Nowhere"}, {"city": None}, {"lineage": {}}, {"completeness": 0.5}, {"member_count": 2}, {"trade_name": ""}], ids=str
)
def test_one_that_differs_in_anything_is_looked_at(odd: SourceRecord, wrong: dict[str, Any]) -> None:
    GOLDENS.filter(pk=odd.golden_id).update(**wrong)
    assert looked_at() == {odd.golden_id}


def test_one_whose_record_waits_or_is_withdrawn_is_looked_at(odd: SourceRecord) -> None:
    RECORDS.filter(pk=odd.pk).update(match_state="pending")
    assert looked_at() == {odd.golden_id}
    RECORDS.filter(pk=odd.pk).update(state="withdrawn")
    assert looked_at() == {odd.golden_id}


def test_what_names_another_record_is_looked_at(odd: SourceRecord) -> None:
    lineage = GOLDENS.get(pk=odd.golden_id).lineage
    GOLDENS.filter(pk=odd.golden_id).update(lineage=lineage | {"city": lineage["city"] | {"record": odd.pk + 1}})
    assert looked_at() == {odd.golden_id}
