"""Data stewards see all records, decide on pairs, take merges back and mend rows; they manage nothing else."""

import pytest
from django.contrib.auth.models import Group, Permission

from matching.access import AUDITORS, STEWARDS, ensure_groups
from tests.factories import a_steward

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "right", ["matching.change_reviewtask", "golden_records.change_mergereceipt", "golden_records.change_quarantinedrow"]
)
def test_a_steward_may_decide_undo_and_mend(right: str) -> None:
    assert a_steward().has_perm(right)


@pytest.mark.parametrize(
    "right", ["api.view_apikey", "auth.change_user", "golden_records.change_sourcemapping", "golden_records.change_goldencustomer"]
)
def test_a_steward_manages_neither_people_nor_keys_nor_rules(right: str) -> None:
    assert not a_steward().has_perm(right)


def test_every_right_of_the_group_is_a_permission_that_exists() -> None:
    ensure_groups()
    granted = Group.objects.get(name=STEWARDS).permissions
    assert granted.filter(codename__startswith="view_").exclude(codename__startswith="view_personal_data").count() == 18
    assert granted.filter(codename__startswith="change_").count() == 5


def test_an_auditor_sees_everything_and_changes_nothing() -> None:
    ensure_groups()
    granted = Group.objects.get(name=AUDITORS).permissions
    assert granted.filter(codename="view_auditentry").exists()
    assert not granted.exclude(codename__startswith="view_").exists()


def test_a_group_that_people_changed_is_left_as_it_is() -> None:
    ensure_groups()
    group = Group.objects.get(name=STEWARDS)
    group.permissions.set(Permission.objects.filter(codename="view_goldencustomer"))
    ensure_groups()
    assert list(group.permissions.values_list("codename", flat=True)) == ["view_goldencustomer"]
