"""Whether a column is any of many values: one parameter however many, and queries whose SQL is made once."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db.models import Field

from golden_records.models import CustomerRecord, Given, GoldenCustomer, SourceSystem
from golden_records.remembered import Remembered

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def records() -> list[CustomerRecord]:
    source = SourceSystem.objects.create(code="crm", name="CRM", trust=50)
    goldens = [GoldenCustomer.objects.create(created_at=MOMENT, updated_at=MOMENT) for _ in range(3)]
    made = [
        CustomerRecord(
            source=source, external_id=f"é'\"{number}", payload={"n": number}, received_at=MOMENT, updated_at=MOMENT, golden=golden
        )
        for number, golden in enumerate(goldens)
    ]
    return CustomerRecord.objects.bulk_create(made)


@pytest.mark.parametrize("name", ["id", "external_id", "golden_id", "source_id", "updated_at"])
def test_any_finds_what_in_finds(records: list[CustomerRecord], name: str) -> None:
    values = [getattr(record, name) for record in records[:2]]
    found = CustomerRecord.objects.filter(**{f"{name}__any": values}).order_by("id")
    assert list(found) == list(CustomerRecord.objects.filter(**{f"{name}__in": values}).order_by("id"))
    assert set(records[:2]) <= set(found)


def test_any_of_nothing_is_nothing(records: list[CustomerRecord]) -> None:
    assert records
    assert not CustomerRecord.objects.filter(id__any=[]).exists()
    assert CustomerRecord.objects.exclude(golden_id__any=[]).count() == len(records)


def test_a_text_longer_than_the_column_is_not_cut_to_it(records: list[CustomerRecord]) -> None:
    field = CustomerRecord._meta.get_field("external_id")
    assert isinstance(field, Field)
    records[0].external_id = "x" * (field.max_length or 0)
    records[0].save()
    assert not CustomerRecord.objects.filter(external_id__any=[records[0].external_id + "x"]).exists()


def test_the_statement_has_one_place_however_many_values_there_are() -> None:
    statements = [str(CustomerRecord.objects.filter(id__any=values).query.sql_with_params()[0]) for values in ([1], range(10_000))]
    assert statements[0] == statements[1]
    assert statements[0].count("%s") == 1


def test_a_remembered_query_gives_what_the_query_gives(records: list[CustomerRecord]) -> None:
    columns = ("id", "golden_id", "source__code", "payload", "updated_at", "birth_date", "state")
    remembered = Remembered(lambda: CustomerRecord.objects.filter(id__any=Given("ids")).order_by("id").values_list(*columns))
    for wanted in (records[:2], records[1:], []):
        ids = [record.pk for record in wanted]
        direct = CustomerRecord.objects.filter(id__in=ids).order_by("id").values_list(*columns)
        assert [tuple(row) for row in remembered.rows(ids=ids)] == list(direct)


def test_a_remembered_query_takes_ids_of_any_kind(records: list[CustomerRecord]) -> None:
    remembered = Remembered(lambda: CustomerRecord.objects.filter(golden_id__any=Given("golden_ids")).values_list("id"))
    assert [tuple(row) for row in remembered.rows(golden_ids={records[1].golden_id, uuid4()})] == [(records[1].pk,)]
