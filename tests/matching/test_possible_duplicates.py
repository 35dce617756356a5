"""Two golden records that might be one: a person is asked, nothing is guessed, and what people decided before is not asked again."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from golden_records.change import Change
from golden_records.models import CustomerRecord, GoldenCustomer, GoldenState
from matching import contradictions, regrouping
from matching.models import ReviewTask, TaskKind, TaskState
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import look
from tests.matching.conftest import ACME, ACME_IN_ERP, CUSTOMER, Submit

pytestmark = pytest.mark.django_db

NAME = "Acme Ingénierie SAS"
ONE = {"legal_name": NAME, "registration_id": "732829320", "country": "FR"}
OTHER = {name: value for name, value in ACME.items() if name != "registration_id"}
OTHER_NUMBER = {"registration_id": "552100554", "vat_id": "FR83404833048"}


def standing() -> int:
    return GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count()


def open_kinds() -> list[str]:
    return list(ReviewTask.objects.filter(state=TaskState.OPEN).values_list("kind", flat=True))


def test_a_record_that_fits_two_golden_records_joins_the_better_and_a_person_is_asked_about_the_other(submitted: Submit) -> None:
    one, other = submitted("crm", "1", **ONE), submitted("erp", "2", **OTHER)
    assert one.canonical_id != other.canonical_id
    both = submitted("crm", "3", **ACME)
    assert both.canonical_id in {one.canonical_id, other.canonical_id}
    assert standing() == 2
    assert len(open_kinds()) == 1


def test_two_strong_ids_that_point_at_two_golden_records_are_no_reason_to_merge_them(submitted: Submit) -> None:
    one = submitted("crm", "1", **(ACME | {"vat_id": "FR44732829320"}))
    other = submitted("erp", "2", **(ACME | OTHER_NUMBER))
    assert one.canonical_id != other.canonical_id
    mixed: dict[str, Any] = ACME | {"registration_id": "732829320", "vat_id": OTHER_NUMBER["vat_id"]}
    submitted("crm", "3", **mixed)
    assert standing() >= 2
    assert {one.canonical_id, other.canonical_id} <= set(
        GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).values_list("pk", flat=True)
    )
    assert set(open_kinds()) <= {TaskKind.POSSIBLE_DUPLICATE, TaskKind.POSSIBLE_MATCH}
    assert open_kinds()


def test_what_was_answered_different_is_not_asked_again_and_told_as_a_contradiction(submitted: Submit, steward: User) -> None:
    golden_id = submitted("crm", "1", **ACME).canonical_id
    assert submitted("erp", "2", **ACME_IN_ERP).canonical_id == golden_id
    record = CustomerRecord.objects.get(external_id="2")
    change = Change(actor="steward:claire", reason="a sister firm", user_id=steward.pk)
    wish = Regrouping(RegroupKind.SPLIT, golden_id, record_ids=(record.pk,))
    regrouping.carry_out(CUSTOMER, wish, fingerprint=look(CUSTOMER, wish, change=change).fingerprint, change=change)
    submitted("erp", "2", **(ACME_IN_ERP | {"satisfaction": "7"}))
    assert (standing(), open_kinds()) == (2, [])
    assert [(each.author, each.comment) for each in contradictions.on(CUSTOMER, golden_id)] == [("claire", "a sister firm")]
