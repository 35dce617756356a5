"""A second factor: set up, asked for, required of roles, and reset where the device is lost."""

from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from golden_records.models import AuditEntry
from tests.factories import a_steward
from tests.mdm.signing_in import CODE, code_of, is_in, sign_in, with_second_factor

pytestmark = pytest.mark.django_db

APP = "/accounts/second-factor/app/"


@pytest.fixture(autouse=True)
def _no_attempts_of_another_test() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def told() -> list[object]:
    """What the audit log has of second factors."""
    rows = AuditEntry.objects.filter(kind="second factor").order_by("pk")
    return [(row.actor, row.subject, (row.content or {})["what"]) for row in rows]


def test_the_password_alone_does_not_open_a_log_in_with_a_second_factor(client: Client) -> None:
    secret = with_second_factor(a_steward())
    assert sign_in(client, "grace").headers["Location"] == CODE
    assert not is_in(client)
    assert not AuditEntry.objects.filter(action="signed_in").exists()
    assert client.post(CODE, {"code": "000000"}).status_code == 200
    assert not is_in(client)
    assert client.post(CODE, {"code": code_of(secret)}).status_code == 302
    assert is_in(client)
    assert AuditEntry.objects.filter(action="signed_in", subject="grace").exists()


def test_the_door_of_the_admin_is_no_way_around(client: Client) -> None:
    with_second_factor(a_steward())
    client.post("/admin/login/", {"username": "grace", "password": "correct horse battery staple", "next": "/admin/"})
    assert not is_in(client)


def test_a_code_opens_once(client: Client) -> None:
    secret = with_second_factor(a_steward())
    code = code_of(secret)
    for opens in (True, False):
        browser = Client()
        sign_in(browser, "grace")
        browser.post(CODE, {"code": code})
        assert is_in(browser) is opens
    del client


def test_codes_are_not_guessed(client: Client) -> None:
    secret = with_second_factor(a_steward())
    sign_in(client, "grace")
    answers = [client.post(CODE, {"code": f"{number:06}"}).status_code for number in range(5)]
    assert answers[4] == 429
    assert client.post(CODE, {"code": code_of(secret)}).status_code == 429
    assert not is_in(client)
    assert AuditEntry.objects.filter(action="refused", subject="grace").count() >= 5


def test_a_recovery_code_opens_once(client: Client) -> None:
    with_second_factor(steward := a_steward())
    recovery = Authenticator.objects.get(user=steward, type="recovery_codes").wrap().get_unused_codes()[0]
    sign_in(client, "grace")
    client.post(CODE, {"code": recovery})
    assert is_in(client)
    other = Client()
    sign_in(other, "grace")
    other.post(CODE, {"code": recovery})
    assert not is_in(other)


def test_somebody_sets_it_up_and_gets_recovery_codes(
    client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    a_steward()
    sign_in(client, "grace")
    page = client.get(APP)
    assert "data:image/svg+xml;base64," in page.content.decode()
    secret = page.context["form"].secret
    assert client.post(APP, {"code": "1"}).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(APP, {"code": code_of(secret)}, follow=True)
    codes = answer.context["unused_codes"]
    assert len(codes) == 10
    assert all(code in answer.content.decode() for code in codes)
    assert told() == [
        ("steward:grace", "grace", "authenticator app enrolled"),
        ("steward:grace", "grace", "recovery codes enrolled"),
    ]
    assert is_in(client)
    assert codes[0] in client.get("/accounts/second-factor/recovery-codes/download/").content.decode()


def test_secrets_are_kept_encrypted() -> None:
    secret = with_second_factor(a_steward())
    kept = [str(row.data) for row in Authenticator.objects.all()]
    assert not any(secret in each for each in kept)
    assert all("gAAAA" in each for each in kept)


def test_a_role_that_needs_one_is_led_to_set_it_up_and_sees_nothing_before(
    client: Client, settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    settings.SECOND_FACTOR_FOR = ["data steward"]
    a_steward()
    sign_in(client, "grace")
    for page in ("/admin/", "/admin/golden_records/goldencustomer/", "/admin/password_change/"):
        assert client.get(page).headers["Location"] == APP
    secret = client.get(APP).context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post(APP, {"code": code_of(secret)})
    assert is_in(client)
    assert "Your role needs it" in client.get("/accounts/second-factor/app/remove/").content.decode()
    client.post("/accounts/second-factor/app/remove/")
    assert Authenticator.objects.filter(type="totp").exists()


def test_a_superuser_is_an_administrator(client: Client, settings: Settings) -> None:
    settings.SECOND_FACTOR_FOR = ["administrator"]
    User.objects.create_superuser("root", password="correct horse battery staple")
    sign_in(client, "root")
    assert client.get("/admin/").headers["Location"] == APP
    a_steward()
    other = Client()
    sign_in(other, "grace")
    assert is_in(other)


def test_a_session_of_before_it_was_set_up_ends(client: Client, settings: Settings) -> None:
    settings.SECOND_FACTOR_FOR = ["data steward"]
    client.force_login(steward := a_steward())
    with_second_factor(steward)
    assert client.get("/admin/").headers["Location"].startswith("/accounts/login/")
    assert not is_in(client)


def test_a_lost_device_is_reset_by_an_administrator_and_that_is_audited(client: Client) -> None:
    with_second_factor(steward := a_steward())
    client.force_login(User.objects.create_superuser("root", password="x"))
    address = reverse("admin:auth_user_second_factor", args=(steward.pk,))
    assert address in client.get(reverse("admin:auth_user_change", args=(steward.pk,))).content.decode()
    assert client.get(address).status_code == 405
    client.post(address)
    assert not Authenticator.objects.exists()
    assert told() == [("steward:root", "grace", "reset by an administrator")]
    browser = Client()
    sign_in(browser, "grace")
    assert is_in(browser)


def test_a_steward_resets_nobody(client: Client) -> None:
    with_second_factor(steward := a_steward())
    client.force_login(steward)
    assert client.post(reverse("admin:auth_user_second_factor", args=(steward.pk,))).status_code == 403
    assert Authenticator.objects.exists()
