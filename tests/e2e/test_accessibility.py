"""axe-core finds no serious fault on any page of the admin, in both themes, on a desk and on a phone."""

from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.core.cache import cache
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tests.e2e.conftest import log_in
from tests.e2e.crawling import START, crawl
from tests.e2e.lived_in import live_in
from tests.e2e.workplace import a_customer_with_projects, a_hostile_pair, a_question_that_a_change_raised, doubtful_pairs
from tests.factories import PASSWORD, a_steward

GRAVE: Final = {"serious", "critical"}
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

    def get(path: str) -> str:
        answer = page.request.get(f"{address}{path}", max_redirects=0)
        return answer.text() if answer.status == 200 and "text/html" in answer.headers.get("content-type", "") else ""

    found = crawl(get)
    golden = found["golden_records-goldencustomer-change"]
    with_members = get(golden)
    if 'name="record" value="' in with_members:
        record = with_members.split('name="record" value="')[1].split('"')[0]
        found |= {f"regroup-{kind}": f"{golden.replace('/change/', '/regroup/')}?kind={kind}&record={record}" for kind in ("split", "move")}
    return found


def grave_faults(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds on the page as it is now, where it keeps people out."""
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    return [fault for fault in found.response["violations"] if fault["impact"] in GRAVE]


def in_words(fault: dict[str, Any]) -> str:
    """A fault with the first places where it is."""
    places = "; ".join(f"{' '.join(node['target'])} {node['html'][:120]} {node['failureSummary'][:200]}" for node in fault["nodes"][:3])
    return f"{fault['id']} ({len(fault['nodes'])}): {places}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_keeps_anybody_out(browser: Browser, live_server: LiveServer, scheme: str, width: int) -> None:
    cache.clear()
    a_lived_in_firm()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light")
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{live_server.url}{START}")
    found = {("log-in", in_words(fault)) for fault in grave_faults(page)}
    log_in(page, live_server.url, an_administrator())
    for name, path in pages_of(page, live_server.url).items():
        page.goto(f"{live_server.url}{path}")
        found |= {(name, in_words(fault)) for fault in grave_faults(page) if (fault["id"], name) not in EXCEPTIONS}
    context.close()
    assert sorted(found) == []
