"""Stewards merge, split and move on the pages of golden records: choose, see what would change, say why, undo."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from golden_records.models import CustomerRecord, GoldenCustomer, GoldenProject, MergeReceipt, MoveReceipt, SourceRecord
from matching import review
from matching.models import JudgementValue
from tests.e2e.workplace import HOSTILE, a_customer_with_projects
from tests.factories import a_person, a_record, a_steward, a_task, into

pytestmark = pytest.mark.django_db

ACME: dict[str, Any] = {"legal_name": "Acme Ingénierie SAS", "registration_id": "732829320", "country": "FR"}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_steward())
    return client


@pytest.fixture
def pair() -> tuple[SourceRecord, SourceRecord]:
    """Two records of one golden customer."""
    first = a_record("1", **ACME, city="Lyon")
    return first, into(a_record("2", source="erp", **ACME, city="Paris"), first.golden_id)


def page_of(record: SourceRecord) -> str:
    return reverse("admin:golden_records_goldencustomer_change", args=(record.golden_id,))


def regroup(record: SourceRecord) -> str:
    return reverse("admin:golden_records_goldencustomer_regroup", args=(record.golden_id,))


def text_of(desk: Client, address: str, **query: Any) -> str:
    return desk.get(address, query).content.decode()


def sent(desk: Client, address: str, wish: dict[str, Any], **more: Any) -> Any:
    """What a person sends from the preview, with the fingerprint that it showed."""
    shown = desk.get(address, wish)
    return desk.post(address, {**wish, "preview": shown.context["preview"].fingerprint, "reason": "two firms", **more}, follow=True)


def test_records_are_split_off_on_the_page_of_their_golden_record_and_brought_back(desk: Client, pair: Any) -> None:
    one, two = pair
    page = text_of(desk, page_of(one))
    assert regroup(one) in page
    assert f'name="record" value="{two.pk}"' in page
    wish = {"kind": "split", "record": str(two.pk)}
    shown = text_of(desk, regroup(one), **wish)
    assert "It gets a new canonical id." in shown
    assert "erp · 2" in shown
    assert GoldenCustomer.objects.filter(state="active").count() == 1
    done = sent(desk, regroup(one), wish).content.decode()
    receipt = MoveReceipt.objects.get()
    assert (receipt.reason, receipt.user and receipt.user.username) == ("two firms", "grace")
    undo = reverse("admin:golden_records_movereceipt_undo", args=(receipt.pk,))
    assert undo in done
    assert undo.removesuffix("undo/") in text_of(desk, reverse("admin:golden_records_goldencustomer_history", args=(one.golden_id,)))
    back = desk.post(undo, {"reason": "one firm after all"}, follow=True).content.decode()
    assert "It is undone" in back
    assert "nothing left to undo" in desk.post(undo, follow=True).content.decode()
    assert desk.get(undo).status_code == 405


def test_records_are_moved_to_a_golden_record_that_was_looked_for(desk: Client, pair: Any) -> None:
    one, two = pair
    other = a_record("7", legal_name="Lefebvre Menuiserie")
    wish = {"kind": "move", "record": str(two.pk)}
    found = text_of(desk, regroup(one), **wish, q="lefebvre")
    assert str(other.golden_id) in found
    assert f"record={two.pk}" in found
    assert sent(desk, regroup(one), {**wish, "other": str(other.golden_id)}).status_code == 200
    assert MoveReceipt.objects.get().to_id == other.golden_id


def test_two_are_merged_with_the_survivor_that_was_chosen(desk: Client) -> None:
    one, other = a_record("1", **ACME), a_record("2", source="erp", **ACME)
    a_task(one, other)
    assert str(other.golden_id) in text_of(desk, regroup(one), kind="merge"), "it is asked about"
    wish = {"kind": "merge", "other": str(other.golden_id), "survivor": str(other.golden_id)}
    sent(desk, regroup(one), wish)
    assert MergeReceipt.objects.get().survivor_id == other.golden_id


def test_the_preview_shows_projects_and_figures_before_and_after(desk: Client) -> None:
    customer = a_customer_with_projects()
    project = GoldenProject.objects.get(state="active")
    record = CustomerRecord.objects.get(external_id=project.customer)
    shown = desk.get(regroup(customer), {"kind": "split", "record": str(record.pk)})
    page = shown.content.decode()
    assert str(project.title) in page
    left, made = shown.context["preview"].sides
    assert [figures.projects for _, *pair in left.currencies for figures in pair] == [1, 0]
    ((currency, before, after),) = made.currencies
    assert (currency, before.revenue, after.revenue > after.margin > 0) == ("EUR", 0, True)


def test_an_earlier_judgement_is_shown_and_gives_way_only_when_confirmed(desk: Client) -> None:
    one, other = a_record("1", **ACME), a_record("2", source="erp", **ACME)
    review.decide(a_task(one, other).pk, answer=JudgementValue.DIFFERENT, user=a_steward("claire"), comment="a sister firm")
    wish = {"kind": "merge", "other": str(other.golden_id)}
    shown = text_of(desk, regroup(one), **wish)
    assert "Earlier judgements say otherwise" in shown
    assert "a sister firm" in shown
    assert "claire judged" in sent(desk, regroup(one), wish).content.decode()
    assert not MergeReceipt.objects.exists()
    sent(desk, regroup(one), wish, confirm="yes")
    assert MergeReceipt.objects.exists()


def test_what_changed_since_is_shown_again_instead_of_done(desk: Client, pair: Any) -> None:
    one, two = pair
    into(a_record("3", **ACME), one.golden_id)
    wish = {"kind": "split", "record": str(two.pk)}
    answer = desk.post(regroup(one), {**wish, "preview": "old", "reason": "two firms"})
    assert answer.status_code == 200
    assert "changed since" in answer.content.decode()
    assert "two firms" in answer.content.decode(), "what was written is kept"
    assert not MoveReceipt.objects.exists()
    assert "Say why" in sent(desk, regroup(one), wish, reason=" ").content.decode()


def test_what_can_not_be_done_is_said_on_the_page_of_the_golden_record(desk: Client, pair: Any) -> None:
    one, two = pair
    answer = desk.get(regroup(one), {"kind": "split", "record": [one.pk, two.pk]}, follow=True)
    assert "Some active source record must stay" in answer.content.decode()
    assert desk.get(regroup(one), {"kind": "nothing"}).status_code == 302


def test_who_may_not_gets_no_button_and_no_page(client: Client, pair: Any) -> None:
    person = a_person()
    client.force_login(person)
    assert client.get(regroup(pair[0]), {"kind": "split"}).status_code == 403


def test_nothing_that_a_source_sent_is_markup_in_the_preview(desk: Client) -> None:
    one, other = a_record("<b>1</b>", legal_name=HOSTILE), a_record("2", source="erp", legal_name="Acme")
    page = text_of(desk, regroup(one), kind="merge", other=str(other.golden_id))
    assert "<script>document" not in page
    assert "<b>1</b>" not in page


def test_evidence_that_speaks_against_a_decision_is_told_on_the_page(desk: Client) -> None:
    one, other = a_record("1", **ACME, email="a@acme.fr"), a_record("2", source="erp", **ACME, email="a@acme.fr")
    task = a_task(one, other)
    assert "Evidence speaks against" not in text_of(desk, page_of(one))
    review.decide(task.pk, answer=JudgementValue.DIFFERENT, user=a_steward("claire"), comment="a sister firm")
    page = text_of(desk, page_of(one))
    assert "Evidence speaks against these decisions" in page
    assert "a sister firm" in page
