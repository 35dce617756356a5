"""The chain is verified by what PostgreSQL writes of the events; only what is not plainly right there is looked at one by one."""

from typing import Any, Final

import pytest

from golden_records import chained, protection, sealing
from golden_records.chain import BEGINNING, FEED
from golden_records.chain_checks import broken_links
from golden_records.models import ChangeEvent, CustomerRecord, Seal
from tests.factories import a_record, into

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("postgresql")]

ODD: Final[dict[str, Any]] = {
    "legal_name": 'Dupont, "Frères"\\\nSARL',
    "city": "L'Haÿ-les-Roses",
    "trade_name": "東京 🏗",
    "birth_date": "1815-12-10",
    "satisfaction": "7.50",
}


@pytest.fixture(autouse=True)
def _sealed(database: str) -> None:
    """Golden records with every kind of value, made, changed (also to and from nothing), and left."""
    del database
    one = a_record("1", **ODD)
    into(a_record('2, "b"', source="erp", legal_name="Dupont", email="a@dupont.fr"), one.golden_id)
    into(CustomerRecord.objects.get(external_id="1"), a_record("3").golden_id)
    sealing.seal()


def unsure() -> list[int]:
    return [link.seq for found in chained.links(FEED) for link in found if not link.verifies]


def test_what_the_service_tells_verifies_at_once() -> None:
    told = {(event.before is None, event.after is None) for event in ChangeEvent.objects.all()}
    assert told >= {(True, False), (False, False), (True, True)}
    assert unsure() == []


def test_what_is_written_in_a_rare_way_is_looked_at_and_holds() -> None:
    a_record("4", legal_name="Renull, Gaz")
    sealing.seal()
    assert len(unsure()) == 1
    assert list(broken_links(FEED)) == []


def test_each_place_comes_with_the_hash_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chained, "_AT_ONCE", 2)
    places = [link for found in chained.links(FEED) for link in found]
    assert [link.seq for link in places] == list(range(1, Seal.objects.count() + 1))
    assert [link.previous for link in places] == [BEGINNING, *(link.hash for link in places[:-1])]


@pytest.mark.parametrize("column", [field.name for field in ChangeEvent._meta.fields if field.name not in {"id", "at", "golden_id"}])
def test_no_column_may_change(column: str) -> None:
    kind = ChangeEvent._meta.get_field(column)
    other: Any = 77 if column == "golden_version" else ["x"] if kind.get_internal_type() == "JSONField" else "x"
    with protection.unprotected():
        ChangeEvent.objects.filter(seal__seq=2).update(**{column: other})
    assert unsure() == [2]
