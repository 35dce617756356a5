"""The admin's pages of the sign-in: failed attempts, and people with their second factor. django-allauth's own are not shown."""

from typing import Any, ClassVar, Final

from allauth.account import admin as _account
from allauth.mfa import admin as _second_factor
from allauth.mfa.models import Authenticator
from allauth.socialaccount import admin as _social
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records import people as people_told
from golden_records.admin import cells, people
from golden_records.admin.acting import change_by
from golden_records.admin.base import PageAdmin
from mdm.signin import locking

MAY_UNLOCK: Final = "auth.change_user"

# Loaded first, so that what they register can be taken back: people are made on our pages, and secrets are on none.
del _account, _second_factor, _social
for _label in ("account", "mfa", "socialaccount"):
    for _model in apps.get_app_config(_label).get_models():
        if admin.site.is_registered(_model):
            admin.site.unregister(_model)

admin.site.unregister(User)


@admin.register(AccessAttempt)
class AttemptAdmin(PageAdmin):
    """Failed attempts to sign in, by username and address; whoever looks after people lets them try again."""

    page_template: ClassVar[str] = "account/admin/attempt.html"
    list_display = ("username", "ip_address", "failures_since_start", "status", "last")
    search_fields = ("username", "ip_address")
    ordering = ("-attempt_time",)
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the address that unlocks; it takes POST alone."""
        unlock = path("<int:attempt_id>/unlock/", self.admin_site.admin_view(self.unlock_view), name="axes_accessattempt_unlock")
        return [unlock, *super().get_urls()]

    @admin.display(description=_("state"))
    def status(self, attempt: AccessAttempt) -> str:
        """Whether it is locked."""
        name, words = ("failed", _("locked")) if locking.is_locked(attempt) else ("open", _("open"))
        return cells.pill(name, words)

    @admin.display(description=_("last attempt"))
    def last(self, attempt: AccessAttempt) -> str:
        """How long ago."""
        return cells.moment(attempt.attempt_time)

    def page_context(self, request: HttpRequest, found: AccessAttempt) -> dict[str, Any]:
        """The attempt without what was sent, and whether it may be unlocked."""
        return {"attempt": found, "locked": locking.is_locked(found), "may_unlock": request.user.has_perm(MAY_UNLOCK)}

    def unlock_view(self, request: HttpRequest, attempt_id: int) -> HttpResponse:
        """Let the person try again."""
        refused = self.refused(request, MAY_UNLOCK)
        if refused is not None:
            return refused
        attempt = self.get_object(request, str(attempt_id))
        if attempt is None:
            return self.missing(request, str(attempt_id))
        with transaction.atomic():
            locking.unlock(attempt.username or "", change=change_by(request, "unlocked in the admin"))
        messages.success(request, _t("'%s' may try again.") % attempt.username)
        return HttpResponseRedirect(reverse("admin:axes_accessattempt_changelist"))


@admin.register(User)
class PersonAdmin(people.PersonAdmin):
    """People, whose second factor an administrator resets where the device is lost."""

    change_form_template = "account/admin/person.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the address that resets; it takes POST alone."""
        reset = path("<int:user_id>/second-factor/", self.admin_site.admin_view(self.reset_view), name="auth_user_second_factor")
        return [reset, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        """Say whether the person has a second factor."""
        user: User | None = kwargs.get("obj")
        has_one = user is not None and Authenticator.objects.filter(user=user).exists()
        context |= {"has_second_factor": has_one, "may_reset": has_one and self.has_change_permission(request, user)}
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def reset_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Remove the second factor of somebody who lost it; they set up another one where their role needs it."""
        refused = people_refused(request)
        if refused is not None:
            return refused
        user: User | None = self.get_object(request, str(user_id))
        if user is None:
            raise PermissionDenied
        with transaction.atomic():
            Authenticator.objects.filter(user=user).delete()
            people_told.tell_of_second_factor(user, "reset by an administrator", change=change_by(request, "the device was lost"))
        messages.success(request, _t("The second factor of '%s' is removed.") % user.get_username())
        return HttpResponseRedirect(reverse("admin:auth_user_change", args=(user_id,)))


def people_refused(request: HttpRequest) -> HttpResponse | None:
    """What to answer where a request may not change people."""
    refused: HttpResponse | None = PageAdmin.refused(request, "auth.change_user")
    return refused
