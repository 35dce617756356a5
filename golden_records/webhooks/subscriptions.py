"""Subscriptions: who hears of what, and where. Written here alone, with history; the rows of delivery go with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from golden_records.change import Change
from golden_records.entities import ENTITIES
from golden_records.errors import MdmError
from golden_records.history import ChangeKind, write_history
from golden_records.models import EventType, SourceSystem, WebhookSubscription
from golden_records.webhooks import secrets, turns
from golden_records.webhooks.addresses import AddressPolicy, networks
from golden_records.webhooks.endpoints import InvalidEndpoint, checked_endpoint

_NAME_LENGTH: Final = 100


class UnknownSubscription(MdmError):
    """There is no webhook with this id, or it is not the caller's."""

    code = "unknown_webhook"
    title = "Unknown webhook"


class InvalidSubscription(MdmError):
    """The subscription asks for what there is not; `problems` names each field, reason and remedy."""

    code = "invalid_webhook"
    title = "The webhook can't be saved"


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody may choose about a subscription; empty collections let everything through. `system` is a source's code."""

    name: str
    url: str
    system: str | None = None
    event_types: Sequence[str] = ()
    entities: Sequence[str] = ()
    sources: Sequence[str] = ()
    with_values: bool = False
    active: bool = True


TERMS: Final = frozenset(field.name for field in fields(Terms))
# What a person may have mended about an endpoint that failed: it is tried again at once.
_MENDED: Final = frozenset({"url", "active"})


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A new subscription with its secret, which is not shown again."""

    subscription: WebhookSubscription
    secret: str


def address_policy() -> AddressPolicy:
    """The networks that webhooks may be sent to, as the operator has set."""
    return AddressPolicy(allowed=networks(settings.WEBHOOK_ALLOWED_NETWORKS))


def subscribe(terms: Terms, *, position: int, change: Change) -> Subscribed:
    """Let an endpoint hear of every change after the place `position` of the feed that passes the terms.

    Raises `InvalidEndpoint`, or `InvalidSubscription` with all that is wrong.
    """
    check_terms(terms)
    with transaction.atomic():
        row = WebhookSubscription(**_columns(terms), secret_changed_at=change.at, created_by=change.actor, created_at=change.at)
        WebhookSubscription.objects.bulk_create([row])
        turns.begin(row, position=position)
        secret = secrets.issue(row.pk, overlap=timedelta(0), change=change)
        write_history(WebhookSubscription, [row], change=change, kind=ChangeKind.CREATED)
    return Subscribed(row, secret)


def change_terms(subscription_id: UUID, changed: Mapping[str, Any], *, change: Change) -> WebhookSubscription:
    """Change some terms; nothing is written where all is as it was. Raises as `subscribe` does, and `UnknownSubscription`.

    What is delivered next goes by the new terms. An endpoint that was paused goes on where it stopped.
    """
    before = terms_of(subscription(subscription_id))
    check_terms(replace(before, **changed))
    with transaction.atomic():
        row = locked(subscription_id)
        before = terms_of(row)
        terms = replace(before, **changed)
        differing = {name for name in TERMS if getattr(terms, name) != getattr(before, name)}
        if not differing:
            return row
        _write(row, {**_columns(terms), "paused_because": "" if terms.active else row.paused_because}, change)
        if differing & _MENDED:
            turns.start_over(row.pk)
        else:
            turns.interrupt(row.pk)
    return row


@transaction.atomic
def pause(subscription_id: UUID, *, because: str, change: Change) -> None:
    """Send nothing more until a person says so; nothing is lost meanwhile."""
    row = locked(subscription_id)
    if row.active:
        _write(row, {"active": False, "paused_because": because}, change)
        turns.interrupt(row.pk)


@transaction.atomic
def rotate_secret(subscription_id: UUID, *, overlap: timedelta = secrets.OVERLAP, change: Change) -> str:
    """Make a new secret and give it, once. The old one signs as well for `overlap`. Raises `UnknownSubscription`."""
    row = locked(subscription_id)
    secret = secrets.issue(row.pk, overlap=max(timedelta(0), min(overlap, secrets.LONGEST_OVERLAP)), change=change)
    _write(row, {"secret_changed_at": change.at}, change)
    return secret


@transaction.atomic
def unsubscribe(subscription_id: UUID, *, change: Change) -> None:
    """Remove a subscription with its secrets, log and dead letters; its history stays. Raises `UnknownSubscription`."""
    row = locked(subscription_id)
    write_history(WebhookSubscription, [row], change=change, kind=ChangeKind.DELETED)
    row.delete()


def subscription(subscription_id: UUID) -> WebhookSubscription:
    """Find a subscription; raises `UnknownSubscription`."""
    found = WebhookSubscription.objects.select_related("system", "progress").filter(pk=subscription_id).first()
    return _found(found, subscription_id)


def locked(subscription_id: UUID) -> WebhookSubscription:
    """Find a subscription, and let nobody else change it until the transaction ends; raises `UnknownSubscription`."""
    rows = WebhookSubscription.objects.select_for_update(of=("self",)).select_related("system", "progress")
    return _found(rows.filter(pk=subscription_id).first(), subscription_id)


def terms_of(row: WebhookSubscription) -> Terms:
    """Give what was chosen about a subscription."""
    chosen = {name: getattr(row, name) for name in TERMS - {"system"}}
    return Terms(system=row.system.code if row.system else None, **chosen)


def check_terms(terms: Terms) -> None:
    """Raise `InvalidSubscription` with all that is wrong with some terms."""
    known = {"event_types": set(EventType.values), "entities": set(ENTITIES), "sources": _source_codes()}
    problems = [problem for name, values in known.items() for problem in _unknown(name, getattr(terms, name), values)]
    problems += _unknown("system", [terms.system] if terms.system else [], known["sources"])
    if not terms.name.strip() or len(terms.name) > _NAME_LENGTH:
        problems.append({"field": "name", "reason": f"A name has 1 to {_NAME_LENGTH} characters.", "remedy": "Say whose endpoint it is."})
    try:
        checked_endpoint(terms.url, address_policy())
    except InvalidEndpoint as error:
        problems.append({"field": "url", "reason": error.message, "remedy": error.remedy})
    if problems:
        message = " ".join(problem["reason"] for problem in problems)
        raise InvalidSubscription(message, remedy="See `errors`.", problems=problems)


def _found(row: WebhookSubscription | None, subscription_id: UUID) -> WebhookSubscription:
    if row is None:
        raise UnknownSubscription(f"There is no webhook {subscription_id}.", webhook=str(subscription_id))
    return row


def _write(row: WebhookSubscription, columns: Mapping[str, Any], change: Change) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
    WebhookSubscription.objects.filter(pk=row.pk).update(**columns)
    write_history(WebhookSubscription, [row], change=change, kind=ChangeKind.CHANGED)


def _columns(terms: Terms) -> dict[str, Any]:
    chosen = asdict(terms) | {name: sorted(set(getattr(terms, name))) for name in ("event_types", "entities", "sources")}
    return chosen | {"system": SourceSystem.objects.get(code=terms.system) if terms.system else None}


def _unknown(field: str, values: Collection[str], known: Collection[str]) -> list[dict[str, str]]:
    remedy = f"Use {', '.join(sorted(known)) or 'none: there is none yet'}."
    return [{"field": field, "reason": f"'{value}' is not known.", "remedy": remedy} for value in values if value not in known]


def _source_codes() -> set[str]:
    return set(SourceSystem.objects.values_list("code", flat=True))
