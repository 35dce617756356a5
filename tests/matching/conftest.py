"""The words in which the stories of matching are told."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.models import SourceSystem
from golden_records.sources import SourceRecordDraft, store, understand
from matching import runs
from matching.intake import Submission, submit_source_record
from matching.models import MatchRun
from tests.factories import a_steward

CUSTOMER = entity_type("customer")
PROJECT = entity_type("project")

Submit = Callable[..., Submission]
Arrive = Callable[..., None]


def by_test() -> Change:
    return Change(actor="api:test", reason="test")


ACME = {
    "legal_name": "Acme Ingénierie SAS",
    "registration_id": "732829320",
    "email": "contact@acme-ingenierie.fr",
    "phone": "+33 1 42 68 53 00",
    "address_lines": "12 rue de la Paix",
    "postcode": "75002",
    "city": "Paris",
    "country": "FR",
}
ACME_IN_ERP = ACME | {"legal_name": "ACME INGENIERIE", "registration_id": "73282932000074", "city": "PARIS"}


@pytest.fixture
def grace(db: None) -> User:
    """A data steward, and a colleague of hers below."""
    del db
    return a_steward("grace")


@pytest.fixture
def henri(db: None) -> User:
    del db
    return a_steward("henri")


@pytest.fixture
def sources(db: None) -> dict[str, SourceSystem]:
    del db
    return {
        "crm": SourceSystem.objects.create(code="crm", name="CRM", trust=60),
        "erp": SourceSystem.objects.create(code="erp", name="ERP", trust=80),
    }


def draft(source: SourceSystem, external_id: str, entity: str, sent: dict[str, object]) -> SourceRecordDraft:
    at = sent.pop("source_updated_at", None)
    assert at is None or isinstance(at, datetime)
    return SourceRecordDraft(
        entity=entity_type(entity), source=source, external_id=external_id, attributes=sent, payload=None, source_updated_at=at
    )


@pytest.fixture
def submitted(sources: dict[str, SourceSystem]) -> Submit:
    """A source sends one record, which is matched before it is answered."""

    def submit(source: str, external_id: str, *, entity: str = "customer", **attributes: object) -> Submission:
        return submit_source_record(draft(sources[source], external_id, entity, attributes), change=by_test())

    return submit


@pytest.fixture
def arrived(sources: dict[str, SourceSystem]) -> Arrive:
    """A source's record is stored and waits to be matched, as after an import."""

    def arrive(source: str, external_id: str, *, entity: str = "customer", **attributes: object) -> None:
        with transaction.atomic():
            store(entity_type(entity), [understand(draft(sources[source], external_id, entity, attributes))], change=by_test())

    return arrive


@pytest.fixture
def matched() -> Callable[[str], MatchRun]:
    """A matching run over an entity type, to its end."""

    def match(entity: str = "customer") -> MatchRun:
        return runs.work_on(runs.start(entity_type(entity), actor="test").pk)

    return match


@pytest.fixture
def steward(db: None) -> User:
    del db
    return User.objects.create_user("claire", password="not-a-real-one")
