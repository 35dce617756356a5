"""axe-core finds no serious fault on any page of the admin, in both themes, on a desk and on a phone."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.core.cache import cache
from playwright.sync_api import Browser, Page, ViewportSize
from pytest_django.live_server_helper import LiveServer

from tests.e2e.conftest import log_in
from tests.e2e.crawling import START, crawl, html_of
from tests.e2e.lived_in import live_in
from tests.e2e.workplace import a_customer_with_projects, a_hostile_pair, a_question_that_a_change_raised, doubtful_pairs
from tests.factories import PASSWORD, a_steward

GRAVE: Final = {"serious", "critical"}
DESK: Final = ViewportSize(width=1440, height=900)
PHONE: Final = ViewportSize(width=390, height=844)
# What may be wrong in the dark alone: all else is the same page.
LOOKS: Final = ("color-contrast", "link-in-text-block")
# Faults that stay, by rule and page, each with the reason why.
EXCEPTIONS: Final[dict[tuple[str, str], str]] = {}


def an_administrator() -> User:
    """Somebody who sees every page."""
    return User.objects.create_superuser("root", password=PASSWORD)


def a_lived_in_firm() -> None:
    """Pages with something on each of them."""
    doubtful_pairs(6)
    a_customer_with_projects()
    a_question_that_a_change_raised()
    a_hostile_pair()
    live_in(a_steward("anna"))


def pages_of(page: Page, address: str) -> dict[str, str]:
    """Every kind of page, also those that begin with a choice."""
    found = crawl(lambda path: html_of(page, f"{address}{path}"))
    golden = found["golden_records-goldencustomer-change"]
    with_members = html_of(page, f"{address}{golden}")
    if 'name="record" value="' in with_members:
        record = with_members.split('name="record" value="')[1].split('"')[0]
        found |= {f"regroup-{kind}": f"{golden.replace('/change/', '/regroup/')}?kind={kind}&record={record}" for kind in ("split", "move")}
    return found


def grave_faults(page: Page, rules: Sequence[str] = ()) -> list[dict[str, Any]]:
    """What axe-core finds on the page as it is now, where it keeps people out; by some rules alone, or by all."""
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = Axe().run(page, options=options)
    return [fault for fault in found.response["violations"] if fault["impact"] in GRAVE]


def in_words(fault: dict[str, Any]) -> str:
    """A fault with the first places where it is."""
    places = "; ".join(f"{' '.join(node['target'])} {node['html'][:120]} {node['failureSummary'][:200]}" for node in fault["nodes"][:3])
    return f"{fault['id']} ({len(fault['nodes'])}): {places}"


# What a page looks like is no matter of the database: each opens all pages once, in one of the two themes.


@pytest.mark.only_on("sqlite")
def test_no_page_keeps_anybody_out(browser: Browser, live_server: LiveServer) -> None:
    _open_all(browser, live_server, "light")


@pytest.mark.only_on("postgresql")
def test_no_page_keeps_anybody_out_in_the_dark(browser: Browser, live_server: LiveServer) -> None:
    _open_all(browser, live_server, "dark")


def _open_all(browser: Browser, live_server: LiveServer, scheme: Literal["light", "dark"]) -> None:
    cache.clear()
    a_lived_in_firm()
    context = browser.new_context(viewport=DESK, color_scheme=scheme)
    context.set_default_timeout(20_000)
    page = context.new_page()
    found: list[str] = []

    def look(name: str, path: str) -> None:
        page.goto(f"{live_server.url}{path}")
        for width, size in (("desk", DESK), ("phone", PHONE)):
            page.set_viewport_size(size)
            faults = grave_faults(page, LOOKS if scheme == "dark" else ())
            found.extend(f"{name}, {width}: {in_words(fault)}" for fault in faults if (fault["id"], name) not in EXCEPTIONS)

    look("log-in", START)
    page.set_viewport_size(DESK)
    log_in(page, live_server.url, an_administrator())
    for name, path in pages_of(page, live_server.url).items():
        look(name, path)
    context.close()
    assert not found, "\n".join(found)
