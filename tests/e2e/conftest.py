"""A real browser on a real server."""

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.factories import PASSWORD, a_steward

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Playwright's own event loop makes Django believe that it is called from asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as slow, and skip it where there is no browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(reason="NO BROWSER: chromium is not installed, the pages were NOT tested as people see them")
                )


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def follow(page: Page, link: Locator) -> None:
    """Click a link and wait for the page that it leads to, scripts and all: on one that is still loading a click may be lost."""
    with page.expect_navigation():
        link.click()


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    with a_browser() as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Generator[BrowserContext]:
    """A browser with no memory."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def steward(live_server: LiveServer) -> User:
    """A data steward who may log in."""
    del live_server
    cache.clear()
    return a_steward()


def log_in(page: Page, address: str, user: User) -> None:
    """Log in as a person does."""
    page.goto(f"{address}/admin/")
    page.get_by_label("Username").fill(user.get_username())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{address}/admin/")


@pytest.fixture
def page(context: BrowserContext, live_server: LiveServer, steward: User) -> Page:
    """A page of a steward who has logged in; anything that goes wrong in the browser fails the test."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page raised {error}"))
    log_in(page, live_server.url, steward)
    return page
