"""On the page of a golden record: who confirmed it, what changed since, and the buttons; and where else the mark is shown."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from golden_records.models import Endorsement, MergeReceipt, SourceRecord
from matching.access import LEAD_STEWARDS
from tests.factories import a_person, a_record, a_steward, a_task, into
from tests.matching.access.world import a_limited, one_who_sees_no_persons
from tests.matching.eyes import a_rule, confirm, home, merge

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_steward())
    return client


@pytest.fixture
def pair() -> tuple[SourceRecord, SourceRecord]:
    return a_record("1", legal_name="Acme", city="Lyon"), a_record("2", source="erp", legal_name="Acme Conseil", city="Lyon")


def address(record: SourceRecord, act: str = "change") -> str:
    return reverse(f"admin:golden_records_goldencustomer_{act}", args=(home(record),))


def page(client: Client, record: SourceRecord) -> str:
    return client.get(address(record)).content.decode()


def a_lead() -> User:
    lead = a_steward("lena")
    lead.groups.set([Group.objects.get(name=LEAD_STEWARDS)])
    return lead


def test_a_steward_confirms_with_a_reason_and_the_page_says_what_changed_since(desk: Client, pair: Any) -> None:
    one, _two = pair
    assert "not yet" in page(desk, one)
    done = desk.post(address(one, "confirm"), {"version": "1", "reason": "<b>I called</b>"}, follow=True).content.decode()
    assert "Confirmed as it is, at version 1" in done
    assert "&lt;b&gt;I called" in done
    assert Endorsement.objects.get().owner == "steward:grace"
    into(a_record("3", legal_name="Acme", city="Paris", phone="+33142685300"), home(one))
    assert "Confirmed at version 1, 1 change since" in page(desk, one)
    assert "you looked at version 1" in desk.post(
        address(one, "confirm"), {"version": "1", "reason": "again"}, follow=True
    ).content.decode().replace("&#x27;", "'")
    desk.post(address(one, "confirm"), {"version": "2", "reason": "again"})
    assert "Confirmed as it is, at version 2" in page(desk, one)


def test_it_is_taken_off_with_a_reason_and_the_story_tells_both(desk: Client, pair: Any) -> None:
    one, _two = pair
    desk.post(address(one, "confirm"), {"version": "1", "reason": "I called"})
    assert "Say why" in desk.post(address(one, "unconfirm"), {"reason": " "}, follow=True).content.decode()
    desk.post(address(one, "unconfirm"), {"reason": "they moved"})
    assert not Endorsement.objects.get().stands
    story = desk.get(address(one, "history")).content.decode()
    assert "confirmed it, as it was at version 1" in story
    assert "took the mark &#x27;confirmed&#x27; off" in story
    assert "they moved" in story


def test_the_mark_of_what_was_merged_away_is_on_the_page_of_the_survivor(desk: Client, pair: Any) -> None:
    one, two = pair
    grace = User.objects.get(username="grace")
    confirm(two, grace)
    merge(one, two, grace)
    shown = page(desk, one)
    assert "under an id that was merged into this" in shown
    assert str(home(two)) in shown
    answer = desk.post(address(two, "unconfirm"), {"reason": "no longer"})
    assert answer.headers["Location"] == address(one)


def test_who_may_not_or_does_not_see_all_of_it_neither_confirms_nor_takes_off(client: Client, pair: Any) -> None:
    one, two = pair
    into(two, home(one))
    confirm(one, a_steward("claire"))
    reader = a_person()
    reader.user_permissions.set(
        Permission.objects.filter(codename__in=("view_goldencustomer", "view_customerrecord", "view_personal_data_customer"))
    )
    for person, acts in (
        (reader, ("confirm", "unconfirm")),
        (one_who_sees_no_persons(), ("confirm",)),
        (a_limited(sources=("erp",)), ("confirm",)),
    ):
        client.force_login(person)
        assert address(one, "confirm") not in page(client, one)
        for act in acts:
            assert client.post(address(one, act), {"version": "2", "reason": "x"}).status_code == 403
    assert client.get(address(one, "confirm")).status_code == 405


@pytest.mark.parametrize(("asked", "found"), [("yes", {"1", "3"}), ("changed", {"3"}), ("no", {"2", "5"})])
def test_the_list_has_those_that_are_confirmed_and_those_that_changed_since(desk: Client, asked: str, found: set[str]) -> None:
    grace = User.objects.get(username="grace")
    records = {str(number): a_record(str(number), legal_name=f"Firm {number}") for number in range(1, 6)}
    confirm(records["1"], grace)
    confirm(records["4"], grace)
    merge(records["3"], records["4"], grace)
    rows = desk.get(reverse("admin:golden_records_goldencustomer_changelist"), {"confirmed": asked}).context["cl"].result_list
    assert {row.pk for row in rows} == {home(records[number]) for number in found}


def test_the_queue_and_the_page_of_a_question_show_a_sign_in_as_many_queries_as_without(
    desk: Client, pair: Any, django_assert_max_num_queries: Any
) -> None:
    task = a_task(*pair)
    queue, question = reverse("admin:matching_reviewtask_changelist"), reverse("admin:matching_reviewtask_change", args=(task.pk,))
    with django_assert_max_num_queries(40) as few:
        desk.get(queue)
    with django_assert_max_num_queries(40) as on_page:
        desk.get(question)
    confirm(pair[1], User.objects.get(username="grace"))
    with django_assert_max_num_queries(len(few)):
        listed = desk.get(queue).content.decode()
    with django_assert_max_num_queries(len(on_page)):
        shown = desk.get(question).content.decode()
    for text in (listed, shown):
        assert text.count('class="mdm-confirmed"') == 1
        assert "Confirmed by grace on" in text


# --- where it takes two ---


def preview(client: Client, one: SourceRecord, other: SourceRecord) -> Any:
    return client.get(address(one, "regroup"), {"kind": "merge", "other": str(home(other))})


def sent(client: Client, one: SourceRecord, other: SourceRecord, **more: str) -> str:
    fingerprint = preview(client, one, other).context["preview"].fingerprint
    wish = {"kind": "merge", "other": str(home(other)), "preview": fingerprint, "reason": "one firm", **more}
    return str(client.post(address(one, "regroup"), wish, follow=True).content.decode())


def test_a_steward_is_told_that_a_merge_by_hand_takes_two_and_a_lead_does_it_alone_who_says_so(client: Client, pair: Any) -> None:
    one, other = pair
    confirm(one, a_steward("claire"))
    a_rule("customer", only_confirmed=True)
    client.force_login(a_steward())
    shown = preview(client, one, other).content.decode()
    assert "It takes two stewards to do this:" in shown
    assert "agreed with audit" in shown
    assert 'type="submit">Merge<' not in shown
    assert "It takes two stewards" in sent(client, one, other, alone="yes")
    client.force_login(a_lead())
    assert "It takes two stewards" in sent(client, one, other)
    assert not MergeReceipt.objects.exists()
    sent(client, one, other, alone="yes")
    receipt = MergeReceipt.objects.get()
    assert receipt.reason == "one firm (alone, where it takes two)"
    undo = reverse("admin:golden_records_mergereceipt_undo", args=(receipt.pk,))
    assert 'name="alone"' in client.get(undo.removesuffix("undo/") + "change/").content.decode()
    client.post(undo)
    assert MergeReceipt.objects.get().undone_at is None
    client.post(undo, {"alone": "yes"})
    assert MergeReceipt.objects.get().undone_at is not None


def test_the_mark_itself_is_taken_off_only_by_a_lead_who_says_so(client: Client, pair: Any) -> None:
    one, _other = pair
    confirm(one, a_steward("claire"))
    a_rule(only_confirmed=True)
    client.force_login(a_steward())
    assert "only who may overrule it takes the mark off" in page(client, one)
    assert address(one, "unconfirm") not in page(client, one)
    client.post(address(one, "unconfirm"), {"reason": "out of my way", "alone": "yes"})
    client.force_login(a_lead())
    client.post(address(one, "unconfirm"), {"reason": "they asked"})
    assert Endorsement.objects.get().stands
    client.post(address(one, "unconfirm"), {"reason": "they asked", "alone": "yes"})
    assert Endorsement.objects.get().reason == "they asked (alone, where it takes two)"


def test_an_administrator_makes_a_rule_of_confirmed_ones_beside_one_of_all(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    add = reverse("admin:matching_foureyesrule_add")
    rule = {"entity": "customer", "value_from": "", "is_active": "on", "reason": "agreed with audit"}
    for given in (rule, rule | {"only_confirmed": "on"}):
        assert client.post(add, given).status_code == 302
    assert "There is a rule for this" in client.post(add, rule | {"only_confirmed": "on"}).content.decode()
    assert "only confirmed" in client.get(reverse("admin:matching_foureyesrule_changelist")).content.decode()
