"""Data stewards see all records, decide on pairs, take merges back and mend rows; they manage nothing else."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command

from golden_records.limits import SOURCE_OWNERS
from golden_records.models import AuditEntry
from matching.access import ADMINISTRATORS, AUDITORS, LEAD_STEWARDS, STEWARDS, ensure_groups
from tests.factories import a_person, a_steward

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
    assert granted.filter(codename__startswith="view_").exclude(codename__startswith="view_personal_data").count() == 19
    assert granted.filter(codename__startswith="change_").count() == 6


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


@pytest.mark.parametrize(
    ("role", "right", "may"),
    [
        (LEAD_STEWARDS, "golden_records.publish_survivorshipversion", True),
        (LEAD_STEWARDS, "matching.publish_matchconfigversion", True),
        (LEAD_STEWARDS, "auth.change_user", False),
        (LEAD_STEWARDS, "matching.overrule_foureyesrule", True),
        (STEWARDS, "matching.overrule_foureyesrule", False),
        (STEWARDS, "golden_records.add_endorsement", True),
        (STEWARDS, "golden_records.change_endorsement", True),
        (SOURCE_OWNERS, "golden_records.add_endorsement", False),
        (STEWARDS, "matching.publish_matchconfigversion", False),
        (STEWARDS, "golden_records.view_personal_data_customer", True),
        (AUDITORS, "golden_records.view_auditentry", True),
        (AUDITORS, "golden_records.view_accesslimit", True),
        (SOURCE_OWNERS, "golden_records.change_sourcemapping", True),
        (SOURCE_OWNERS, "golden_records.change_quarantinedrow", True),
        (SOURCE_OWNERS, "matching.view_reviewtask", False),
        (SOURCE_OWNERS, "golden_records.change_sourcesystem", False),
        (ADMINISTRATORS, "auth.change_user", True),
        (ADMINISTRATORS, "golden_records.change_accesslimit", True),
        (ADMINISTRATORS, "api.change_apikey", True),
        (ADMINISTRATORS, "golden_records.erase_golden_record", True),
    ],
)
def test_what_a_role_may(role: str, right: str, may: bool) -> None:  # noqa: FBT001 - a column of the table above
    ensure_groups()
    person = a_person()
    person.groups.add(Group.objects.get(name=role))
    assert person.has_perm(right) is may


def test_what_a_role_lacks_after_an_upgrade_is_said_and_granted(capsys: pytest.CaptureFixture[str]) -> None:
    ensure_groups()
    group = Group.objects.get(name=STEWARDS)
    extra = Permission.objects.get(codename="view_apikey")
    group.permissions.remove(*Permission.objects.filter(codename__startswith="view_personal_data"))
    group.permissions.add(extra)
    with pytest.raises(CommandError, match="roles --grant"):
        call_command("roles", "--check")
    told = capsys.readouterr().out
    assert told == ("data steward: lacks golden_records.view_personal_data_customer, golden_records.view_personal_data_project\n")
    call_command("roles", "--grant", STEWARDS)
    assert "Every role has what the table says." in capsys.readouterr().out
    assert extra in group.permissions.all()
    entry = AuditEntry.objects.get(kind="group")
    assert (entry.actor, entry.subject) == ("command:roles", STEWARDS)
    call_command("roles", "--check")


def test_a_role_that_nobody_knows_is_granted_nothing() -> None:
    with pytest.raises(CommandError, match="There is no role chief"):
        call_command("roles", "--grant", "chief")
