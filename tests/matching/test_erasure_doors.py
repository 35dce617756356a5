"""The commands that erase and hand over, and the page of the admin that erases."""

import json
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from golden_records.models import Erasure, GoldenCustomer
from golden_records.models.golden import new_canonical_id
from tests.factories import a_person, a_record, a_steward

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> UUID:
    golden_id: UUID = a_record("1", legal_name="Acme SAS", email="contact@acme.fr").golden_id
    return golden_id


def test_the_command_erases_and_says_how_much(acme: UUID) -> None:
    out = StringIO()
    call_command("erase", "customer", str(acme), "--reason", "request 17", "--when-sent-again", "new", stdout=out)
    assert GoldenCustomer.objects.get(pk=acme).state == "erased"
    entered = Erasure.objects.get()
    assert (entered.reason, entered.actor, entered.when_sent_again) == ("request 17", "command:erase", "new")
    assert str(acme) in out.getvalue()
    assert f"source records: {entered.counts['source records']}" in out.getvalue()
    with pytest.raises(CommandError, match="was erased"):
        call_command("erase", "customer", str(acme), "--reason", "request 17")


def test_a_dry_run_says_what_is_held_and_erases_nothing(acme: UUID) -> None:
    out = StringIO()
    call_command("erase", "customer", str(acme), "--reason", "request 17", "--dry-run", stdout=out)
    assert "Would erase" in out.getvalue()
    assert "golden records: " in out.getvalue()
    assert GoldenCustomer.objects.get(pk=acme).state == "active"
    assert not Erasure.objects.exists()


def test_all_that_is_held_is_written_to_a_file_that_was_not_there(acme: UUID, tmp_path: Path) -> None:
    file = tmp_path / "acme.json"
    call_command("hand_over", "customer", str(acme), "--output", str(file), stdout=StringIO())
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["canonical_ids"] == [str(acme)]
    assert document["held"]["source records"][0]["payload"]["email"] == "contact@acme.fr"
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="can't be written"):
        call_command("hand_over", "customer", str(acme), "--output", str(file))
    with pytest.raises(CommandError, match="no golden customer"):
        call_command("hand_over", "customer", str(new_canonical_id()), "--output", str(tmp_path / "other.json"))


@pytest.fixture
def officer() -> Client:
    """Somebody who may look at customers and erase them."""
    person = a_person("olga")
    person.user_permissions.set(Permission.objects.filter(codename__in=("view_goldencustomer", "erase_golden_record")))
    return _logged_in("olga")


def _logged_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def page(acme: UUID, part: str = "change") -> str:
    return f"/admin/golden_records/goldencustomer/{acme}/{part}/"


def test_the_page_says_how_much_is_held_and_erases_when_it_is_told_why(acme: UUID, officer: Client) -> None:
    assert page(acme, "erase") in officer.get(page(acme)).content.decode()
    asked = officer.get(page(acme, "erase")).content.decode()
    assert "Acme SAS" in asked
    assert "Source records" in asked
    officer.post(page(acme, "erase"), {"reason": " ", "when_sent_again": "suppress"})
    officer.post(page(acme, "erase"), {"reason": "request 17", "when_sent_again": "never"})
    assert not Erasure.objects.exists()
    answer = officer.post(page(acme, "erase"), {"reason": "request 17", "when_sent_again": "suppress"}, follow=True)
    assert "Erased, for good" in answer.content.decode()
    assert "Acme" not in answer.content.decode()
    assert Erasure.objects.get().actor == "steward:olga"
    assert officer.get(page(acme, "erase"), follow=True).status_code == 200


def test_a_steward_without_the_permission_is_neither_shown_the_way_nor_let_in(acme: UUID) -> None:
    a_steward("grace")
    steward = _logged_in("grace")
    assert page(acme, "erase") not in steward.get(page(acme)).content.decode()
    assert steward.get(page(acme, "erase")).status_code == 403
    assert steward.post(page(acme, "erase"), {"reason": "17", "when_sent_again": "new"}).status_code == 403
    assert not Erasure.objects.exists()
