"""Survivorship rules in the admin: written, checked, compared, previewed and published by who may."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from golden_records import publishing
from golden_records.entities import entity_type
from golden_records.models import GoldenCustomer, RulesRun, SurvivorshipVersion
from tests.factories import a_record, a_steward, into

pytestmark = pytest.mark.django_db
OVERVIEW = "/admin/golden_records/survivorshipversion/rules/"
PAGE = f"{OVERVIEW}customer/"


@pytest.fixture
def desk(client: Client) -> Client:
    """Somebody who may publish rules."""
    steward = a_steward()
    steward.user_permissions.add(Permission.objects.get(codename="publish_survivorshipversion"))
    client.force_login(steward)
    return client


@pytest.fixture
def golden() -> GoldenCustomer:
    """One whose two records disagree."""
    first = a_record("1", source="erp", segment="a longer one")
    into(a_record("2", source="crm", segment="big"), first.golden_id)
    return GoldenCustomer.objects.get(pk=first.golden_id)


def changed(line: str) -> dict[str, object]:
    """The form with one more line among the attributes."""
    number, text = publishing.document_in_force(entity_type("customer"))
    return {"document": text.replace("attributes:\n", f"attributes:\n  {line}\n", 1), "number": number}


def test_the_rules_in_force_are_shown(desk: Client) -> None:
    assert "as shipped" in desk.get(OVERVIEW).content.decode()
    page = desk.get(PAGE).content.decode()
    assert "most_trusted, most_recent, longest" in page
    assert desk.get(f"{OVERVIEW}supplier/").status_code == 404


def test_a_preview_shows_the_difference_the_count_and_examples(desk: Client, golden: GoldenCustomer) -> None:
    page = desk.post(PAGE, changed("segment: [longest]") | {"preview": "1"}, follow=True).content.decode()
    assert "+  segment: [longest]" in page
    assert "1 of 1 golden records" in page
    assert "a longer one" in page
    assert GoldenCustomer.objects.get(pk=golden.pk).segment == "big"
    assert not SurvivorshipVersion.objects.exists()


def test_publishing_makes_a_version_and_rebuilds(desk: Client, golden: GoldenCustomer) -> None:
    desk.post(PAGE, changed("segment: [longest]") | {"publish": "1", "reason": "longer says more"})
    version = SurvivorshipVersion.objects.get(number=2)
    assert (version.author, version.reason, version.version) == ("steward:grace", "longer says more", "customer-2")
    assert GoldenCustomer.objects.get(pk=golden.pk).segment == "a longer one"
    page = desk.get(f"/admin/golden_records/survivorshipversion/{version.pk}/change/").content.decode()
    assert "+  segment: [longest]" in page
    assert "customer-2" in desk.get(OVERVIEW).content.decode()
    assert "customer-2" in desk.get("/admin/golden_records/survivorshipversion/").content.decode()


def test_every_mistake_is_told_and_what_was_written_stays(desk: Client) -> None:
    wrong = changed("segment: {by: [longst], only_if: good}") | {"publish": "1", "reason": "x"}
    page = desk.post(PAGE, wrong).content.decode()
    assert "longst" in page
    assert "only_if" in page
    assert "segment: {by: [longst], only_if: good}" in page
    unreasoned = desk.post(PAGE, changed("segment: [longest]") | {"publish": "1", "reason": ""}).content.decode()
    assert "Say why the rules change." in unreasoned
    assert not RulesRun.objects.exists()


def test_who_may_not_publish_sees_the_rules_and_changes_nothing(client: Client) -> None:
    client.force_login(a_steward())
    page = client.get(PAGE).content.decode()
    assert "most_trusted" in page
    assert 'name="publish"' not in page
    assert client.post(PAGE, changed("segment: [longest]") | {"preview": "1"}).status_code == 403


def test_versions_are_listed_and_any_two_compared(desk: Client, golden: GoldenCustomer) -> None:
    del golden
    address = f"{PAGE}versions/"
    assert "as shipped" in desk.get(address).content.decode()
    desk.post(PAGE, changed("segment: [longest]") | {"publish": "1", "reason": "longer says more"})
    desk.post(PAGE, changed("industry: [longest]") | {"publish": "1", "reason": "here too"})
    page = desk.get(address).content.decode()
    assert "+  industry: [longest]" in page
    assert "+  segment: [longest]" not in page
    assert "longer says more" in page
    whole = desk.get(address, {"from": "1", "to": "3"}).content.decode()
    assert "+  industry: [longest]" in whole
    assert "+  segment: [longest]" in whole
    assert desk.get(f"{OVERVIEW}supplier/versions/").status_code == 404


def test_mistakes_of_rules_have_their_lines(desk: Client) -> None:
    page = desk.post(PAGE, changed("segment: [longst]") | {"publish": "1", "reason": "x"}).content.decode()
    assert "line " in page.split("What is wrong")[1].split("</section>")[0]
