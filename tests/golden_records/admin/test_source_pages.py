"""Source systems and mappings are edited in the admin, with every mistake named at once."""

from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from golden_records import importing, remapping, source_systems
from golden_records.models import SourceMapping, SourceSystem
from tests.factories import a_change, a_record, a_source, a_steward

pytestmark = pytest.mark.django_db

MAPPINGS = "/admin/golden_records/sourcemapping/"
GOOD = "external_id: Id\nattributes:\n  legal_name: Name\n"
BAD = "external_id: Id\ncolour: red\nattributes:\n  legal_nmae: Name\n  birth_date: {column: Born, format: nonsense}\n"


def test_a_mapping_is_made_and_kept_as_a_document_with_who_made_it(admin_client: Client) -> None:
    source = a_source()
    answer = admin_client.post(f"{MAPPINGS}add/", {"source": source.pk, "entity": "customer", "text": GOOD})
    assert answer.status_code == 302
    mapping = SourceMapping.objects.get()
    assert mapping.document == {"external_id": "Id", "attributes": {"legal_name": "Name"}}
    page = admin_client.get(reverse("admin:golden_records_sourcemapping_history", args=(mapping.pk,))).content.decode()
    assert "admin" in page
    assert "made in the admin" in page


def test_every_mistake_of_a_mapping_is_named_at_once_and_nothing_is_kept(admin_client: Client) -> None:
    source = a_source()
    page = admin_client.post(f"{MAPPINGS}add/", {"source": source.pk, "entity": "customer", "text": BAD}).content.decode()
    for mistake in ("colour", "legal_nmae", "birth_date"):
        assert mistake in page.split("<textarea")[0] + page.split("</textarea>")[1]
    assert SourceMapping.objects.count() == 0


def test_a_text_that_is_no_document_is_refused(admin_client: Client) -> None:
    source = a_source()
    page = admin_client.post(f"{MAPPINGS}add/", {"source": source.pk, "entity": "customer", "text": "a: [b"}).content.decode()
    assert "not YAML" in page


def test_a_mapping_is_changed_and_the_change_is_in_its_history(admin_client: Client) -> None:
    source = a_source()
    admin_client.post(f"{MAPPINGS}add/", {"source": source.pk, "entity": "customer", "text": GOOD})
    mapping = SourceMapping.objects.get()
    changed = {"document": GOOD + "  city: Town\n", "reason": "towns", "based_on": remapping.version_of(mapping), "publish": "1"}
    admin_client.post(f"{MAPPINGS}{mapping.pk}/change/", changed)
    mapping.refresh_from_db()
    assert mapping.document["attributes"]["city"] == "Town"
    assert mapping.history.count() == 2


def test_a_steward_reads_mappings_and_changes_none(client: Client, admin_client: Client) -> None:
    source = a_source()
    admin_client.post(f"{MAPPINGS}add/", {"source": source.pk, "entity": "customer", "text": GOOD})
    mapping = SourceMapping.objects.get()
    client.force_login(a_steward())
    assert "legal_name" in client.get(f"{MAPPINGS}{mapping.pk}/change/").content.decode()
    client.post(f"{MAPPINGS}{mapping.pk}/change/", {"document": "external_id: Other\nattributes: {}\n", "publish": "1"})
    mapping.refresh_from_db()
    assert mapping.document["external_id"] == "Id"


def test_a_source_is_made_and_its_trust_changed_with_history(admin_client: Client) -> None:
    admin_client.post("/admin/golden_records/sourcesystem/add/", {"code": "crm", "name": "CRM", "trust": 60, "country": "FR"})
    source = SourceSystem.objects.get(code="crm")
    admin_client.post(f"/admin/golden_records/sourcesystem/{source.pk}/change/", {"name": "CRM", "trust": 70, "country": "FR"})
    source.refresh_from_db()
    assert source.trust == 70
    assert source.history.count() == 2
    assert {row.actor for row in source.history.all()} == {"steward:admin"}


def test_a_trust_beyond_a_hundred_is_refused(admin_client: Client) -> None:
    page = admin_client.post("/admin/golden_records/sourcesystem/add/", {"code": "crm", "name": "CRM", "trust": 160, "country": "FR"})
    assert "100" in page.content.decode()
    assert SourceSystem.objects.count() == 0


def test_the_page_of_a_source_says_what_it_sends(admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    record = a_record("1", source="crm", legal_name="Acme", country="FR")
    source_systems.save_mapping(record.source, "customer", {"external_id": "Id", "attributes": {"legal_name": "Name"}}, change=a_change())
    address = f"/admin/golden_records/sourcesystem/{record.source.pk}/change/"
    cache.clear()
    with django_assert_max_num_queries(14):
        page = admin_client.get(address).content.decode()
    told = page.split("What it sends")[1]
    assert "Customer records" in told
    assert "Compare versions" in told
    assert "never" in told
    assert admin_client.get("/admin/golden_records/sourcesystem/add/").status_code == 200
    assert admin_client.get("/admin/golden_records/sourcesystem/999/change/").status_code == 302


def test_a_source_that_is_switched_off_sends_no_more(admin_client: Client, tmp_path: Path) -> None:
    source = a_source("crm")
    settings = {"name": "CRM", "trust": 50, "country": "FR", "owner": "Sales operations"}
    admin_client.post(f"/admin/golden_records/sourcesystem/{source.pk}/change/", settings)
    source.refresh_from_db()
    assert (source.is_active, source.owner) == (False, "Sales operations")
    with pytest.raises(source_systems.InactiveSource, match="switched off"):
        importing.import_file(source, "customer", tmp_path / "none.csv", change=a_change())
    assert "switched off" in admin_client.get("/admin/golden_records/sourcesystem/").content.decode()
    admin_client.post(f"/admin/golden_records/sourcesystem/{source.pk}/change/", settings | {"is_active": "on"})
    source.refresh_from_db()
    assert source.is_active
