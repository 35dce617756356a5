"""`/webhook-subscriptions`: who is told of changes, how that goes, and what could not be delivered."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from api.pagination import PAGING, page_of
from api.schema import problems
from api.scopes import WEBHOOKS
from api.v1 import webhook_schema as described
from api.v1.webhook_body import read_overlap, read_terms, saved
from api.views import ApiView, change_of, client_of
from golden_records import outbox
from golden_records.models import WebhookSubscription
from golden_records.webhooks import dead_letters, subscriptions, tasks
from golden_records.webhooks.envelope import new_test_id
from golden_records.webhooks.subscriptions import Terms, UnknownSubscription

SECRET_HEADER: Final = "Webhook-Secret"  # noqa: S105 - the name of a header
DELIVERIES_SHOWN: Final = 100
TAGS: Final = ["webhooks"]

# Not in the body: what a POST answers is kept for a week where it came with an Idempotency-Key, and a secret must not be.
_SECRET: Final = OpenApiParameter(
    SECRET_HEADER,
    str,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="The secret that messages are signed with. It is shown this once, and not in the replay of an idempotent request.",
)
_ID: Final = OpenApiParameter("webhook_id", UUID, OpenApiParameter.PATH, description="The id of the webhook.")
_LETTER: Final = OpenApiParameter("letter_id", int, OpenApiParameter.PATH, description="The id of the dead letter.")


class WebhooksView(ApiView):
    """All webhooks that the key may see: those of its source system, or all where it is bound to none."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": WEBHOOKS, "POST": WEBHOOKS}

    @extend_schema(
        operation_id="list_webhooks",
        summary="List webhooks",
        tags=TAGS,
        parameters=[*PAGING],
        responses={200: described.PAGE, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """Give a page of the webhooks, in the order in which they were made."""
        page = page_of(request, _own(request).select_related("system", "progress"))
        return Response({"results": [described.given(row) for row in page.rows], "next": page.next_address})

    @extend_schema(
        operation_id="create_webhook",
        summary="Subscribe an endpoint",
        tags=TAGS,
        parameters=[_SECRET],
        request=described.SENT,
        responses={201: described.GIVEN, **problems(400, 409, 411, 413, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Let an endpoint hear of all that changes from now on."""
        sent = read_terms(request, required=("name", "url"))
        terms = Terms(**({"system": _system_of(request)} | sent))
        subscribed = saved(lambda: subscriptions.subscribe(terms, position=outbox.head(), change=change_of(request, reason="subscribed")))
        row = subscriptions.subscription(subscribed.subscription.pk)
        headers = {"Location": reverse("webhook", args=[row.pk]), SECRET_HEADER: subscribed.secret}
        return Response(described.given(row), status=201, headers=headers)


class WebhookView(ApiView):
    """One webhook."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": WEBHOOKS, "PATCH": WEBHOOKS, "DELETE": WEBHOOKS}

    @extend_schema(
        operation_id="get_webhook",
        summary="Get a webhook, and how it is doing",
        tags=TAGS,
        parameters=[_ID],
        responses={200: described.GIVEN, **problems(404)},
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """Give the subscription and the standing of its endpoint."""
        return Response(described.given(_owned(request, webhook_id)))

    @extend_schema(
        operation_id="change_webhook",
        summary="Change a webhook, pause it, or let it go on",
        tags=TAGS,
        parameters=[_ID],
        request=described.CHANGED,
        responses={200: described.GIVEN, **problems(400, 404, 411, 413, 415)},
    )
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        """Change what is sent, and leave the rest; an endpoint in trouble is tried at once where its address changes."""
        row = _owned(request, webhook_id)
        changed = read_terms(request, with_values=row.with_values)
        saved(lambda: subscriptions.change_terms(row.pk, changed, change=change_of(request, reason="webhook changed")))
        tasks.ring_webhook(row.pk)
        return Response(described.given(_owned(request, webhook_id)))

    @extend_schema(
        operation_id="delete_webhook",
        summary="Unsubscribe an endpoint",
        tags=TAGS,
        parameters=[_ID],
        responses={204: OpenApiResponse(description="It hears nothing more."), **problems(404)},
    )
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """Remove the subscription, its log and its dead letters."""
        subscriptions.unsubscribe(_owned(request, webhook_id).pk, change=change_of(request, reason="unsubscribed"))
        return Response(status=204)


class WebhookSecretView(ApiView):
    """The secret of a webhook."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": WEBHOOKS}

    @extend_schema(
        operation_id="rotate_webhook_secret",
        summary="Make a new secret",
        tags=TAGS,
        parameters=[_ID, _SECRET],
        request=described.ROTATED,
        responses={200: described.GIVEN, **problems(400, 404, 409, 411, 413, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Make a new secret; for `hours` (24 if left out, 0 for at once) messages carry a signature of the old one as well."""
        row = _owned(request, webhook_id)
        overlap = read_overlap(request)
        secret = subscriptions.rotate_secret(row.pk, overlap=overlap, change=change_of(request, reason="secret rotated"))
        return Response(described.given(_owned(request, webhook_id)), headers={SECRET_HEADER: secret})


class WebhookTestView(ApiView):
    """Trying a webhook."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": WEBHOOKS}

    @extend_schema(
        operation_id="test_webhook",
        summary="Send a test message",
        tags=TAGS,
        parameters=[_ID],
        request=None,
        responses={202: OpenApiResponse(described.TEST, description="It is on its way."), **problems(400, 404, 409, 411, 413, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send a message of the type `mdm.test`, also to a paused endpoint; what came of it is among the deliveries."""
        row, message_id = _owned(request, webhook_id), new_test_id()
        transaction.on_commit(lambda: tasks.test_webhook.delay(str(row.pk), message_id))
        return Response({"message_id": message_id}, status=202)


class WebhookDeliveriesView(ApiView):
    """The log of deliveries."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": WEBHOOKS}

    @extend_schema(
        operation_id="list_webhook_deliveries",
        summary="List the latest deliveries",
        tags=TAGS,
        parameters=[_ID],
        responses={200: described.DELIVERIES, **problems(404)},
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """Give the last hundred tries, the latest first; tries are kept for 30 days."""
        rows = _owned(request, webhook_id).deliveries.order_by("-id")[:DELIVERIES_SHOWN]
        return Response({"results": [described.given_delivery(row) for row in rows]})


class WebhookDeadLettersView(ApiView):
    """What an endpoint would not take."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": WEBHOOKS}

    @extend_schema(
        operation_id="list_webhook_dead_letters",
        summary="List dead letters",
        tags=TAGS,
        parameters=[_ID, *PAGING],
        responses={200: described.DEAD_LETTERS, **problems(400, 404)},
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """Give a page of the messages that were set aside, in the order in which they were."""
        page = page_of(request, _owned(request, webhook_id).dead_letters.all())
        return Response({"results": [described.given_dead_letter(row) for row in page.rows], "next": page.next_address})


class WebhookReplayView(ApiView):
    """Sending dead letters again."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": WEBHOOKS}

    @extend_schema(
        operation_id="replay_webhook_dead_letter",
        summary="Send a dead letter again",
        tags=TAGS,
        parameters=[_ID, _LETTER],
        request=None,
        responses={202: OpenApiResponse(described.REPLAYS, description="It is to be sent."), **problems(400, 404, 409, 411, 413, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, webhook_id: UUID, letter_id: int) -> Response:
        """Have one message sent again, before anything new is; one that came through already is not."""
        row = _owned(request, webhook_id)
        requested = dead_letters.request_replay(row.pk, letter_id)
        transaction.on_commit(lambda: tasks.ring_webhook(row.pk))
        return Response({"requested": requested}, status=202)


def _own(request: Request) -> Any:
    source = client_of(request).source
    rows = WebhookSubscription.objects.all()
    return rows if source is None else rows.filter(system=source)


def _owned(request: Request, webhook_id: UUID) -> WebhookSubscription:
    row = subscriptions.subscription(webhook_id)
    source = client_of(request).source
    if source is not None and row.system_id != source.pk:
        # Whether another system has such a webhook is not this caller's business.
        raise UnknownSubscription(f"There is no webhook {webhook_id}.", webhook=str(webhook_id))
    return row


def _system_of(request: Request) -> str | None:
    source = client_of(request).source
    return None if source is None else source.code
