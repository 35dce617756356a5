"""An auditor looks at who did what and who read what, and changes nothing."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from golden_records import auditing, sealing
from golden_records.auditing import Reading
from golden_records.chain import AUDIT
from golden_records.models import AuditEntry
from golden_records.models.golden import new_canonical_id
from golden_records.source_systems import save_source
from matching.access import AUDITORS, ensure_groups
from tests.factories import a_change, a_person, a_steward

pytestmark = pytest.mark.django_db

LOG = "/admin/golden_records/auditentry/"


@pytest.fixture
def auditor(client: Client) -> Client:
    ensure_groups()
    person = a_person("ada")
    person.groups.add(Group.objects.get(name=AUDITORS))
    client.force_login(person)
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_what_was_done_is_listed_and_shown_with_its_link_of_the_chain(auditor: Client) -> None:
    golden_id = new_canonical_id()
    source = save_source("crm", {"name": "CRM", "trust": 70}, change=a_change("the first source"))
    auditing.reading(Reading("customer", [golden_id], ["email"]), change=a_change("asked for it"))
    sealing.seal(AUDIT)
    listed = page(auditor, LOG)
    for told in (f"Source system {source.pk}", str(golden_id), "e-mail", "read", "created"):
        assert told in listed
    entry = AuditEntry.objects.get(kind="sourcesystem")
    shown = page(auditor, f"{LOG}{entry.pk}/change/")
    for told in ("the first source", "CRM", "70", bytes(entry.seal.hash).hex()):
        assert told in shown


def test_entries_are_narrowed_to_a_kind_of_which_there_are_some(auditor: Client) -> None:
    auditing.reading(Reading("customer", [new_canonical_id()], ["email"]), change=a_change("asked for it"))
    told = f"Source system {save_source('crm', {'name': 'CRM'}, change=a_change()).pk}"
    whole = page(auditor, LOG)
    assert "?kind=sourcesystem" in whole
    assert "?kind=customer" in whole
    assert "?kind=project" not in whole
    assert told in page(auditor, f"{LOG}?kind=sourcesystem")
    assert told not in page(auditor, f"{LOG}?kind=customer")


def test_what_one_author_did_is_found(auditor: Client) -> None:
    told = f"Source system {save_source('crm', {'name': 'CRM'}, change=a_change()).pk}"
    assert told in page(auditor, f"{LOG}?q=command:test")
    assert told not in page(auditor, f"{LOG}?q=command:other")


def test_a_list_costs_the_same_whatever_is_on_it(auditor: Client) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(auditor, LOG)
        return len(captured)

    save_source("crm", {"name": "CRM"}, change=a_change())
    before = statements()
    for number in range(20):
        save_source(f"s{number}", {"name": "S"}, change=a_change())
    sealing.seal(AUDIT)
    assert statements() == before


def test_a_steward_has_no_business_here(client: Client) -> None:
    client.force_login(a_steward())
    assert client.get(LOG).status_code == 403


def test_what_was_erased_is_shown_as_erased(auditor: Client) -> None:
    auditing.reading(Reading("customer", [new_canonical_id()], ["email"], subject="crm/1"), change=a_change())
    AuditEntry.objects.update(subject=None, content=None, reason=None, salt=None)
    assert "was erased" in page(auditor, f"{LOG}{AuditEntry.objects.get().pk}/change/")
