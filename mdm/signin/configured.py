"""What of the sign-in is configured: read from the environment, with every mistake told at the start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

PROVIDER: Final = "sso"
"""The provider's name in addresses; there is one."""

_OIDC: Final = ("MDM_OIDC_ISSUER", "MDM_OIDC_CLIENT_ID", "MDM_OIDC_CLIENT_SECRET")


@dataclass(frozen=True, slots=True)
class Provider:
    """The OpenID Connect provider: who it is, what it is called on the button, and which role each of its groups gives."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    groups_claim: str
    roles: Mapping[str, str]

    @property
    def as_setting(self) -> dict[str, Any]:
        """Give it as django-allauth reads it."""
        app = {
            "provider_id": PROVIDER,
            "name": self.name,
            "client_id": self.client_id,
            "secret": self.client_secret,
            "settings": {"server_url": self.issuer, "oauth_pkce_enabled": True},
        }
        return {"openid_connect": {"APPS": [app], "SCOPE": ["openid", "profile", "email"], "OAUTH_PKCE_ENABLED": True}}


def provider(environment: Mapping[str, str] = os.environ) -> Provider | None:
    """Read the provider; None where none is configured. Raises `ImproperlyConfigured` where something of it is missing."""
    given = {name: environment.get(name, "").strip() for name in _OIDC}
    if not any(given.values()):
        return None
    if missing := [name for name, value in given.items() if not value]:
        raise ImproperlyConfigured(f"{', '.join(missing)} must be set too, or none of {', '.join(_OIDC)}.")
    return Provider(
        issuer=given["MDM_OIDC_ISSUER"].rstrip("/"),
        client_id=given["MDM_OIDC_CLIENT_ID"],
        client_secret=given["MDM_OIDC_CLIENT_SECRET"],
        name=environment.get("MDM_OIDC_NAME", "").strip() or "single sign-on",
        groups_claim=environment.get("MDM_OIDC_GROUPS_CLAIM", "").strip() or "groups",
        roles=_roles(environment.get("MDM_OIDC_ROLES", "")),
    )


def _roles(text: str) -> dict[str, str]:
    """Read "group=role, group=role"; the last '=' counts, as names of groups may be paths of a directory."""
    pairs = [part.strip().rpartition("=") for part in text.split(",") if part.strip()]
    if wrong := [right for left, separator, right in pairs if not separator or not left.strip() or not right.strip()]:
        raise ImproperlyConfigured(f"MDM_OIDC_ROLES: write GROUP=ROLE, with commas between them, not '{wrong[0]}'.")
    return {left.strip(): right.strip() for left, _separator, right in pairs}
