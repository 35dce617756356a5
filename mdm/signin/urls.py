"""The addresses of the sign-in: of django-allauth only those that are used, so that none of its other pages can be reached."""

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.socialaccount import views as social
from django.urls import path
from django.views.generic import RedirectView

from mdm.signin import views

_to_login = RedirectView.as_view(pattern_name="account_login", permanent=False)

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("again/", account.reauthenticate, name="account_reauthenticate"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("second-factor/", second_factor.index, name="mfa_index"),
    path("second-factor/code/", second_factor.authenticate, name="mfa_authenticate"),
    path("second-factor/again/", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("second-factor/app/", totp.activate_totp, name="mfa_activate_totp"),
    path("second-factor/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("second-factor/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("second-factor/recovery-codes/new/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("second-factor/recovery-codes/download/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("by/<slug:provider_id>/", views.provider_login, name="openid_connect_login"),
    path("by/<slug:provider_id>/callback/", views.provider_callback, name="openid_connect_callback"),
    path("sso/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("sso/error/", social.login_error, name="socialaccount_login_error"),
    # Names that django-allauth may lead to; there is nothing of its own behind them.
    path("signup/", _to_login, name="account_signup"),
    path("sso/signup/", _to_login, name="socialaccount_signup"),
    path("sso/connections/", _to_login, name="socialaccount_connections"),
    path("email/", _to_login, name="account_email_verification_sent"),
]
