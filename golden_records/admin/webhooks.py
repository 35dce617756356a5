"""Webhooks: who is told of changes, how that goes, and what an endpoint would not take."""

from collections.abc import Callable
from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from golden_records import outbox
from golden_records.admin import cells
from golden_records.admin.acting import change_by, words_of
from golden_records.admin.base import PageAdmin
from golden_records.admin.timeline import timeline
from golden_records.admin.webhook_form import WebhookForm
from golden_records.models import DeadLetterState, EventType, WebhookSubscription
from golden_records.webhooks import dead_letters, delivering, setting_aside, standing, subscriptions, tasks
from golden_records.webhooks.envelope import new_test_id
from golden_records.webhooks.standing import Circuit

MAY_CHANGE: Final = "golden_records.change_webhooksubscription"
DELIVERIES_SHOWN: Final = 50
LETTERS_SHOWN: Final = 100
REASON_LENGTH: Final = 500
_OPEN: Final = (DeadLetterState.WAITING, DeadLetterState.REQUESTED)


@admin.register(WebhookSubscription)
class WebhookAdmin(PageAdmin):
    """The webhooks; the page of one shows its deliveries and dead letters, with what can be done."""

    page_template: ClassVar[str] = "golden_records/admin/webhook.html"
    form = WebhookForm
    fields = WebhookForm.Meta.fields
    list_display = ("name", "address", "system", "status", "last_delivery", "behind")
    list_filter = ("active", "system", "with_values")
    list_select_related = ("system", "progress")
    search_fields = ("name", "url")
    sortable_by = ("name",)

    def has_add_permission(self, request: HttpRequest, *args: object) -> bool:
        """Webhooks may be made here by those who may."""
        del args
        return request.user.has_perm("golden_records.add_webhooksubscription")

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Webhooks may be edited here by those who may."""
        del obj
        return request.user.has_perm(MAY_CHANGE)

    def get_urls(self) -> list[URLPattern]:
        """Add the form, and the addresses of what can be done; these take POST alone."""
        done: tuple[tuple[str, Callable[..., HttpResponse]], ...] = (
            ("test", self.test_view),
            ("rotate", self.rotate_view),
            ("pause", self.pause_view),
            ("replay", self.replay_view),
            ("dismiss", self.dismiss_view),
            ("set-aside", self.set_aside_view),
            ("delete-webhook", self.unsubscribe_view),
        )
        return [
            path("<uuid:webhook_id>/edit/", self.admin_site.admin_view(self.edit_view), name="golden_records_webhooksubscription_edit"),
            *(
                path(f"<uuid:webhook_id>/{name}/", self.admin_site.admin_view(view), name=f"golden_records_webhooksubscription_{name}")
                for name, view in done
            ),
            *super().get_urls(),
        ]

    @admin.display(description=_("address"))
    def address(self, row: WebhookSubscription) -> str:
        """Where it goes."""
        return format_html('<code class="mdm-id">{}</code>', cells.cut(row.url, 60))

    @admin.display(description=_("state"))
    def status(self, row: WebhookSubscription) -> str:
        """How the endpoint is doing."""
        return cells.pill(*_standing(row))

    @admin.display(description=_("last delivery"))
    def last_delivery(self, row: WebhookSubscription) -> str:
        """When something last came through."""
        return cells.moment(row.progress.delivered_at) if row.progress.delivered_at else ""

    @admin.display(description=_("heard up to"))
    def behind(self, row: WebhookSubscription) -> int:
        """The place in the feed up to which all is dealt with."""
        return row.progress.position

    def page_context(self, request: HttpRequest, found: WebhookSubscription) -> dict[str, Any]:
        """The terms, the standing, the last deliveries and what was set aside."""
        del request
        letters = found.dead_letters.filter(state__in=_OPEN).order_by("id")
        pill, words = _standing(found)
        return {
            "webhook": found,
            "standing": pill,
            "standing_words": words,
            "behind": max(0, outbox.head() - found.progress.position),
            "events": [label for value, label in EventType.choices if value in found.event_types],
            "deliveries": list(found.deliveries.order_by("-id")[:DELIVERIES_SHOWN]),
            "letters": list(letters[:LETTERS_SHOWN]),
            "letter_count": letters.count(),
            "held_up": setting_aside.held_up(found) if found.active else None,
            "entries": timeline(WebhookSubscription, found.pk, limit=20),
        }

    def edit_view(self, request: HttpRequest, webhook_id: object) -> HttpResponse:
        """The form of what was chosen."""
        response: HttpResponse = self.changeform_view(request, str(webhook_id))
        return response

    def save_model(self, request: HttpRequest, obj: WebhookSubscription, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Keep it by the domain's function, which writes who did it."""
        by = change_by(request, "changed in the admin" if change else "made in the admin")
        if change:
            subscriptions.change_terms(obj.pk, {name: getattr(form.terms, name) for name in subscriptions.TERMS}, change=by)
            tasks.ring_webhook(obj.pk)
        else:
            subscribed = subscriptions.subscribe(form.terms, position=outbox.head(), change=by)
            obj.pk = subscribed.subscription.pk
            request.webhook_secret = subscribed.secret  # type: ignore[attr-defined]  # from here to `response_add`, and nowhere else

    def log_change(self, *args: object) -> None:
        """Keep no second log: the history tells it."""

    def log_addition(self, *args: object) -> None:
        """Keep no second log: the history tells it."""

    def response_add(self, request: HttpRequest, obj: WebhookSubscription, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret, this once."""
        del post_url_continue
        return self._secret_page(request, obj, request.webhook_secret)  # type: ignore[attr-defined]  # see `save_model`

    def response_change(self, request: HttpRequest, obj: WebhookSubscription) -> HttpResponse:
        """Go back to the page."""
        messages.success(request, _t("Saved."))
        return self._back(obj)

    def test_view(self, request: HttpRequest, webhook_id: object) -> HttpResponse:
        """Send a test message and say what came of it."""

        def act(row: WebhookSubscription) -> HttpResponse:
            answer = delivering.send_test(row, new_test_id(), by=delivering.courier())
            told = {"outcome": answer.status or answer.problem, "ms": answer.milliseconds}
            if delivering.is_delivered(answer):
                messages.success(request, _t("The endpoint took the test message: %(outcome)s after %(ms)s ms.") % told)
            else:
                messages.error(request, _t("The endpoint did not take the test message: %(outcome)s after %(ms)s ms.") % told)
            return self._back(row)

        return self._done(request, webhook_id, act)

    def rotate_view(self, request: HttpRequest, webhook_id: object) -> HttpResponse:
        """Make a new secret and show it, this once."""

        def act(row: WebhookSubscription) -> HttpResponse:
            secret = subscriptions.rotate_secret(row.pk, change=change_by(request, "secret rotated in the admin"))
            return self._secret_page(request, row, secret)

        return self._done(request, webhook_id, act)

    def pause_view(self, request: HttpRequest, webhook_id: object) -> HttpResponse:
        """Pause an active webhook, let a paused one go on."""

        def act(row: WebhookSubscription) -> HttpResponse:
            by = change_by(request, "paused in the admin" if row.active else "resumed in the admin")
            subscriptions.change_terms(row.pk, {"active": not row.active}, change=by)
            tasks.ring_webhook(row.pk)
            messages.success(request, _t("Paused.") if row.active else _t("It goes on where it stopped."))
            return self._back(row)

        return self._done(request, webhook_id, act)

    def replay_view(self, request: HttpRequest, webhook_id: object) -> HttpResponse:
        """Have one dead letter sent again, or all of them."""

        def act(row: WebhookSubscription) -> HttpResponse:
            letter = request.POST.get("letter", "")
            count = dead_letters.request_replay(row.pk, int(letter) if letter.isdecimal() else None)
            tasks.ring_webhook(row.pk)
            messages.success(request, _t("%(count)s to be sent again.") % {"count": count})
            return self._back(row)

        return self._done(request, webhook_id, act)

    def dismiss_view(self, request: HttpRequest, webhook_id: object) -> HttpResponse:
        """Say that a dead letter is not needed."""

        def act(row: WebhookSubscription) -> HttpResponse:
            dead_letters.dismiss(row.pk, int(request.POST.get("letter", "0")))
            messages.success(request, _t("Dismissed."))
            return self._back(row)

        return self._done(request, webhook_id, act)

    def set_aside_view(self, request: HttpRequest, webhook_id: object) -> HttpResponse:
        """Leave the event that holds the endpoint up for later, and go on with the others."""

        def act(row: WebhookSubscription) -> HttpResponse:
            seq, reason = request.POST.get("seq", ""), request.POST.get("reason", "").strip()[:REASON_LENGTH]
            if not reason or not seq.isdecimal():
                messages.error(request, _t("Say why: the history of the webhook keeps it."))
                return self._back(row)
            try:
                by = change_by(request, f"event {seq} set aside: {reason}")
                setting_aside.set_aside_next(row.pk, int(seq), change=by)
            except setting_aside.NotNext as error:
                messages.error(request, words_of(error))
                return self._back(row)
            tasks.ring_webhook(row.pk)
            messages.success(request, _t("Event %(seq)s is set aside; the others go on.") % {"seq": seq})
            return self._back(row)

        return self._done(request, webhook_id, act)

    def unsubscribe_view(self, request: HttpRequest, webhook_id: object) -> HttpResponse:
        """Remove the webhook."""

        def act(row: WebhookSubscription) -> HttpResponse:
            subscriptions.unsubscribe(row.pk, change=change_by(request, "removed in the admin"))
            messages.success(request, _t("The webhook '%s' is removed.") % row.name)
            return HttpResponseRedirect(reverse("admin:golden_records_webhooksubscription_changelist"))

        return self._done(request, webhook_id, act)

    def _done(self, request: HttpRequest, webhook_id: object, act: Callable[[WebhookSubscription], HttpResponse]) -> HttpResponse:
        refused = self.refused(request, MAY_CHANGE)
        if refused is not None:
            return refused
        row = self.get_object(request, str(webhook_id))
        return self.missing(request, str(webhook_id)) if row is None else act(row)

    def _secret_page(self, request: HttpRequest, row: WebhookSubscription, secret: str) -> HttpResponse:
        context = self.page(request, row, _("Secret of %s") % row) | {"webhook": row, "secret": secret}
        answer = TemplateResponse(request, "golden_records/admin/webhook_secret.html", context)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _back(self, row: WebhookSubscription) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:golden_records_webhooksubscription_change", args=(row.pk,)))


def _standing(row: WebhookSubscription) -> tuple[str, Any]:
    if not row.active:
        return "retired", _("paused")
    circuit = standing.circuit_of(row.progress)
    if circuit is not Circuit.CLOSED:
        return "failed", _("circuit open")
    return ("open", _("retrying")) if row.progress.tries else ("active", _("delivering"))
