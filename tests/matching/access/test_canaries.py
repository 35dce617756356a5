"""Nobody sees what is kept from them: words that occur nowhere else are looked for on every page of the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from golden_records.models import CustomerRecord, GoldenCustomer, QuarantinedRow
from matching.models import ReviewTask
from tests.factories import a_record, a_steward, a_task, into
from tests.matching.access.world import (
    ERP_WORD,
    OF_ERP,
    OF_PERSONS,
    PERSON_WORD,
    a_limited,
    a_world,
    crawl,
    one_who_sees_no_persons,
    telling,
)

pytestmark = pytest.mark.django_db
LISTS = ("golden_records/goldencustomer", "golden_records/customerrecord", "golden_records/goldenproject", "matching/reviewtask")


def test_a_steward_of_everything_meets_the_words_on_many_pages(client: Client) -> None:
    # Else the other tests would prove nothing.
    a_world()
    client.force_login(a_steward())
    said = crawl(client)
    assert len(telling(said, OF_ERP)) > 20
    assert len(telling(said, OF_PERSONS)) > 20


def test_a_person_limited_to_crm_finds_no_word_of_erp_on_any_page(client: Client) -> None:
    a_world()
    client.force_login(a_limited(sources=("crm",)))
    said = crawl(client)
    assert telling(said, OF_ERP) == {}
    assert len(said) > 60
    assert any("ours alone" in text for text in said.values())


def test_who_may_not_see_personal_data_finds_none_on_any_page(client: Client) -> None:
    a_world()
    client.force_login(one_who_sees_no_persons())
    said = crawl(client)
    assert telling(said, OF_PERSONS) == {}
    assert len(said) > 100
    assert any("letters, #" in text for text in said.values())


def test_a_person_limited_to_projects_sees_no_customer(client: Client) -> None:
    a_world()
    client.force_login(a_limited(entities=("project",)))
    said = crawl(client)
    assert telling(said, ("ours alone", "common firm", f"{ERP_WORD} 2 legal_name")) == {}
    assert any("our project" in text or f"{ERP_WORD} project" in text for text in said.values())


@pytest.mark.parametrize("where", LISTS)
def test_a_search_by_what_is_masked_finds_nothing(client: Client, where: str) -> None:
    a_world()
    client.force_login(one_who_sees_no_persons())
    answer = client.get(f"/admin/{where}/", {"q": PERSON_WORD})
    assert list(answer.context["cl"].result_list) == []
    client.force_login(a_steward())
    assert list(client.get(f"/admin/{where}/", {"q": PERSON_WORD}).context["cl"].result_list) != []


def test_a_search_by_what_another_source_says_finds_nothing(client: Client) -> None:
    a_world()
    client.force_login(a_limited(sources=("crm",)))
    for where in LISTS:
        assert list(client.get(f"/admin/{where}/", {"q": ERP_WORD}).context["cl"].result_list) == []
    found = client.get("/admin/golden_records/customerrecord/", {"q": "Ours alone"}).context["cl"].result_list
    assert [record.external_id for record in found] == ["c-1"]


def test_an_address_of_ones_own_making_asks_for_nothing_that_is_kept(client: Client) -> None:
    a_world()
    client.force_login(one_who_sees_no_persons())
    answer = client.get("/admin/golden_records/goldencustomer/", {"family_name__startswith": "N"})
    assert answer.status_code == 400


def test_nothing_is_done_to_what_is_not_seen(client: Client) -> None:
    a_world()
    theirs = GoldenCustomer.objects.filter(legal_name__icontains=ERP_WORD).exclude(records__source__code="crm").first()
    assert theirs is not None
    client.force_login(a_limited(sources=("crm",)))
    task = ReviewTask.objects.filter(state="open").exclude(pk__in=_tasks_of_crm()).first()
    assert task is not None
    decided = client.post(f"/admin/matching/reviewtask/{task.pk}/decide/", {"answer": "same", "version": task.version})
    assert decided.status_code == 404
    assert client.post(f"/admin/golden_records/goldencustomer/{theirs.pk}/parent/", {"reason": "x"}).status_code == 404
    mixed = GoldenCustomer.objects.filter(records__external_id="c-2").get()
    answer = client.get(f"/admin/golden_records/goldencustomer/{mixed.pk}/regroup/", {"kind": "merge", "other": str(theirs.pk)})
    assert answer.status_code == 403


def test_of_a_question_that_hangs_on_others_records_only_ones_own_part_is_asked(client: Client) -> None:
    a_world()
    ours = a_task(a_record("c-8", legal_name="Atelier Huit"), middle := a_record("c-9", legal_name="Ateliers Huit"))
    a_task(middle, a_record(f"{ERP_WORD}-9", source="erp", legal_name=f"{ERP_WORD} Huit"))
    address = reverse("admin:matching_reviewtask_change", args=(ours.pk,))
    client.force_login(a_steward("wanda"))
    whole = client.get(address).context
    assert (len(whole["page"].columns), whole["preview"] is not None) == (3, True)
    client.force_login(a_limited(sources=("crm",)))
    part = client.get(address).context
    assert (len(part["page"].columns), part["preview"] is not None) == (2, True)
    into(CustomerRecord.objects.get(external_id=f"{ERP_WORD}-9"), middle.golden_id)
    assert client.get(address).context["preview"] is None
    assert client.get(reverse("admin:matching_reviewtask_preview", args=(ours.pk,))).status_code == 404


def test_marks_are_never_sent_back_as_values(client: Client) -> None:
    a_world()
    client.force_login(one_who_sees_no_persons())
    row = QuarantinedRow.objects.get(source__code="crm")
    assert client.post(f"/admin/golden_records/quarantinedrow/{row.pk}/replay/", {"value:email": "x"}).status_code == 403
    mixed = GoldenCustomer.objects.filter(records__external_id="c-2").get()
    form = f"/admin/golden_records/override/make/customer/{mixed.pk}/family_name/"
    assert client.get(form).status_code == 403
    assert client.post(form, {"value_family_name": "x", "reason": "y", "life": "until_ended"}).status_code == 403


def test_a_form_that_is_shown_again_is_shown_as_it_may_be_seen(client: Client) -> None:
    a_world()
    client.force_login(one_who_sees_no_persons())
    mixed = GoldenCustomer.objects.filter(records__external_id="c-2").get()
    other = GoldenCustomer.objects.filter(records__external_id="c-1").get()
    sent = {"kind": "merge", "other": str(other.pk), "preview": "stale", "reason": "one"}
    regroup = client.post(f"/admin/golden_records/goldencustomer/{mixed.pk}/regroup/", sent).content.decode().casefold()
    assert "merge with another golden record" in regroup
    task = ReviewTask.objects.filter(state="open").first()
    assert task is not None
    review = client.post(f"/admin/matching/reviewtask/{task.pk}/decide/", {"answer": "same", "version": "99"}, follow=True)
    form = client.post(f"/admin/golden_records/override/make/customer/{mixed.pk}/segment/", {"reason": ""}).content.decode()
    assert telling({"regroup": regroup, "review": review.content.decode().casefold(), "form": form.casefold()}, OF_PERSONS) == {}


def _tasks_of_crm() -> list[int]:
    crm = GoldenCustomer.objects.exclude(records__source__code="erp").values_list("pk", flat=True)
    return list(ReviewTask.objects.filter(left_golden_id__in=crm, right_golden_id__in=crm).values_list("pk", flat=True))
