"""What limits and masks come to: how those of groups and persons combine, what is shown, and that nothing shown is ever stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from golden_records import limits, viewing
from golden_records.errors import MdmError
from golden_records.limits import SOURCE_OWNERS, viewer_of
from golden_records.models import AccessLimit, AuditEntry, CustomerRecord, GoldenCustomer, SourceSystem
from golden_records.shielding import MaskedRow
from golden_records.viewing import Viewer, mark
from matching.access import LEAD_STEWARDS, STEWARDS, ensure_groups
from tests.factories import a_change, a_person, a_record, a_source, a_steward, into
from tests.matching.access.world import one_who_sees_no_persons

MARA = Viewer("1", masked=frozenset({"customer"}))


@contextmanager
def seen_by(viewer: Viewer, *, looks: bool = True) -> Iterator[None]:
    with viewing.asked_by(lambda: viewer, looks=looks):
        yield


def a_limit(*, user: User | None = None, group: str = "", sources: tuple[str, ...] = (), entities: tuple[str, ...] = ()) -> None:
    named = Group.objects.get(name=group) if group else None
    limits.save_limit(AccessLimit(user=user, group=named, sources=list(sources), entities=list(entities)), change=a_change())


def sources_of(user: User) -> frozenset[str] | None:
    viewer = viewer_of(User.objects.get(pk=user.pk))
    return viewer.sources if viewer is not None else None


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_equal_values_have_equal_marks_and_a_mark_tells_no_more_than_the_first_letter(one: str, other: str) -> None:
    if one == other:
        assert mark(one, MARA) == mark(other, MARA)
    told = str(mark(one, MARA))
    assert told == str(mark(one, MARA))
    assert len(one) < 6 or one not in told


def test_marks_are_ones_own() -> None:
    assert mark("Lefèvre", MARA) != mark("Lefèvre", Viewer("2", masked=frozenset({"customer"})))
    assert str(mark("Lefèvre", MARA)).startswith("L•••• (7 letters, #")
    assert str(mark(date(1979, 4, 2), MARA)).startswith("•••• (a date, #")
    assert str(mark("+33140201010", MARA)).startswith("•••• (12 letters, #")
    assert str(mark("Li", MARA)).startswith("•••• (2 letters, #")
    assert mark(mark("Lefèvre", MARA), MARA) == mark("Lefèvre", MARA)


@pytest.mark.django_db
def test_a_row_is_shielded_for_whoever_looks_and_for_nobody_who_writes() -> None:
    record = a_record("1", legal_name="Acme", family_name="Lefèvre", birth_date="1979-04-02")
    with seen_by(MARA):
        shown = GoldenCustomer.objects.get(pk=record.golden_id)
        assert (shown.legal_name, str(shown.family_name)[:5]) == ("Acme", "L••••")
        assert "1979" not in str(CustomerRecord.objects.get(pk=record.pk).payload)
        entry = GoldenCustomer.history.filter(id=record.golden_id).latest()
        assert str(entry.family_name).startswith("L••••")
        with viewing.plainly():
            assert GoldenCustomer.objects.get(pk=record.golden_id).family_name == "Lefèvre"
        with pytest.raises(MaskedRow):
            shown.save()
    with seen_by(MARA, looks=False):
        assert GoldenCustomer.objects.get(pk=record.golden_id).family_name == "Lefèvre"
        viewing.look()
        assert GoldenCustomer.objects.get(pk=record.golden_id).family_name != "Lefèvre"
    assert GoldenCustomer.objects.get(pk=record.golden_id).family_name == "Lefèvre"


@pytest.mark.django_db
def test_of_a_mixed_golden_record_the_values_of_other_sources_are_hidden_also_where_the_lineage_was_not_loaded() -> None:
    ours = a_record("1", legal_name="Acme", updated=None)
    into(a_record("9", source="erp", industry="Energy"), ours.golden_id)
    crm = Viewer("1", sources=frozenset({"crm"}), source_ids=frozenset({SourceSystem.objects.get(code="crm").pk}))
    with seen_by(crm):
        shown = GoldenCustomer.objects.get(pk=ours.golden_id)
        assert shown.legal_name == "Acme"
        assert shown.industry == viewing.hidden()
        assert GoldenCustomer.objects.defer("lineage").get(pk=ours.golden_id).legal_name == viewing.hidden()
        theirs = CustomerRecord.objects.get(source__code="erp")
        assert (theirs.external_id, theirs.industry, theirs.payload) == (viewing.hidden(), viewing.hidden(), {})


@pytest.mark.django_db
def test_nothing_is_kept_from_a_steward_without_a_limit() -> None:
    assert viewer_of(a_steward()) is None
    assert viewer_of(User.objects.create_superuser("root", password="x")) is None


@pytest.mark.django_db
def test_what_groups_allow_adds_up_and_what_is_said_of_a_person_narrows_it() -> None:
    for code in ("crm", "erp", "shop"):
        a_source(code)
    steward = a_steward()
    steward.groups.add(Group.objects.get(name=LEAD_STEWARDS))
    a_limit(group=STEWARDS, sources=("crm",))
    assert sources_of(steward) == frozenset({"crm"})
    a_limit(group=LEAD_STEWARDS, sources=("erp",))
    assert sources_of(steward) == frozenset({"crm", "erp"})
    a_limit(user=steward, sources=("erp", "shop"))
    assert sources_of(steward) == frozenset({"erp"})


@pytest.mark.django_db
def test_a_group_that_limits_entity_types_alone_allows_all_sources() -> None:
    a_source("crm")
    steward = a_steward()
    steward.groups.add(Group.objects.get(name=LEAD_STEWARDS))
    a_limit(group=STEWARDS, sources=("crm",), entities=("customer",))
    a_limit(group=LEAD_STEWARDS, entities=("project",))
    viewer = viewer_of(User.objects.get(pk=steward.pk))
    assert viewer is not None
    assert (viewer.entities, viewer.sources) == (frozenset({"customer", "project"}), None)


@pytest.mark.django_db
def test_a_source_owner_sees_nothing_until_a_limit_names_their_sources(client: Client) -> None:
    a_record("1", legal_name="Acme")
    ensure_groups()
    owner = a_person("otto")
    owner.groups.add(Group.objects.get(name=SOURCE_OWNERS))
    client.force_login(owner)
    assert "Acme" not in client.get("/admin/golden_records/goldencustomer/").content.decode()
    a_limit(user=owner, sources=("crm",))
    assert "Acme" in client.get("/admin/golden_records/goldencustomer/").content.decode()
    assert client.get("/admin/matching/reviewtask/").status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(("sources", "entities"), [(("unheard",), ()), ((), ("supplier",))])
def test_a_limit_names_what_there_is(sources: tuple[str, ...], entities: tuple[str, ...]) -> None:
    with pytest.raises(MdmError, match="There is no"):
        a_limit(user=a_steward(), sources=sources, entities=entities)
    with pytest.raises(MdmError, match="of one person or of one group"):
        a_limit()


@pytest.mark.django_db
def test_limits_are_made_changed_and_removed_in_the_admin_with_history_and_audit(client: Client) -> None:
    a_source("crm")
    steward, root = a_steward(), User.objects.create_superuser("root", password="x")
    client.force_login(root)
    add = "/admin/golden_records/accesslimit/add/"
    assert "Choose one person or one group." in client.post(add, {"sources": ["crm"]}).content.decode()
    assert "it would limit nothing" in client.post(add, {"user": steward.pk}).content.decode()
    assert client.post(add, {"user": steward.pk, "sources": ["crm"]}).status_code == 302
    limit = AccessLimit.objects.get()
    change = reverse("admin:golden_records_accesslimit_change", args=(limit.pk,))
    client.post(change, {"user": steward.pk, "entities": ["customer"]})
    limit.refresh_from_db()
    assert (limit.entities, limit.sources) == (["customer"], [])
    assert "customer" in client.get(reverse("admin:golden_records_accesslimit_history", args=(limit.pk,))).content.decode()
    client.post(reverse("admin:golden_records_accesslimit_delete", args=(limit.pk,)), {"post": "yes"})
    told = AuditEntry.objects.filter(kind="accesslimit").order_by("pk").values_list("actor", "action")
    assert list(told) == [("steward:root", "created"), ("steward:root", "changed"), ("steward:root", "deleted")]
    assert {entry.history_type for entry in AccessLimit.history.all()} == {"+", "~", "-"}


@pytest.mark.django_db
def test_a_masked_auditor_is_given_reports_without_personal_columns(client: Client) -> None:
    masked = one_who_sees_no_persons()
    client.force_login(masked)
    page = client.get("/admin/matching/reportjob/make/changes/").content.decode()
    assert "Before" not in page.partition("<form")[0]
    assert client.get("/admin/matching/reportjob/").status_code == 200


@pytest.mark.django_db
def test_a_limited_person_is_offered_no_report(client: Client) -> None:
    a_source("crm")
    steward = a_steward()
    a_limit(user=steward, sources=("crm",))
    client.force_login(steward)
    assert "/make/" not in client.get("/admin/matching/reportjob/").content.decode()
    assert client.get("/admin/matching/reportjob/make/changes/").status_code == 404


@pytest.mark.django_db
def test_lists_take_as_many_queries_for_many_as_for_one_also_for_a_limited_person(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    a_record("1", legal_name="Acme", family_name="L")
    steward = a_steward()
    steward.groups.clear()
    steward.user_permissions.set(Permission.objects.filter(codename="view_goldencustomer"))
    a_limit(user=steward, sources=("crm",))
    client.force_login(steward)
    client.get("/admin/golden_records/goldencustomer/")
    with django_assert_max_num_queries(18) as few:
        client.get("/admin/golden_records/goldencustomer/")
    for number in range(8):
        into(a_record(f"e{number}", source="erp", industry="x"), a_record(f"m{number}", legal_name=f"Firm {number}").golden_id)
    with django_assert_max_num_queries(len(few)):
        client.get("/admin/golden_records/goldencustomer/")
