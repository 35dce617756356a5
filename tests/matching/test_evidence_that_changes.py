"""A source changes its record, and what held it in its golden record no longer does: told by stories, with the real engine."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from golden_records.models import ChangeEvent, CustomerRecord, GoldenCustomer, GoldenState
from matching import review, verifying
from matching.admin.review_page import review_page
from matching.models import JudgementValue, ReviewTask, TaskKind, TaskState
from tests.factories import a_steward
from tests.matching.conftest import ACME, ACME_IN_ERP, Arrive, Submit

pytestmark = pytest.mark.django_db

OTHER: dict[str, Any] = {
    "legal_name": "Lefebvre Menuiserie",
    "registration_id": "542051180",
    "city": "Lyon",
    "postcode": "69002",
    "country": "FR",
}
WEAKER: dict[str, Any] = {"legal_name": "Acme Ingénierie SAS", "country": "FR"}


def home_of(external_id: str) -> UUID:
    found = CustomerRecord.objects.get(external_id=external_id).golden_id
    assert found is not None
    return found


def assert_nothing_is_broken() -> None:
    assert [finding.offences for finding in verifying.verify() if finding.count] == []


def test_a_record_that_became_another_customer_leaves_with_a_reason(submitted: Submit) -> None:
    first = submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    moved = submitted("erp", "K1", **OTHER)
    assert home_of("1") == first.canonical_id != moved.canonical_id
    entry = CustomerRecord.history.filter(external_id="K1").latest()
    assert entry.history_change_reason == "test: what held it in its golden record no longer does"
    told = set(ChangeEvent.objects.filter(external_id="K1").values_list("type", "golden_id"))
    assert {("unlinked", first.canonical_id), ("linked", moved.canonical_id)} <= told
    assert GoldenCustomer.objects.get(pk=first.canonical_id).member_count == 1
    assert_nothing_is_broken()


def test_one_that_leaves_joins_the_golden_record_that_fits(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    other = submitted("crm", "2", **OTHER)
    assert submitted("erp", "K1", **OTHER).canonical_id == other.canonical_id
    assert_nothing_is_broken()


def test_one_whose_evidence_weakened_stays_and_a_steward_is_asked(submitted: Submit, steward: User) -> None:
    first = submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    assert submitted("erp", "K1", **WEAKER).canonical_id == first.canonical_id
    task = ReviewTask.objects.get()
    assert (task.kind, task.left_golden_id, task.right_golden_id) == (
        TaskKind.EVIDENCE_WEAKENED,
        first.canonical_id,
        first.canonical_id,
    )
    submitted("erp", "K1", **(WEAKER | {"segment": "A"}))
    assert ReviewTask.objects.count() == 1
    assert_nothing_is_broken()
    review.decide(task.pk, answer=JudgementValue.SAME, user=steward)
    submitted("erp", "K1", **OTHER)
    assert home_of("K1") == first.canonical_id
    assert_nothing_is_broken()


def test_a_steward_may_part_the_two(submitted: Submit, steward: User) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    submitted("erp", "K1", **WEAKER)
    task = ReviewTask.objects.get()
    review.decide(task.pk, answer=JudgementValue.DIFFERENT, user=steward)
    assert home_of("1") != home_of("K1")
    assert_nothing_is_broken()
    undone = review.undo(task.pk, user=steward)
    assert (undone.state, undone.kind) == (TaskState.OPEN, TaskKind.POSSIBLE_MATCH)
    review.decide(task.pk, answer=JudgementValue.SAME, user=steward)
    assert home_of("1") == home_of("K1")
    assert_nothing_is_broken()


def test_the_question_is_obsolete_when_the_evidence_is_back(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    submitted("erp", "K1", **WEAKER)
    submitted("erp", "K1", **ACME_IN_ERP)
    assert ReviewTask.objects.get().state == TaskState.OBSOLETE
    assert_nothing_is_broken()


def test_what_a_steward_put_together_stays_whatever_becomes_of_the_evidence(submitted: Submit, steward: User) -> None:
    submitted("crm", "1", **WEAKER)
    submitted("erp", "K1", **WEAKER)
    review.decide(ReviewTask.objects.get().pk, answer=JudgementValue.SAME, user=steward)
    together = home_of("1")
    submitted("erp", "K1", **OTHER)
    submitted("crm", "1", **ACME)
    assert home_of("1") == home_of("K1") == together
    assert CustomerRecord.objects.get(external_id="K1").link_source == "manual"
    assert_nothing_is_broken()


def test_what_a_record_held_together_comes_apart_with_it(submitted: Submit) -> None:
    submitted("crm", "1", legal_name="Acme Ingénierie SAS", registration_id="732829320", country="FR")
    submitted("erp", "K1", **ACME_IN_ERP)
    submitted("crm", "3", legal_name="Acme Ingénierie SAS", email=ACME["email"], phone=ACME["phone"], country="FR")
    golden = GoldenCustomer.objects.filter(state=GoldenState.ACTIVE)
    if golden.count() == 1:
        submitted("erp", "K1", **OTHER)
        assert home_of("K1") not in {home_of("1"), home_of("3")}
    assert_nothing_is_broken()


def test_an_import_that_takes_the_evidence_away_waits_for_the_same_rules(submitted: Submit, arrived: Arrive, matched: Any) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    together = home_of("1")
    arrived("erp", "K1", **OTHER)
    matched()
    assert CustomerRecord.objects.get(external_id="K1").match_state == "pending"
    assert home_of("K1") == together


def test_a_question_whose_evidence_is_gone_is_obsolete(submitted: Submit) -> None:
    submitted("crm", "1", **WEAKER)
    submitted("erp", "K1", **WEAKER)
    submitted("erp", "K1", **OTHER)
    assert ReviewTask.objects.get().state == TaskState.OBSOLETE
    assert_nothing_is_broken()


def test_a_steward_sees_both_records_side_by_side_and_answers(submitted: Submit, client: Client) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    submitted("erp", "K1", **WEAKER)
    task = ReviewTask.objects.get()
    client.force_login(a_steward())
    page = client.get(reverse("admin:matching_reviewtask_change", args=(task.pk,))).content.decode()
    assert "Do these two still belong together?" in page
    assert ACME["city"] in page
    columns = page.split('aria-labelledby="compare-h"')[1].split("</thead>")[0]
    assert all(name in columns for name in ("CRM · <bdi>1</bdi>", "ERP · <bdi>K1</bdi>"))
    assert "source records" not in columns
    assert client.get("/admin/matching/reviewtask/").status_code == 200
    client.post(reverse("admin:matching_reviewtask_decide", args=(task.pk,)), {"answer": "different", "version": task.version})
    assert home_of("1") != home_of("K1")


def test_the_page_of_a_question_that_a_change_raised_tells_what_was_before(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    submitted("erp", "K1", **ACME_IN_ERP)
    assert submitted("erp", "K1", **WEAKER).outcome
    task = ReviewTask.objects.get()
    (change,) = review_page(task).changes or ()
    assert (change.source, change.external_id, change.raised, change.at) == ("erp", "K1", True, task.opened_at)
    city = next(each for each in change.attributes if each.label == "City")
    assert ("".join(segment.text for segment in city.before), city.after) == (ACME["city"], ())
    submitted("crm", "1", **(ACME | {"segment": "A"}))
    newest = (review_page(task).changes or ())[0]
    assert (newest.source, newest.raised, [each.label for each in newest.attributes]) == ("crm", False, ["Segment"])


def test_only_a_question_that_a_change_raised_tells_of_changes(submitted: Submit) -> None:
    submitted("crm", "1", **WEAKER)
    submitted("erp", "K1", **WEAKER)
    assert review_page(ReviewTask.objects.get()).changes is None
