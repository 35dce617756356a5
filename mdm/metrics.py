"""What Prometheus is told: what the processes of this installation counted, and how the queues in the database stand now.

Every process counts into files of its own (`PROMETHEUS_MULTIPROC_DIR`, made by `python -m mdm`), so that a web server of several
processes, or a worker of several, answers with the sum.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from golden_records.entities import ENTITIES
from golden_records.models import ChangeEvent, MatchState, RecordState, Seal, UnsealedEvent, WebhookProgress
from golden_records.waiting import waiting
from matching.models import CommonKey, Pulse, ReviewTask, TaskState
from matching.tasks import SWEPT, VERIFIED

THIS_MACHINE: Final = ("127.0.0.1", "::1")
FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP")

Values = Iterator[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure that the database knows: its name, what it says, what its label is called ("" for none), and its value for each."""

    name: str
    says: str
    label: str
    values: Callable[[], Values]


def _waiting() -> Values:
    yield from ((entity.name, waiting(entity).order_by().count()) for entity in ENTITIES.values())


def _oldest() -> Values:
    for entity in ENTITIES.values():
        yield entity.name, _age(waiting(entity).order_by().aggregate(oldest=Min("updated_at"))["oldest"])


def _set_aside() -> Values:
    failed = {"match_state": MatchState.FAILED, "state": RecordState.ACTIVE}
    yield from ((entity.name, entity.records.filter(**failed).order_by().count()) for entity in ENTITIES.values())


def _questions() -> Values:
    yield from ReviewTask.objects.filter(state=TaskState.OPEN).order_by().values_list("entity").annotate(count=Count("pk"))


def _common_keys() -> Values:
    yield from CommonKey.objects.order_by().values_list("entity").annotate(count=Count("pk"))


def _unsealed() -> Values:
    yield "", UnsealedEvent.objects.count()


def _sealer_lag() -> Values:
    first = UnsealedEvent.objects.order_by("event_id").values("event_id")[:1]
    yield "", _age(ChangeEvent.objects.filter(pk__in=first).values_list("at", flat=True).first())


def _webhook_delays() -> Values:
    for subscription, position in WebhookProgress.objects.filter(subscription__active=True).values_list("subscription_id", "position"):
        following = Seal.objects.filter(seq__gt=position).order_by("seq").values_list("sealed_at", flat=True)
        yield str(subscription), _age(following.first())


def _sweep_age() -> Values:
    last = Pulse.objects.filter(name=SWEPT).values_list("at", flat=True).first()
    if last is not None:
        yield "", _age(last)


def _offences() -> Values:
    rows = Pulse.objects.filter(name__startswith=VERIFIED).values_list("name", "found")
    yield from ((name.removeprefix(VERIFIED), found) for name, found in rows)


GAUGES: Final = (
    Gauge("mdm_waiting_records", "Source records that wait to be matched.", "entity", _waiting),
    Gauge("mdm_waiting_oldest_seconds", "How long the record has waited that waits longest.", "entity", _oldest),
    Gauge("mdm_set_aside_records", "Source records that could not be matched.", "entity", _set_aside),
    Gauge("mdm_open_review_tasks", "Questions that wait for a data steward.", "entity", _questions),
    Gauge("mdm_common_keys_now", "Blocking keys that are too common to bring candidates.", "entity", _common_keys),
    Gauge("mdm_unsealed_events", "Change events that have no place in the feed yet.", "", _unsealed),
    Gauge("mdm_sealer_lag_seconds", "How long the event has waited that waits longest for its place in the feed.", "", _sealer_lag),
    Gauge("mdm_webhook_delay_seconds", "How long the first event has waited that an endpoint did not hear.", "webhook", _webhook_delays),
    Gauge("mdm_sweep_age_seconds", "How long ago beat and a worker last looked for what was left.", "", _sweep_age),
    Gauge("mdm_verify_offences", "What the last verification found, by check.", "check", _offences),
)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus: with the token of the settings, or from this machine where there is none. 403 for anybody else."""
    if not _may_ask(request):
        return HttpResponse("Send the token of METRICS_TOKEN as bearer token.\n", status=403, content_type="text/plain")
    return HttpResponse(generate_latest(counted()) + generate_latest(_of_database()), content_type=CONTENT_TYPE_LATEST)


def counted() -> CollectorRegistry:
    """Give what all processes counted that count into this folder; without one, what this process did."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]  # the library's
    return registry


class _Database(Collector):
    """The gauges, asked for when Prometheus asks."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        up = 1
        try:
            yield from [_family(gauge) for gauge in GAUGES]
        except (DatabaseError, InterfaceError):
            up = 0
        yield GaugeMetricFamily("mdm_database_up", "Whether the database answers.", value=up)


def _of_database() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Database())
    return registry


def _family(gauge: Gauge) -> GaugeMetricFamily:
    family = GaugeMetricFamily(gauge.name, gauge.says, labels=[gauge.label] if gauge.label else [])
    for label, value in gauge.values():
        family.add_metric([label] if gauge.label else [], value)
    return family


def _may_ask(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}")
    # A proxy on this machine asks for others.
    from_outside = settings.SECURE_PROXY_SSL_HEADER is not None or any(name in request.headers for name in FORWARDED)
    return request.META.get("REMOTE_ADDR") in THIS_MACHINE and not from_outside


def _age(moment: datetime | None) -> float:
    return 0.0 if moment is None else max(0.0, (timezone.now() - moment).total_seconds())
