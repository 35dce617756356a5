"""Signing in by the provider: there and back."""

from typing import Any

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponse


class SignedTokens(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # django-allauth tells its types to no one
    """Believes only tokens whose signature is the provider's, also those that came straight from it."""

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
            verify_signature=True,
        )
        return claims


@login_not_required  # type: ignore[untyped-decorator]  # django-allauth tells its types to no one
def provider_login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider."""
    return _by_provider(OAuth2LoginView, request, provider_id)


@login_not_required  # type: ignore[untyped-decorator]  # as above
def provider_callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take the provider's answer."""
    return _by_provider(OAuth2CallbackView, request, provider_id)


def _by_provider(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        response: HttpResponse = view.adapter_view(SignedTokens(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    return response
