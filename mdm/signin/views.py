"""The pages of the sign-in that are our own: the door of the admin, and signing in by the provider."""

from typing import Any

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode


def admin_door(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """Lead to the one log-in there is. Whoever is logged in and may not open the admin is told so."""
    del extra_context
    if request.user.is_authenticated:
        if request.user.is_active and getattr(request.user, "is_staff", False):
            return HttpResponseRedirect(_next(request))
        return render(request, "account/no_rights.html", status=403)
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': _next(request)})}")


def _next(request: HttpRequest) -> str:
    wanted = request.GET.get("next") or (request.get_full_path() if request.path_info != reverse("admin:login") else "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and is_ours else reverse("admin:index")


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
