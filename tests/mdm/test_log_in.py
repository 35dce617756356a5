"""The log-in is protected against guessing, tells nothing of who exists, and ends by itself."""

from collections.abc import Iterator

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from golden_records.models import AuditEntry
from mdm.signin.addresses import client_address
from mdm.signin.middleware import SEEN
from tests.factories import a_person, a_steward
from tests.mdm.signing_in import LOGIN, is_in, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_attempts_of_another_test() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def told() -> list[tuple[str, str | None]]:
    """What the audit log has of the sign-in."""
    rows = AuditEntry.objects.filter(kind__in=("user", "second factor")).order_by("pk")
    return [(row.action, row.subject) for row in rows]


def locked(client: Client, username: str, **more: str) -> bool:
    """Whether five wrong passwords close the log-in."""
    answers = [sign_in(client, username, "wrong", **more).status_code for _ in range(5)]
    assert answers[:4] == [200] * 4
    return answers[4] == 429


def test_the_front_page_leads_to_the_log_in_and_back(client: Client) -> None:
    a_steward()
    assert client.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/").headers["Location"] == f"{LOGIN}?next=%2Fadmin%2F"
    assert sign_in(client, "grace").headers["Location"] == "/admin/"
    assert is_in(client)


def test_a_log_in_and_its_end_are_in_the_audit_log(client: Client) -> None:
    a_steward()
    sign_in(client, "grace", "wrong")
    sign_in(client, "grace")
    client.post("/admin/logout/")
    assert told() == [("refused", "grace"), ("signed_in", "grace"), ("signed_out", "grace")]
    entry = AuditEntry.objects.filter(action="refused").get()
    assert entry.content == {"why": "wrong username, password or code", "address": "127.0.0.1"}


def test_after_five_wrong_passwords_not_even_the_right_one_opens(client: Client) -> None:
    a_steward()
    assert locked(client, "grace")
    assert sign_in(client, "grace").status_code == 429
    assert not is_in(client)
    assert told()[-1] == ("refused", "grace")


def test_the_page_is_the_same_whether_or_not_there_is_such_a_person(client: Client) -> None:
    a_steward()
    first = [sign_in(client, name, "wrong").content.decode() for name in ("grace", "nobody")]
    assert "The username or the password is not right." in first[0]
    pages = []
    for name in ("grace", "nobody"):
        cache.clear()
        while (answer := sign_in(client, name, "wrong")).status_code == 200:
            pass
        page = answer.content.decode()
        assert name not in page
        pages.append((answer.status_code, page))
    assert pages[0] == pages[1]
    assert "Too many attempts" in pages[0][1]


def test_nobody_is_locked_out_by_what_somebody_tries_elsewhere(client: Client) -> None:
    a_steward()
    assert locked(client, "grace", REMOTE_ADDR="203.0.113.7")
    assert sign_in(client, "grace").status_code == 302


def test_the_wait_ends_by_itself(client: Client, settings: Settings) -> None:
    a_steward()
    assert locked(client, "grace")
    AccessAttempt.objects.update(attempt_time="2026-01-01T00:00:00Z")
    del settings
    assert sign_in(client, "grace").status_code == 302


def test_who_looks_after_people_lets_somebody_try_again(client: Client) -> None:
    a_steward()
    locked(client, "grace")
    lookout = a_person("olga")
    lookout.user_permissions.set(Permission.objects.filter(codename__in=("view_accessattempt", "change_user", "view_user")))
    desk = Client()
    desk.force_login(lookout)
    attempt = AccessAttempt.objects.get()
    assert "locked" in desk.get("/admin/axes/accessattempt/").content.decode()
    assert "Let them try again" in desk.get(reverse("admin:axes_accessattempt_change", args=(attempt.pk,))).content.decode()
    desk.post(reverse("admin:axes_accessattempt_unlock", args=(attempt.pk,)))
    assert sign_in(client, "grace").status_code == 302
    entry = AuditEntry.objects.get(kind="user", action="changed")
    assert (entry.actor, entry.subject, entry.content) == ("steward:olga", "grace", {"what": "unlocked"})


def test_what_was_sent_is_not_shown_with_an_attempt(client: Client) -> None:
    admin = User.objects.create_superuser("root", password="x")
    sign_in(client, "grace", "secret-words")
    assert "secret-words" not in AccessAttempt.objects.get().post_data
    client.force_login(admin)
    assert (
        "csrfmiddlewaretoken="
        not in client.get(reverse("admin:axes_accessattempt_change", args=(AccessAttempt.objects.get().pk,)))
        .content.decode()
        .partition("What was tried")[2]
        .partition("<form")[0]
    )


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.1", "127.0.0.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (2, "198.51.100.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_only_what_a_trusted_proxy_says_of_an_address_is_believed(proxies: int, forwarded: str, address: str, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded} if forwarded else {})
    assert client_address(request) == address


def test_a_session_in_which_nothing_happens_ends(client: Client) -> None:
    a_steward()
    sign_in(client, "grace")
    session = client.session
    session[SEEN] -= 3_000
    session.save()
    assert is_in(client)
    session = client.session
    session[SEEN] -= 3_700
    session.save()
    assert not is_in(client)
    assert "You were logged out, since nothing happened for a while." in client.get(LOGIN).content.decode()


def test_somebody_without_a_role_is_told_so(client: Client) -> None:
    User.objects.create_user("newcomer", password="correct horse battery staple")
    sign_in(client, "newcomer")
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "nobody has given you a role yet" in answer.content.decode()


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_to_a_strangers_page(client: Client, wanted: str) -> None:
    a_steward()
    assert "evil" not in client.get("/admin/login/", {"next": wanted}).headers["Location"]
    answer = client.post(LOGIN, {"login": "grace", "password": "correct horse battery staple", "next": wanted})
    assert answer.headers["Location"] == "/admin/"


@pytest.mark.parametrize(
    "page", ["signup/", "password/reset/", "password/change/", "email/", "3rdparty/", "sso/signup/", "confirm-email/", "login/code/"]
)
def test_no_other_page_of_the_library_can_be_reached(client: Client, page: str) -> None:
    assert client.get(f"/accounts/{page}").status_code in {302, 404}
    assert client.post(f"/accounts/{page}", {"username": "x", "password1": "y"}).status_code in {302, 404, 405}
    assert not User.objects.exists()


def test_changes_of_roles_and_flags_are_in_the_audit_log(client: Client) -> None:
    steward = a_steward()
    root = User.objects.create_superuser("root", password="x")
    client.force_login(root)
    form = client.get(reverse("admin:auth_user_change", args=(steward.pk,))).context["adminform"].form
    sent = {name: value for name, value in form.initial.items() if isinstance(value, str | int) and not isinstance(value, bool)}
    client.post(
        reverse("admin:auth_user_change", args=(steward.pk,)),
        sent | {"is_active": "on", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", "password": steward.password},
    )
    steward.refresh_from_db()
    assert not steward.groups.exists()
    entry = AuditEntry.objects.get(kind="user", action="changed")
    assert (entry.actor, entry.subject) == ("steward:root", "grace")
    assert entry.content["roles"] == {"before": ["data steward"], "after": []}  # type: ignore[index]  # it is told
    assert entry.content["is_staff"] == {"before": True, "after": False}  # type: ignore[index]  # it is told
