"""The pages of reports: which there are for whom, the form, how far one is, and its file."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from golden_records.models import AuditAction, AuditEntry
from matching.access import AUDITORS, ensure_groups
from matching.models import ReportJob
from matching.reports import jobs
from matching.tasks import make_report
from tests.factories import a_person, a_record, a_steward

pytestmark = pytest.mark.django_db
LIST = "/admin/matching/reportjob/"


@pytest.fixture
def auditor(client: Client) -> Client:
    ensure_groups()
    person = a_person("vera")
    person.groups.add(Group.objects.get(name=AUDITORS))
    client.force_login(person)
    return client


def asked(desk: Client, name: str, **sent: Any) -> str:
    return desk.post(form(name), {"format": "html", **sent}, follow=True).content.decode()


def form(name: str) -> str:
    return reverse("admin:matching_reportjob_make", args=(name,))


def file() -> str:
    return reverse("admin:matching_reportjob_file", args=(ReportJob.objects.latest("created_at").pk,))


def test_an_auditor_sees_all_reports_and_a_steward_those_of_their_work(auditor: Client) -> None:
    page = auditor.get(LIST).content.decode()
    assert all(form(name) in page for name in ("changes", "merges", "decisions", "agreement", "overrides", "readings", "dossier"))
    auditor.force_login(a_steward())
    page = auditor.get(LIST).content.decode()
    assert form("changes") in page
    assert form("readings") not in page
    assert auditor.get(form("readings")).status_code == 404
    auditor.force_login(a_person("nobody"))
    assert auditor.get(LIST).status_code == 403
    assert auditor.get(form("changes")).status_code == 403


def test_a_report_is_asked_for_looked_at_and_that_is_kept(auditor: Client) -> None:
    a_record("1", legal_name="Acme", family_name="Canary")
    assert "the audit log keeps" in auditor.get(form("changes")).content.decode()
    page = asked(auditor, "changes", entity="customer")
    assert "Open the page" in page
    shown = auditor.get(file())
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    content = shown.getvalue().decode()
    assert "Canary" in content
    assert "vera" in content
    told = AuditEntry.objects.filter(action=AuditAction.READ).order_by("id").values_list("actor", "reason")
    assert list(told) == [("steward:vera", "a report was made"), ("steward:vera", "a report was read")]


def test_the_page_of_a_golden_record_leads_to_its_dossier(auditor: Client) -> None:
    golden_id = a_record("1", legal_name="Acme").golden_id
    page = auditor.get(reverse("admin:golden_records_goldencustomer_change", args=(golden_id,))).content.decode()
    address = f"{form('dossier')}?entity=customer&amp;canonical_id={golden_id}"
    assert address in page
    assert f'value="{golden_id}"' in auditor.get(address.replace("&amp;", "&")).content.decode()


def test_what_is_wrong_is_said_on_the_form(auditor: Client) -> None:
    assert "is no date" in asked(auditor, "changes", since="soon")
    assert "Choose a format" in asked(auditor, "changes", format="pdf")
    assert "no canonical id" in asked(auditor, "dossier", entity="customer", canonical_id="x")


def test_a_large_report_tells_how_far_it_is_and_looks_again(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SMALL", 0)
    monkeypatch.setattr("matching.reporting.ring", lambda *_given: None)
    a_record("1", legal_name="Acme")
    page = asked(auditor, "changes")
    assert 'http-equiv="refresh"' in page
    assert "is queued" in auditor.get(file(), follow=True).content.decode()
    make_report(str(ReportJob.objects.get().pk))
    page = auditor.get(reverse("admin:matching_reportjob_change", args=(ReportJob.objects.get().pk,))).content.decode()
    assert 'http-equiv="refresh"' not in page


def test_nobody_reads_the_reports_of_others_or_what_they_may_not_see_any_more(auditor: Client) -> None:
    asked(auditor, "changes")
    address = file()
    vera = Group.objects.get(name=AUDITORS).user_set.get()
    vera.groups.clear()
    auditor.force_login(vera)
    assert auditor.get(address).status_code == 403
    auditor.force_login(a_steward())
    assert auditor.get(address).status_code == 404


def test_the_list_takes_as_many_queries_for_many_as_for_one(auditor: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    asked(auditor, "agreement")
    auditor.get(LIST)
    with django_assert_max_num_queries(10) as few:
        auditor.get(LIST)
    queries = len(few)
    for _ in range(8):
        asked(auditor, "agreement")
    with django_assert_max_num_queries(queries):
        auditor.get(LIST)
