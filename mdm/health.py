"""Answers for load balancers and supervisors: is the process alive, and can it do its work?"""

from collections.abc import Callable
from functools import cache
from typing import Final

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from matching import lock_table
from matching.models import Pulse
from matching.tasks import SWEPT

OK: Final = "ok"
DEGRADED: Final = "degraded"
UNAVAILABLE: Final = "unavailable"
BROKER_TIMEOUT_SECONDS: Final = 2
NEEDED: Final = ("database", "migrations")
"""Without these no request can be answered. What else is wrong is told, and the service goes on: records wait in the database."""

_SWEEPS_MISSED: Final = 4


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all. Touches nothing else, so a lost database does not restart the web server."""
    del request
    return JsonResponse({"status": OK})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when requests can be answered, else 503; each check is named, and "degraded" where one fails that is not needed for that."""
    del request
    database = _database()
    checks = {
        "database": database,
        "migrations": _asked(database, _migrations),
        "broker": _broker(),
        "sweep": _asked(database, _sweep),
        "locks": _asked(database, lambda: lock_table.shortage() or OK),
    }
    if any(checks[name] != OK for name in NEEDED):
        return JsonResponse({"status": UNAVAILABLE, "checks": checks}, status=503)
    status = OK if all(state == OK for state in checks.values()) else DEGRADED
    return JsonResponse({"status": status, "checks": checks})


def _asked(database: str, check: Callable[[], str]) -> str:
    if database != OK:
        return UNAVAILABLE
    try:
        return check()
    except DatabaseError:
        return UNAVAILABLE


def _sweep() -> str:
    """Say whether beat and a worker are at work: the sweep needs both."""
    last = Pulse.objects.filter(name=SWEPT).values_list("at", flat=True).first()
    if last is None:
        return "never ran"
    age = (timezone.now() - last).total_seconds()
    return OK if age <= _SWEEPS_MISSED * settings.SWEEP_SECONDS else f"ran {age:.0f} s ago"


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return UNAVAILABLE
    return OK


def _migrations() -> str:
    try:
        pending = _pending_migrations()
    except PendingMigrationsError as error:
        return f"{error.count} pending"
    return OK if pending == 0 else f"{pending} pending"


class PendingMigrationsError(Exception):
    """The database lacks `count` migrations."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} migrations are pending")
        self.count = count


@cache
def _pending_migrations() -> int:
    # Reading the migration graph takes longer than all other checks together. A database that once was up to date stays so while
    # this process runs; an exception is not cached, so a pending migration is looked at again each time.
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if pending:
        raise PendingMigrationsError(pending)
    return 0


def _broker() -> str:
    client = redis.Redis.from_url(
        settings.CELERY_BROKER_URL, socket_connect_timeout=BROKER_TIMEOUT_SECONDS, socket_timeout=BROKER_TIMEOUT_SECONDS
    )
    try:
        client.ping()
    except redis.RedisError:
        return UNAVAILABLE
    finally:
        client.close()
    return OK
