"""A steward describes a customer, sees what is like it, creates it only then, and may take it back."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from golden_records.entities import entity_type
from golden_records.models import CustomerRecord, GoldenCustomer, GoldenState, RecordState, SourceSystem
from golden_records.models.golden import new_canonical_id
from matching import authoring, likeness
from matching.core.decide import Outcome
from matching.intake import SubmissionOutcome
from matching.models import BlockingKey
from matching.verifying import verify
from tests.factories import a_change, a_person, a_steward
from tests.matching.conftest import Submit

pytestmark = pytest.mark.django_db

CUSTOMER = entity_type("customer")
ADD = "admin:golden_records_customerrecord_add"
ACME = {"legal_name": "Acme Ingénierie SAS", "registration_id": "732829320", "city": "Paris", "country": "FR"}


def described(**values: str) -> Any:
    return authoring.draft_of(CUSTOMER, new_canonical_id(), values)


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(a_steward())
    return client


def form(number: UUID, do: str, reason: str = "called us today", **values: str) -> dict[str, str]:
    return {"number": str(number), "do": do, "reason": reason} | {f"value_{name}": value for name, value in values.items()}


def test_what_is_like_it_is_found_as_the_engine_would_find_it_and_nothing_is_written(submitted: Submit) -> None:
    known = submitted("crm", "1", **ACME)
    submitted("crm", "2", legal_name="Boulangerie Dupont", city="Lyon", country="FR")
    before = (CustomerRecord.objects.count(), BlockingKey.objects.count())
    found = likeness.alike(described(**ACME)).found
    assert [(each.golden.pk, each.source, each.external_id, each.outcome) for each in found] == [
        (known.canonical_id, "crm", "1", Outcome.MATCH)
    ]
    assert found[0].probability > 0.9
    assert found[0].steps[-1].level == "total"
    assert (CustomerRecord.objects.count(), BlockingKey.objects.count()) == before


def test_it_tells_what_submitting_would_do(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    told = likeness.alike(described(**ACME)).found[0]
    created = authoring.create(CUSTOMER, new_canonical_id(), ACME, change=a_change())
    assert created.match is not None
    assert created.outcome == SubmissionOutcome.LINKED
    assert created.match.probability == pytest.approx(told.probability)


def test_nothing_like_it_is_nothing(submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    search = likeness.alike(described(legal_name="Zebra Kft", city="Budapest"))
    assert (search.found, search.is_cut) == ((), False)


def test_of_too_many_those_that_share_the_rarest_values_are_compared_and_the_page_says_so(
    desk: Client, submitted: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        submitted("crm", str(number), legal_name="Atelier Menuiserie", city=f"Lyon {number}", country="FR")
    known = submitted("erp", "K1", **ACME)
    given = ACME | {"legal_name": "Atelier Menuiserie"}
    assert likeness.alike(described(**given)).sharing == 7
    monkeypatch.setattr(likeness, "MOST_COMPARED", 2)
    search = likeness.alike(described(**given))
    assert (search.compared, search.sharing, search.is_cut) == (2, 7, True)
    assert known.canonical_id in {each.golden.pk for each in search.found}
    address = reverse("admin:golden_records_customerrecord_alike")
    page = desk.post(address, form(new_canonical_id(), "search", **given)).content.decode()
    assert "Compared with 2 of 7 records that have something in common with it" in page
    nothing = desk.post(address, form(new_canonical_id(), "search", legal_name="Atelier Menuiserie")).content.decode()
    assert "Compared with 2 of 6 records" in nothing
    assert "Nothing like it is there." not in nothing


def test_the_search_costs_the_same_however_much_is_like_it(
    submitted: Submit, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        submitted("crm", str(number), legal_name=f"Atelier {number} Menuiserie", city="Lyon", country="FR")
    likeness.alike(described(legal_name="Atelier Menuiserie", city="Lyon"))
    with django_assert_max_num_queries(6):
        likeness.alike(described(legal_name="Atelier Menuiserie", city="Lyon"))


def test_a_steward_searches_and_then_creates_once(desk: Client) -> None:
    page = desk.get(reverse(ADD))
    number = page.context["number"]
    shown = desk.post(reverse(ADD), form(number, "search", **ACME)).content.decode()
    assert "Nothing like it is there." in shown
    assert 'value="Acme Ingénierie SAS"' in shown
    assert not CustomerRecord.objects.exists()
    answer = desk.post(reverse(ADD), form(number, "create", **ACME))
    golden = GoldenCustomer.objects.get()
    assert answer["Location"] == reverse("admin:golden_records_goldencustomer_change", args=(golden.pk,))
    desk.post(reverse(ADD), form(number, "create", **ACME))
    record = CustomerRecord.objects.get()
    assert (record.source.code, record.external_id, record.golden_id) == ("steward", str(number), golden.pk)
    assert record.history.get().actor == "steward:grace"
    assert record.history.get().history_change_reason == "called us today"
    assert not any(check.offences for check in verify())


def test_what_is_there_is_shown_with_probability_and_why(desk: Client, submitted: Submit) -> None:
    known = submitted("crm", "1", **ACME)
    page = desk.post(reverse("admin:golden_records_customerrecord_alike"), form(new_canonical_id(), "search", **ACME)).content.decode()
    assert str(known.canonical_id) in page
    assert "would be put into it" in page
    assert "Same registration number" in page
    assert CustomerRecord.objects.count() == 1


def test_what_is_wrong_is_told_and_nothing_is_created(desk: Client) -> None:
    wrong = form(new_canonical_id(), "create", legal_name="Acme", email="nobody")
    assert "Fill in at least one field." in desk.post(reverse(ADD), form(new_canonical_id(), "search")).content.decode()
    assert "Say why." in desk.post(reverse(ADD), form(new_canonical_id(), "create", "", **ACME)).content.decode()
    desk.post(reverse(ADD), wrong | {"value_birth_date": "soon"})
    assert not CustomerRecord.objects.exists()


def test_what_a_steward_wrote_is_taken_back(desk: Client) -> None:
    desk.post(reverse(ADD), form(new_canonical_id(), "create", **ACME))
    record = CustomerRecord.objects.get()
    address = reverse("admin:golden_records_customerrecord_take_back", args=(record.pk,))
    assert "Take it back" in desk.get(reverse("admin:golden_records_customerrecord_change", args=(record.pk,))).content.decode()
    desk.post(address, {"reason": " "})
    assert CustomerRecord.objects.get().state == RecordState.ACTIVE
    desk.post(address, {"reason": "a mistake"})
    assert CustomerRecord.objects.get().state == RecordState.WITHDRAWN
    assert GoldenCustomer.objects.get().state == GoldenState.RETIRED
    assert not any(check.offences for check in verify())


def test_records_of_other_sources_are_not_taken_back_here(desk: Client, submitted: Submit) -> None:
    submitted("crm", "1", **ACME)
    record = CustomerRecord.objects.get()
    desk.post(reverse("admin:golden_records_customerrecord_take_back", args=(record.pk,)), {"reason": "no"})
    assert CustomerRecord.objects.get().state == RecordState.ACTIVE


def test_only_who_may_write_records_sees_the_page(client: Client) -> None:
    client.force_login(a_person())
    assert client.get(reverse(ADD)).status_code == 403
    assert client.post(reverse("admin:golden_records_customerrecord_alike"), {}).status_code == 403
    assert client.post(reverse("admin:golden_records_customerrecord_take_back", args=(1,)), {"reason": "x"}).status_code == 403
    assert not SourceSystem.objects.filter(code="steward").exists()


def test_the_page_is_french(desk: Client) -> None:
    with translation.override("fr"):
        page = desk.get(reverse(ADD), headers={"accept-language": "fr"}).content.decode()
    assert "Chercher avant de créer" in page


def test_hostile_names_are_text(desk: Client, submitted: Submit, steward: User) -> None:
    del steward
    submitted("crm", "1", **ACME | {"legal_name": "<b>Acme</b> SAS"})
    page = desk.post(reverse("admin:golden_records_customerrecord_alike"), form(new_canonical_id(), "search", **ACME)).content.decode()
    assert "<b>Acme" not in page
