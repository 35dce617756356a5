"""Answers for load balancers and supervisors: is the process alive, and can it do its work?"""

from functools import cache
from typing import Final

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

OK: Final = "ok"
UNAVAILABLE: Final = "unavailable"
BROKER_TIMEOUT_SECONDS: Final = 2


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all. Touches nothing else, so a lost database does not restart the web server."""
    del request
    return JsonResponse({"status": OK})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when database, broker and migrations are as the code needs them, else 503; each check is named in the answer."""
    del request
    database = _database()
    checks = {"database": database, "migrations": _migrations() if database == OK else UNAVAILABLE, "broker": _broker()}
    healthy = all(state == OK for state in checks.values())
    return JsonResponse({"status": OK if healthy else UNAVAILABLE, "checks": checks}, status=200 if healthy else 503)


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
    except DatabaseError:
        return UNAVAILABLE
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
