"""An administrator says where it takes two stewards, and which reasons there are to choose from; who changed what is kept."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from golden_records.models import AuditEntry
from matching.models import FourEyesRule, ReasonCode
from tests.factories import a_steward

pytestmark = pytest.mark.django_db
RULE = {"entity": "customer", "value_from": "100000", "is_active": "on", "reason": "agreed with audit"}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def make(desk: Client, model: str, **given: object) -> Any:
    return desk.post(reverse(f"admin:matching_{model}_add"), given)


def test_a_rule_is_made_changed_and_its_history_says_by_whom(desk: Client) -> None:
    assert make(desk, "foureyesrule", **RULE).status_code == 302
    rule = FourEyesRule.objects.get()
    desk.post(reverse("admin:matching_foureyesrule_change", args=(rule.pk,)), {**RULE, "is_active": ""})
    rule.refresh_from_db()
    assert not rule.is_active
    entries = rule.history.order_by("history_id").values_list("history_type", "actor", "is_active")
    assert list(entries) == [("+", "steward:root", True), ("~", "steward:root", False)]
    assert AuditEntry.objects.filter(kind="foureyesrule").count() == 2


@pytest.mark.parametrize("wrong", [{"entity": "ship"}, {"value_from": "-1"}, {"value_from": "much"}, {"reason": ""}])
def test_a_rule_that_makes_no_sense_is_refused_with_why(desk: Client, wrong: dict[str, str]) -> None:
    response = make(desk, "foureyesrule", **{**RULE, **wrong})
    assert response.status_code == 200
    assert set(response.context_data["adminform"].form.errors) == set(wrong)
    assert not FourEyesRule.objects.exists()


@pytest.mark.parametrize("value", ["100000", ""])
def test_the_same_rule_twice_is_refused(desk: Client, value: str) -> None:
    assert make(desk, "foureyesrule", **{**RULE, "value_from": value}).status_code == 302
    assert "There is a rule for this" in make(desk, "foureyesrule", **{**RULE, "value_from": value}).content.decode()


def test_a_reason_is_put_out_of_use_and_keeps_its_code(desk: Client) -> None:
    code = ReasonCode.objects.order_by("position").first()
    assert code is not None
    given = {"code": "another", "answer": "same", "label": "Same number", "position": 5}
    desk.post(reverse("admin:matching_reasoncode_change", args=(code.pk,)), given)
    changed = ReasonCode.objects.get(pk=code.pk)
    assert (changed.code, changed.label, changed.is_active) == (code.code, "Same number", False)
    assert changed.history.latest().actor == "steward:root"


def test_stewards_can_not_change_the_rules_that_bind_them(client: Client) -> None:
    client.force_login(a_steward())
    for model in ("foureyesrule", "reasoncode"):
        assert client.get(reverse(f"admin:matching_{model}_changelist")).status_code == 403
        assert make(client, model, **RULE).status_code == 403
