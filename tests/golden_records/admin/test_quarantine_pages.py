"""Rows that could not be taken are mended, replayed or dismissed in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from golden_records.entities import entity_type
from golden_records.errors import RejectedRecord
from golden_records.models import CustomerRecord, QuarantinedRow, QuarantineState
from golden_records.quarantine import keep
from golden_records.sources import SourceRecordDraft, understand
from tests.factories import a_change, a_person, a_source, a_steward

pytestmark = pytest.mark.django_db

LIST = "/admin/golden_records/quarantinedrow/"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_steward())
    return client


def a_row(**attributes: object) -> QuarantinedRow:
    """A record that its source sent in the names of the data dictionary, and that can't be taken."""
    draft = SourceRecordDraft(entity=entity_type("project"), source=a_source(), external_id="P-1", attributes=attributes)
    with pytest.raises(RejectedRecord) as rejected:
        understand(draft)
    return keep(draft, rejected.value, change=a_change("sent"))


def test_a_row_is_listed_with_what_is_wrong_and_what_to_do(desk: Client) -> None:
    row = a_row(code="X-1", title="")
    assert "title" in desk.get(LIST).content.decode()
    page = desk.get(f"{LIST}{row.pk}/change/").content.decode()
    assert "What is wrong" in page
    assert row.problems[0]["reason"] in page.replace("&#x27;", "'").replace("&quot;", '"')


def test_a_mended_row_is_taken(desk: Client) -> None:
    row = a_row(code="X-1", title="")
    answer = desk.post(
        reverse("admin:golden_records_quarantinedrow_replay", args=(row.pk,)),
        {"value:code": "X-1", "value:title": "Grid study"},
        follow=True,
    )
    assert "Taken" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == QuarantineState.REPLAYED
    assert row.resolved_by is not None
    assert entity_type("project").record._default_manager.get(external_id="P-1").title == "Grid study"  # type: ignore[attr-defined]


def test_what_is_still_wrong_stays_in_quarantine_with_its_problems(desk: Client) -> None:
    row = a_row(code="X-1", title="")
    answer = desk.post(
        reverse("admin:golden_records_quarantinedrow_replay", args=(row.pk,)), {"value:code": "X-2", "value:title": ""}, follow=True
    )
    assert "Not yet" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == QuarantineState.OPEN


def test_a_row_is_dismissed_only_with_a_reason(desk: Client) -> None:
    row = a_row(title="")
    address = reverse("admin:golden_records_quarantinedrow_dismiss", args=(row.pk,))
    assert "Say why" in desk.post(address, {"reason": " "}, follow=True).content.decode()
    desk.post(address, {"reason": "a line of totals"})
    row.refresh_from_db()
    assert row.state == QuarantineState.DISMISSED
    assert "a line of totals" in desk.get(f"{LIST}{row.pk}/change/").content.decode()


def test_a_row_that_is_done_with_says_so(desk: Client) -> None:
    row = a_row(title="")
    address = reverse("admin:golden_records_quarantinedrow_dismiss", args=(row.pk,))
    desk.post(address, {"reason": "twice"})
    assert "already" in desk.post(address, {"reason": "twice"}, follow=True).content.decode()


def test_hostile_columns_and_values_are_shown_as_text(desk: Client) -> None:
    row = a_row(title="", code='"><img src=x onerror=alert(1)>')
    for address in (LIST, f"{LIST}{row.pk}/change/"):
        assert "<img src=x" not in desk.get(address).content.decode()


def test_who_may_not_mend_is_refused(client: Client) -> None:
    row = a_row(title="")
    client.force_login(a_person())
    assert client.post(reverse("admin:golden_records_quarantinedrow_dismiss", args=(row.pk,)), {"reason": "mine"}).status_code == 403
    assert client.get(reverse("admin:golden_records_quarantinedrow_replay", args=(row.pk,))).status_code == 405
    assert CustomerRecord.objects.count() == 0
    assert QuarantinedRow.objects.get().state == QuarantineState.OPEN
