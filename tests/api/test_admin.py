"""API keys are looked at and revoked in the admin; they are made elsewhere, and never shown again."""

import pytest
from django.test import Client
from django.urls import reverse

from api.keys import create_key
from api.models import ApiKey
from tests.factories import a_change, a_steward

pytestmark = pytest.mark.django_db


def test_a_key_is_shown_without_its_secret_and_revoked_with_its_history(admin_client: Client) -> None:
    issued = create_key(name="crm-feed", source=None, scopes=["read"], change=a_change("made"))
    address = reverse("admin:api_apikey_change", args=(issued.row.pk,))
    page = admin_client.get(address).content.decode()
    assert "crm-feed" in page
    assert issued.secret not in page
    assert issued.row.digest not in page
    answer = admin_client.post(reverse("admin:api_apikey_revoke", args=(issued.row.pk,)), follow=True)
    assert "is revoked" in answer.content.decode()
    assert ApiKey.objects.get().revoked_at is not None
    assert "revoked in the admin" in admin_client.get(address).content.decode()


def test_a_steward_neither_sees_nor_revokes_keys(client: Client) -> None:
    issued = create_key(name="crm-feed", source=None, scopes=["read"], change=a_change("made"))
    client.force_login(a_steward())
    assert client.get(reverse("admin:api_apikey_change", args=(issued.row.pk,))).status_code == 403
    assert client.post(reverse("admin:api_apikey_revoke", args=(issued.row.pk,))).status_code == 403
    assert ApiKey.objects.get().revoked_at is None


def test_no_key_is_made_here(admin_client: Client) -> None:
    assert admin_client.get("/admin/api/apikey/add/").status_code == 403
