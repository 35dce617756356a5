"""Rows come out of either database as the same columns, whatever characters are in them."""

from datetime import date

import pyarrow as pa
import pytest

from golden_records import columns
from golden_records.models import CustomerRecord
from tests.factories import a_record

pytestmark = pytest.mark.django_db

SCHEMA = pa.schema(
    {
        "external_id": pa.string(),
        "legal_name": pa.string(),
        "trade_name": pa.string(),
        "birth_date": pa.date32(),
        "satisfaction": pa.float64(),
        "source__trust": pa.string(),
    }
)
ODD = 'Dupont, "Frères"\r\n\\N NULL\tSARL'


def read() -> pa.Table:
    rows = CustomerRecord.objects.filter(source__code="crm").order_by("id").values_list(*SCHEMA.names)
    return pa.concat_tables([SCHEMA.empty_table(), *columns.tables(rows, SCHEMA)])


def test_values_come_out_as_they_are_and_missing_is_not_empty() -> None:
    a_record("1", legal_name="Acme", birth_date="1815-12-10", satisfaction="7.5")
    a_record("2", legal_name="Moulin")
    CustomerRecord.objects.filter(external_id="2").update(legal_name=ODD, trade_name="")
    assert read().to_pylist() == [
        dict(zip(SCHEMA.names, ("1", "Acme", None, date(1815, 12, 10), 7.5, "50"), strict=True)),
        dict(zip(SCHEMA.names, ("2", ODD, "", None, None, "50"), strict=True)),
    ]


def test_no_rows_are_no_tables() -> None:
    assert read().num_rows == 0
