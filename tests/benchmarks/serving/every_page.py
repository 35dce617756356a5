"""A command of the benchmarks: every page of the admin as an administrator opens it, inside one process. Prints JSON lines.

Each list, each of the filters that it offers, and the page and the history of its newest object; searches and narrowed queues; and all
pages that need no number in their address. One call warms up, then the median and the slowest of ROUNDS.
"""

import json
import re
import statistics
import time
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any, Final
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, URLPattern, URLResolver, reverse

from matching.models import ReviewTask, TaskState
from tests.benchmarks.serving.firms import firm

ROUNDS: Final = 7
BUDGET_MS: Final = 200
NOT_A_PAGE: Final = ("logout", "jsi18n", "autocomplete", "view_on_site", "app_list", "password_change_done")


def main() -> None:
    """Print a line per page, the slowest last."""
    client = Client(HTTP_HOST="localhost")
    person, _ = User.objects.get_or_create(username="benchmark", is_staff=True, is_superuser=True)
    client.force_login(person)
    lines = [_measured(client, name, address) for name, address in pages(client)]
    for line in sorted(lines, key=lambda line: float(line["median_ms"])):
        print(json.dumps(line), flush=True)


def pages(client: Client) -> Iterator[tuple[str, str]]:
    """Name the pages and their addresses."""
    registered = [model for model in apps.get_models() if admin.site.is_registered(model)]
    for model in sorted(registered, key=lambda model: model._meta.label):
        prefix = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        listed = reverse(f"{prefix}_changelist")
        yield f"{model._meta.label}: list", listed
        for query in _filters(client.get(listed).content.decode()):
            yield f"{model._meta.label}: {query}", f"{listed}{query}"
        newest = model._default_manager.order_by("-pk").first()
        if newest is not None:
            yield f"{model._meta.label}: page", reverse(f"{prefix}_change", args=(newest.pk,))
            yield f"{model._meta.label}: history", reverse(f"{prefix}_history", args=(newest.pk,))
    yield from _looked_for()
    yield from _alone()


def _filters(page: str) -> list[str]:
    """Give the queries that a list links to: its filters, and its further pages."""
    found = (unescape(query) for query in _LINK.findall(page))
    return sorted({query for query in found if query != "?"})


_LINK: Final = re.compile(r'href="(\?[^"]*)"')


def _looked_for() -> Iterator[tuple[str, str]]:
    """Searches and filters as people use them."""
    name = firm(77_777, "crm")["legal_name"]
    for model in ("golden_records_goldencustomer", "golden_records_customerrecord", "matching_reviewtask"):
        for words, term in (("a name", name), ("the beginning of a name", name[:5]), ("what nobody is called", "zzqqxx")):
            yield f"{model}: search for {words}", f"{reverse(f'admin:{model}_changelist')}?{urlencode({'q': term})}"
    queue = reverse("admin:matching_reviewtask_changelist")
    for query in ("band=high", "band=low&entity=customer", "state=decided", "p=200"):
        yield f"queue: {query}", f"{queue}?{query}"
    likeliest = ReviewTask.objects.filter(state=TaskState.OPEN).order_by("-probability", "id").first()
    if likeliest is not None:
        yield "queue: the likeliest task", reverse("admin:matching_reviewtask_change", args=(likeliest.pk,))


def _alone() -> Iterator[tuple[str, str]]:
    """Pages of their own, whose address needs nothing."""
    for name in sorted(_names(admin.site.get_urls())):
        if not name.endswith(("_changelist", *NOT_A_PAGE)):
            try:
                yield name, reverse(f"admin:{name}")
            except NoReverseMatch:
                continue


def _names(patterns: Iterable[Any]) -> set[str]:
    nested = [_names(pattern.url_patterns) for pattern in patterns if isinstance(pattern, URLResolver)]
    return {pattern.name for pattern in patterns if isinstance(pattern, URLPattern) and pattern.name}.union(*nested)


def _measured(client: Client, name: str, address: str) -> dict[str, Any]:
    client.get(address)
    spent, status = [], 0
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        status = client.get(address).status_code
        spent.append(1_000 * (time.perf_counter() - begun))
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
    return {
        "benchmark": "pages",
        "page": name,
        "status": status,
        "median_ms": round(statistics.median(spent), 1),
        "slowest_ms": round(max(spent), 1),
        "statements": len(asked),
        "budget_ms": BUDGET_MS,
    }


if __name__ == "__main__":
    main()
