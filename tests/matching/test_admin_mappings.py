"""A mapping in the admin: mistakes with lines, a try on a sample, a rehearsal on stored records, publishing, and reading them again."""

import json
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.test import Client
from django.urls import reverse

from golden_records import remapping, source_systems
from golden_records.entities import entity_type
from golden_records.models import CustomerRecord, MappingRun, SourceMapping, SourceSystem
from golden_records.sources import SourceRecordDraft, store, understand
from matching import mapping_runs, tasks, verifying
from tests.factories import a_change, a_person, a_record, a_source, a_steward

pytestmark = pytest.mark.django_db
CUSTOMER = entity_type("customer")
TEXT = "external_id: Id\nattributes:\n  legal_name: Name\n  city: Town\n"
OTHER = (
    "external_id: Id\nattributes:\n  legal_name: Name\n  city: Town\n  segment: {column: Class, values: {A: Key account}, optional: true}\n"
)


@pytest.fixture
def crm() -> SourceSystem:
    return a_source("crm")


@pytest.fixture
def mapping(crm: SourceSystem) -> SourceMapping:
    """A mapping, by which three records were read; a fourth was sent in the names of the data dictionary."""
    with transaction.atomic():
        made = source_systems.save_mapping(
            crm, "customer", {"external_id": "Id", "attributes": {"legal_name": "Name", "city": "Town"}}, change=a_change()
        )
    for number in range(3):
        sent(crm, str(number), Name=f"Firm {number}", Town="Lyon", Class="A" if number < 2 else "")
    a_record("direct", source="crm", legal_name="Direct", country="FR")
    return made


def sent(source: SourceSystem, external_id: str, **payload: object) -> None:
    with transaction.atomic():
        draft = SourceRecordDraft(entity=CUSTOMER, source=source, external_id=external_id, payload={"Id": external_id, **payload})
        store(CUSTOMER, [understand(draft)], change=a_change())


@pytest.fixture
def owner(client: Client) -> User:
    person = a_steward()
    person.user_permissions.add(Permission.objects.get(codename="change_sourcemapping"))
    client.force_login(person)
    return person


def page(mapping: SourceMapping) -> str:
    return reverse("admin:golden_records_sourcemapping_change", args=(mapping.pk,))


def form(mapping: SourceMapping, text: str, **more: object) -> dict[str, Any]:
    return {"document": text, "based_on": remapping.version_of(mapping), "sample": "{}", **more}


@pytest.mark.usefixtures("owner")
def test_the_mapping_in_force_is_there_with_what_came_last_as_a_sample(client: Client, mapping: SourceMapping) -> None:
    shown = client.get(page(mapping)).content.decode()
    assert "legal_name: Name" in shown
    assert "&quot;" in shown
    assert "Rehearse on stored records" in shown
    assert client.get(page(mapping).replace(str(mapping.pk), "999")).status_code == 302


@pytest.mark.usefixtures("owner")
def test_every_mistake_is_told_with_its_line_and_nothing_is_kept(client: Client, mapping: SourceMapping) -> None:
    wrong = "external_id: Id\ncolour: red\nattributes:\n  legal_nmae: Name\n"
    shown = client.post(page(mapping), form(mapping, wrong, publish="1")).content.decode()
    told = shown.split("What is wrong")[1].split("</section>")[0]
    assert "line 2" in told
    assert "line 4" in told
    assert "legal_nmae" in told
    assert "Say why the mapping changes." in told
    assert "legal_nmae: Name" in shown.split("<textarea")[1]
    mapping.refresh_from_db()
    assert mapping.document["attributes"] == {"legal_name": "Name", "city": "Town"}


@pytest.mark.usefixtures("owner")
def test_a_sample_shows_what_would_be_stored(client: Client, mapping: SourceMapping) -> None:
    sample = json.dumps({"Id": "9", "Name": "  Acme   SAS ", "Town": "paris", "Class": "A"})
    shown = client.post(page(mapping), form(mapping, OTHER, sample=sample) | {"try": "1"}).content.decode()
    told = shown.split("What would be stored of the sample")[1].split("</section>")[0]
    assert "Key account" in told
    assert "Acme SAS" in told
    assert CustomerRecord.objects.count() == 4
    rejected = client.post(page(mapping), form(mapping, TEXT, sample='{"Name": "x"}') | {"try": "1"}).content.decode()
    assert "It would go to quarantine." in rejected
    assert "lacks columns" in rejected
    assert "no JSON" in client.post(page(mapping), form(mapping, TEXT, sample="{") | {"try": "1"}).content.decode()
    assert "one row" in client.post(page(mapping), form(mapping, TEXT, sample="[]") | {"try": "1"}).content.decode()


@pytest.mark.usefixtures("owner")
def test_a_rehearsal_counts_what_would_change_and_changes_nothing(client: Client, mapping: SourceMapping) -> None:
    shown = client.post(page(mapping), form(mapping, OTHER, rehearse="1"), follow=True).content.decode()
    run = MappingRun.objects.get()
    assert (run.looked_at, run.differing, run.others, run.rejected, run.state) == (4, 2, 1, 0, "completed")
    assert run.attributes == {"segment": 2}
    assert "2 of 4 stored records that were looked at would come out otherwise." in shown
    assert "Key account" in shown.split("Examples")[1].split("</section>")[0]
    assert "segment: {column" not in str(mapping.document)
    assert not CustomerRecord.objects.filter(segment__isnull=False).exists()


@pytest.mark.usefixtures("owner")
def test_published_it_reads_what_comes_and_carried_on_also_what_is_stored(
    client: Client, crm: SourceSystem, mapping: SourceMapping
) -> None:
    client.post(page(mapping), form(mapping, OTHER, publish="1", reason="segments count"))
    mapping.refresh_from_db()
    assert "segment" in mapping.document["attributes"]
    assert mapping.history.latest().history_change_reason == "segments count"
    assert not CustomerRecord.objects.filter(segment="Key account").exists()
    sent(crm, "7", Name="New", Town="Lyon", Class="A")
    assert CustomerRecord.objects.get(external_id="7").segment == "Key account"
    shown = client.post(page(mapping), form(mapping, OTHER, publish="1", reason="also before", reread="1"), follow=True).content.decode()
    assert "2 of 5 stored records that were looked at came out otherwise, and are matched anew." in shown
    assert CustomerRecord.objects.filter(segment="Key account").count() == 3
    changed = CustomerRecord.objects.get(external_id="0")
    assert (changed.match_state, changed.version) == ("pending", 2)
    assert changed.history.latest().actor == f"engine:mapping {mapping.pk}"
    run = MappingRun.objects.get()
    assert mapping_runs.work_on(run.pk, seconds=1).differing == 2
    quick = [finding for finding in verifying.verify() if finding.check.name not in {"blocking keys", "auto-match completeness"}]
    assert [finding.offences for finding in quick if finding.count] == []


def test_what_was_sent_meanwhile_is_newer_than_what_is_read_again(crm: SourceSystem, mapping: SourceMapping) -> None:
    records = list(CustomerRecord.objects.filter(source=crm).select_related("source").order_by("id"))
    document = {"external_id": "Id", "attributes": {"legal_name": "Name", "city": "Town", "trade_name": "Name"}}
    found = remapping.look(mapping, document, records)
    sent(crm, "0", Name="Newer", Town="Nantes", Class="")
    with transaction.atomic():
        store(CUSTOMER, [understood for _, understood, _ in found.differing], change=a_change())
    assert CustomerRecord.objects.get(external_id="0").legal_name == "Newer"
    assert CustomerRecord.objects.get(external_id="1").trade_name == "Firm 1"


def test_a_record_that_can_not_be_taken_any_more_stays_as_it_is(mapping: SourceMapping) -> None:
    document = {"external_id": "Id", "attributes": {"legal_name": "Name", "birth_date": "Town"}}
    run = remapping.begin(mapping, document, kind="reread", change=a_change())  # type: ignore[arg-type]  # as text
    done = mapping_runs.work_on(run.pk, seconds=5)
    assert (done.rejected, done.differing, done.others) == (3, 0, 1)
    assert CustomerRecord.objects.filter(city="Lyon").count() == 3


@pytest.mark.usefixtures("owner")
def test_a_mapping_that_was_changed_meanwhile_is_not_overwritten(client: Client, mapping: SourceMapping) -> None:
    old = form(mapping, OTHER, publish="1", reason="mine")
    client.post(page(mapping), form(mapping, TEXT.replace("city", "trade_name"), publish="1", reason="theirs"))
    shown = client.post(page(mapping), old).content.decode()
    assert "was changed since" in shown
    mapping.refresh_from_db()
    assert "trade_name" in mapping.document["attributes"]


@pytest.mark.usefixtures("owner")
def test_versions_tell_who_and_why_and_are_compared(client: Client, mapping: SourceMapping, django_assert_max_num_queries: Any) -> None:
    client.post(page(mapping), form(mapping, OTHER, publish="1", reason="segments count"))
    with django_assert_max_num_queries(9):
        shown = client.get(reverse("admin:golden_records_sourcemapping_versions", args=(mapping.pk,))).content.decode()
    assert "segments count" in shown
    assert "grace" in shown
    assert "+  segment:" in shown
    assert client.get(reverse("admin:golden_records_sourcemapping_versions", args=(999,))).status_code == 404


def test_much_goes_on_in_a_worker_step_by_step(mapping: SourceMapping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remapping, "AT_ONCE", 2)
    run = remapping.begin(mapping, mapping.document, kind="rehearsal", change=a_change())  # type: ignore[arg-type]  # as text
    assert mapping_runs.work_on(run.pk, seconds=0).state == "running"
    assert remapping.running() == [run.pk]
    tasks.work_on_mapping(run.pk)
    run.refresh_from_db()
    assert (run.state, run.looked_at, run.differing) == ("completed", 4, 0)


def test_who_may_only_look_changes_nothing_and_sees_no_values_that_they_may_not(client: Client, mapping: SourceMapping) -> None:
    person = a_person()
    person.user_permissions.add(Permission.objects.get(codename="view_sourcemapping"))
    client.force_login(person)
    shown = client.get(page(mapping)).content.decode()
    assert "legal_name: Name" in shown
    assert "Firm" not in shown
    assert client.post(page(mapping), form(mapping, OTHER, publish="1", reason="x")).status_code == 403


def test_figures_of_projects_are_tried_and_not_rehearsed(client: Client, owner: User, crm: SourceSystem) -> None:
    del owner
    document = {"external_id": "Id", "attributes": {"period": "Month", "revenue": "Sum"}}
    with transaction.atomic():
        facts = source_systems.save_mapping(crm, "project_fact", document, change=a_change())
    shown = client.get(page(facts)).content.decode()
    assert "Rehearse on stored records" not in shown
    assert "are not kept as they were sent" in shown
    tried = client.post(
        page(facts), form(facts, yaml.safe_dump(document), sample='{"Id": "1", "Month": "2026-01-01", "Sum": "12.5"}') | {"try": "1"}
    )
    assert "12.5" in tried.content.decode().split("What would be stored")[1]
