"""Nothing is left of whom is erased: words that occur nowhere else go all roads into the database, and then every column is read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from api.scopes import CHANGES, ERASE, INGEST, READ, WEBHOOKS
from golden_records import feed
from golden_records.importing import import_file
from golden_records.models import ChangeEvent, CustomerRecord, DeliveryKind, GoldenCustomer, SourceSystem, WebhookDelivery
from golden_records.source_systems import save_mapping
from golden_records.webhooks.envelope import id_of
from matching import review
from matching.models import BlockingKey, JudgementValue, ReviewTask
from matching.verifying import verify
from matching.waiting import match_all_waiting
from tests.api.calling import Caller, record_address
from tests.api.conftest import MakeCaller
from tests.factories import a_change, into
from tests.matching.conftest import CUSTOMER

pytestmark = pytest.mark.django_db

SUBJECTS: Final = ("wombat", "quokka", "numbat", "bilby")
ERASED: Final = SUBJECTS[::2]
MAPPING: Final = {"external_id": "ID", "attributes": {"legal_name": "NAME", "email": "MAIL", "city": "TOWN"}}


def attributes_of(subject: str) -> dict[str, str]:
    """A firm in whose every text its own word is."""
    number = SUBJECTS.index(subject)
    return {
        "kind": "organisation",
        "legal_name": f"{subject} holding",
        "trade_name": f"{subject} trading",
        "given_name": f"{subject}ette",
        "family_name": f"{subject}ovitch",
        "birth_date": f"193{number}-0{number + 1}-17",
        "email": f"mail@{subject}.fr",
        "phone": f"+33 1 42 68 5{number} 7{number}",
        "website": f"https://www.{subject}.fr",
        "address_lines": f"{number + 31} rue {subject}",
        "postcode": f"7500{number + 1}",
        "city": f"{subject}ville",
        "country": "FR",
        "industry": f"{subject} industry",
        "segment": f"{subject} segment",
        "status": "active",
        "satisfaction": f"{number + 1}.37",
    }


class Zoo:
    """Sources and a steward, through whose hands every subject goes."""

    def __init__(self, caller: Caller, steward: User, folder: Path) -> None:
        self.caller, self.steward, self.folder = caller, steward, folder

    def brings(self, subject: str) -> UUID:
        """All roads by which something of somebody comes into the database."""
        sent = attributes_of(subject)
        first = self.caller.send_customer("crm", f"{subject}-1", **sent | {"segment": f"{subject} older"}).json()
        self.caller.send_customer("crm", f"{subject}-1", **sent)
        assert self.caller.send_customer("erp", f"{subject}-9", **sent).json()["canonical_id"] == first["canonical_id"]
        self._imports(subject)
        self._is_asked(subject)
        self._is_refused(subject)
        self._was_elsewhere(subject)
        withdrawn = record_address("crm", "customer", f"{subject}-w")
        self.caller.put(withdrawn, {"attributes": sent | {"segment": f"{subject} withdrawn"}})
        self.caller.delete(withdrawn)
        self._is_delivered(subject, UUID(first["canonical_id"]))
        return UUID(first["canonical_id"])

    def _imports(self, subject: str) -> None:
        file = self.folder / f"extract {SUBJECTS.index(subject)}.csv"
        sent = attributes_of(subject)
        file.write_text(f"ID,NAME,MAIL,TOWN\n{subject}-i,{sent['legal_name']},{sent['email']},{sent['city']}\n", encoding="utf-8")
        import_file(SourceSystem.objects.get(code="erp"), "customer", file, change=a_change("import"))
        match_all_waiting(CUSTOMER, seconds=30)

    def _is_asked(self, subject: str) -> None:
        """A second firm of that name is the same, says a steward, in words that name it."""
        self.caller.send_customer("crm", f"{subject}-2", kind="organisation", legal_name=f"{subject} holding", country="FR")
        task = ReviewTask.objects.filter(state="open").first()
        assert task is not None
        review.decide(task.pk, answer=JudgementValue.SAME, user=self.steward, comment=f"{subject} said so on the phone")

    def _is_refused(self, subject: str) -> None:
        broken = {"attributes": attributes_of(subject) | {"birth_date": f"{subject} day"}}
        assert self.caller.put(record_address("crm", "customer", f"{subject}-1"), broken).status_code == 422

    def _was_elsewhere(self, subject: str) -> None:
        """One of its records was in the golden record of a stranger for a while."""
        record = CustomerRecord.objects.select_related("source").get(external_id=f"{subject}-2")
        assert record.golden_id is not None
        guest = self.caller.send_customer("crm", f"stranger of {SUBJECTS.index(subject)}", legal_name=f"Stranger {SUBJECTS.index(subject)}")
        stranger = UUID(guest.json()["canonical_id"])
        into(into(record, stranger), record.golden_id)

    def _is_delivered(self, subject: str, golden_id: UUID) -> None:
        """An endpoint that may see values, and sends back what it was sent."""
        body = {"name": f"hook {SUBJECTS.index(subject)}", "url": "https://example.com/hook", "with_values": True}
        hook = self.caller.post("/webhook-subscriptions", body, Idempotency_Key=f"k{SUBJECTS.index(subject)}").json()["id"]
        feed.read(0, limit=1000)
        event = ChangeEvent.objects.select_related("seal").filter(golden_id=golden_id).order_by("pk")[0]
        WebhookDelivery.objects.create(
            subscription_id=hook,
            kind=DeliveryKind.EVENT,
            message_id=id_of(event.seal),
            message_type="mdm.customer.created",
            attempt=1,
            at=timezone.now(),
            status=500,
            milliseconds=3,
            answer=f"no {subject} here",
        )


@pytest.fixture
def zoo(caller: Caller, caller_with: MakeCaller, steward: User, tmp_path: Path) -> Zoo:
    del caller
    erp = SourceSystem.objects.get(code="erp")
    save_mapping(erp, "customer", MAPPING, change=a_change("mapping"))
    return Zoo(caller_with(None, INGEST, READ, CHANGES, WEBHOOKS, ERASE, name="zoo"), steward, tmp_path)


@pytest.fixture
def steward(db: None) -> User:
    del db
    return User.objects.create_user("claire")


def everything_in_the_database() -> Iterator[tuple[str, str]]:
    """Every value of every column of every table, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names of tables
            columns = [column[0] for column in cursor.description or ()]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    yield f"{table}.{column}", as_text(value)


def as_text(value: Any) -> str:
    """A value as it can be searched, whatever it is stored as."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1").lower()
    return (json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)).lower()


def traces_of(subject: str) -> set[str]:
    """What tells of a subject: its word, as it is and as it sounds, its numbers, and what is computed of them without a salt."""
    sent = attributes_of(subject)
    records = CustomerRecord.objects.filter(external_id__startswith=f"{subject}-")
    versions: Any = CustomerRecord
    prints = set(versions.history.filter(id__in=records.values("id")).values_list("fingerprint", flat=True))
    own, others = (
        set(BlockingKey.objects.filter(record_id__in=ids).values_list("key", flat=True))
        for ids in (records.values("id"), CustomerRecord.objects.exclude(pk__in=records.values("id")).values("id"))
    )
    phone = sent["phone"].replace(" ", "")
    return {subject, sent["birth_date"], phone, phone[3:], *prints, *map(str, own - others)} - {""}


def places_of(traces: set[str]) -> set[str]:
    return {place for place, text in everything_in_the_database() for trace in traces if trace in text}


def test_of_whom_is_erased_no_word_number_or_key_is_left_anywhere_and_all_else_goes_on(zoo: Zoo) -> None:
    goldens = {subject: zoo.brings(subject) for subject in SUBJECTS}
    traces = {subject: traces_of(subject) for subject in SUBJECTS}
    before = {subject: places_of(traces[subject]) for subject in SUBJECTS}
    assert all(len(places) > 40 for places in before.values()), before
    for subject in ERASED:
        answer = zoo.caller.post(f"/customers/{goldens[subject]}/erasure", {"reason": "request 17"}, Idempotency_Key=f"erase-{subject[0]}")
        assert answer.status_code == 201
        again = zoo.caller.put(record_address("crm", "customer", f"{subject}-1"), {"attributes": attributes_of(subject)})
        assert again.status_code == 410
    feed.read(0, limit=1000)
    assert {subject: places_of(traces[subject]) for subject in ERASED} == {subject: set() for subject in ERASED}
    assert {subject: places_of(traces[subject]) for subject in SUBJECTS if subject not in ERASED} == {
        subject: places for subject, places in before.items() if subject not in ERASED
    }
    assert [(finding.check.name, finding.offences) for finding in verify() if finding.count] == []
    assert read_from_the_beginning() == {
        row.pk: {name: as_text(getattr(row, name)) for name in CUSTOMER.attribute_names if getattr(row, name) is not None}
        for row in GoldenCustomer.objects.filter(state="active")
    }


def read_from_the_beginning() -> dict[UUID, dict[str, str]]:
    """What somebody has who begins to read the feed now: the golden records that stand, and their values."""
    values: dict[UUID, dict[str, Any]] = {}
    for event in feed.read(0, limit=10_000).events:
        if event.type in {"created", "unmerged"}:
            values[event.golden_id] = event.values_after or {}
        elif event.type == "updated":
            values[event.golden_id] |= event.values_after or {}
        elif event.type in {"merged", "retired", "erased"}:
            values.pop(event.golden_id, None)
    return {key: {name: as_text(value) for name, value in found.items() if value is not None} for key, found in values.items()}
