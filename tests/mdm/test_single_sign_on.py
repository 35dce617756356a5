"""Signing in by a provider of OpenID Connect: over real HTTP, with real signatures."""

import urllib.request
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from golden_records.models import AuditEntry
from matching.access import STEWARDS
from mdm.signin import configured
from mdm.signin.roles import groups_claimed
from tests.factories import a_steward
from tests.mdm.provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, running_provider
from tests.mdm.signing_in import LOGIN, is_in, sign_in

pytestmark = pytest.mark.django_db

ADA = {"sub": "0042", "preferred_username": "ada", "email": "ada@firm.example", "given_name": "Ada", "family_name": "L."}


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_given: object) -> None:
        """Follow nothing."""


@pytest.fixture
def provider(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    """A provider, and the service configured for it: its group 'stewards' are data stewards, 'chiefs' lead stewards."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    cache.clear()
    with running_provider() as running:
        known = configured.provider(
            {
                "MDM_OIDC_ISSUER": running.issuer,
                "MDM_OIDC_CLIENT_ID": CLIENT_ID,
                "MDM_OIDC_CLIENT_SECRET": CLIENT_SECRET,
                "MDM_OIDC_NAME": "the firm",
                "MDM_OIDC_ROLES": f"stewards={STEWARDS}, chiefs=lead steward",
            }
        )
        assert known is not None
        settings.OIDC_PROVIDER = known
        settings.SOCIALACCOUNT_PROVIDERS = known.as_setting
        yield running


def go(client: Client, provider: FakeProvider, **claims: Any) -> HttpResponse:
    """Press the button, be sent to the provider, and come back from it."""
    provider.claims = ADA | claims
    to_provider = client.post("/accounts/by/sso/?process=login").headers["Location"]
    assert to_provider.startswith(f"{provider.issuer}/authorize?")
    opener = urllib.request.build_opener(_Stays, urllib.request.ProxyHandler({}))
    try:
        opener.open(to_provider, timeout=10)
    except urllib.error.HTTPError as answer:
        back = urlsplit(answer.headers["Location"])
    else:
        pytest.fail("the provider sends nobody back")
    return cast("HttpResponse", client.get(f"{back.path}?{back.query}"))


def test_the_log_in_page_has_a_button_where_a_provider_is_configured(client: Client, provider: FakeProvider) -> None:
    del provider
    page = client.get(LOGIN).content.decode()
    assert "Log in with the firm" in page
    assert "/accounts/by/sso/" in page


def test_without_a_provider_there_is_no_button_and_nothing_behind_it(client: Client) -> None:
    assert "Log in with" not in client.get(LOGIN).content.decode()
    assert client.post("/accounts/by/sso/").status_code == 404


def test_somebody_new_may_nothing_until_a_group_or_a_person_says_so(client: Client, provider: FakeProvider) -> None:
    go(client, provider, groups=["others"])
    ada = User.objects.get()
    assert (ada.username, ada.is_staff, ada.is_superuser, ada.groups.count()) == ("ada", False, False, 0)
    assert not ada.has_usable_password()
    assert "nobody has given you a role yet" in client.get("/admin/", follow=True).content.decode()


def test_groups_give_roles_and_take_them_again(client: Client, provider: FakeProvider) -> None:
    go(client, provider, groups=["stewards", "others"])
    ada = User.objects.get()
    assert [group.name for group in ada.groups.all()] == [STEWARDS]
    assert is_in(client)
    go(Client(), provider, groups=["chiefs"])
    assert [group.name for group in ada.groups.all()] == ["lead steward"]
    go(Client(), provider, groups=[])
    ada.refresh_from_db()
    assert (ada.groups.count(), ada.is_staff) == (0, False)
    assert not is_in(client)
    changes = [
        (row.subject, (row.content or {}).get("roles")) for row in AuditEntry.objects.filter(kind="user", action="changed").order_by("pk")
    ]
    assert changes == [
        ("ada", {"before": [], "after": [STEWARDS]}),
        ("ada", {"before": [STEWARDS], "after": ["lead steward"]}),
        ("ada", {"before": ["lead steward"], "after": []}),
    ]


def test_a_sign_in_is_in_the_audit_log_with_its_way(client: Client, provider: FakeProvider) -> None:
    go(client, provider, groups=["stewards"])
    entry = AuditEntry.objects.get(action="signed_in")
    assert (entry.actor, entry.subject, entry.content) == ("steward:ada", "ada", {"way": "single sign-on"})


def test_a_token_that_somebody_else_signed_lets_nobody_in(client: Client, provider: FakeProvider) -> None:
    provider.key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    answer = go(client, provider, groups=["stewards"])
    assert answer.status_code == 403
    assert "no valid answer" in answer.content.decode()
    assert not User.objects.exists()
    assert AuditEntry.objects.filter(action="refused").exists()


@pytest.mark.parametrize("wrong", [{"iss": "https://other.example"}, {"aud": "another"}, {"exp": 1}])
def test_a_token_for_another_or_of_another_time_lets_nobody_in(client: Client, provider: FakeProvider, wrong: dict[str, Any]) -> None:
    assert go(client, provider, **wrong).status_code == 403
    assert not User.objects.exists()


def test_an_answer_that_nobody_asked_for_lets_nobody_in(client: Client, provider: FakeProvider) -> None:
    del provider
    assert client.get("/accounts/by/sso/callback/?code=x&state=y").status_code in {200, 403}
    assert not User.objects.exists()


def test_a_name_or_an_address_alone_takes_over_nobodys_log_in(client: Client, provider: FakeProvider) -> None:
    grace = a_steward()
    grace.email = ADA["email"]
    grace.save()
    go(client, provider, preferred_username="grace", groups=[])
    assert User.objects.count() == 2
    assert not is_in(client)


def test_the_provider_alone_may_let_people_in(client: Client, provider: FakeProvider, settings: Settings) -> None:
    settings.LOCAL_LOGIN = False
    a_steward()
    page = client.get(LOGIN).content.decode()
    assert 'name="password"' not in page
    assert "Log in with the firm" in page
    assert sign_in(client, "grace").status_code == 403
    assert not is_in(client)
    go(client, provider, groups=["stewards"])
    assert is_in(client)


def test_the_second_factor_of_whom_the_provider_lets_in_is_the_providers(
    client: Client, provider: FakeProvider, settings: Settings
) -> None:
    settings.SECOND_FACTOR_FOR = [STEWARDS]
    go(client, provider, groups=["stewards"])
    assert is_in(client)


def test_groups_are_read_however_the_provider_writes_them() -> None:
    assert groups_claimed({"groups": ["a", "b"]}, "groups") == {"a", "b"}
    assert groups_claimed({"groups": "a"}, "groups") == {"a"}
    assert groups_claimed({"realm_access": {"roles": ["a"]}}, "realm_access.roles") == {"a"}
    assert groups_claimed({}, "groups") == frozenset()


def test_what_is_wrong_with_the_configuration_is_said_at_the_start() -> None:
    with pytest.raises(ImproperlyConfigured, match="MDM_OIDC_CLIENT_SECRET must be set too"):
        configured.provider({"MDM_OIDC_ISSUER": "https://x", "MDM_OIDC_CLIENT_ID": "y"})
    complete = {"MDM_OIDC_ISSUER": "https://x/", "MDM_OIDC_CLIENT_ID": "y", "MDM_OIDC_CLIENT_SECRET": "z"}
    with pytest.raises(ImproperlyConfigured, match="GROUP=ROLE"):
        configured.provider(complete | {"MDM_OIDC_ROLES": "stewards"})
    found = configured.provider(complete | {"MDM_OIDC_ROLES": "cn=stewards=auditor"})
    assert found is not None
    assert (found.issuer, found.roles) == ("https://x", {"cn=stewards": "auditor"})
