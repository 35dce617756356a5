"""The workbench in French: a steward switches to it, works by keyboard, and reads no English on the way."""

import re
from typing import Final

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from matching.models import ReviewTask, TaskState
from mdm.translating import catalogue
from tests.e2e.conftest import log_in
from tests.e2e.lived_in import live_in
from tests.e2e.test_review_by_keyboard import press_and_go_on
from tests.e2e.workplace import a_customer_with_projects, a_question_that_a_change_raised, doubtful_pairs

WORD: Final = re.compile(r"[^\W\d_]+", re.UNICODE)
# Words of English that a French page may hold: names of things that have no other, and what sources and people wrote.
KNOWN: Final = frozenset(
    {"esc", "web", "name", "key", "account", "energy", "city", "note", "changed", "engineering", "id", "customer", "project", "active"}
)
PAGES: Final = (
    "",
    "matching/reviewtask/",
    "golden_records/goldencustomer/",
    "golden_records/goldenproject/",
    "golden_records/changeevent/",
    "golden_records/override/",
    "golden_records/quarantinedrow/",
    "golden_records/importjob/",
    "golden_records/customerrecord/add/",
    "golden_records/survivorshipversion/rules/",
    "golden_records/sourcesystem/",
    "matching/qualityreport/overview/",
    "matching/matchrun/",
    "matching/matchrun/blocking/",
    "matching/reportjob/",
    "matching/reportjob/make/changes/",
)


def english_words() -> set[str]:
    """Words that the catalogue has in English, and French never says."""
    english: set[str] = set()
    french: set[str] = set()
    for message in catalogue.stored():
        ids, said = ([text] if isinstance(text, str) else list(text or ()) for text in (message.id, message.string))
        english |= {word.lower() for text in ids for word in WORD.findall(text)}
        french |= {word.lower() for text in said for word in WORD.findall(text)}
    return {word for word in english - french if len(word) > 2} - KNOWN


def read(page: Page) -> list[str]:
    """What the page says, apart from icons, records and what people wrote."""
    texts: list[str] = page.evaluate(
        """() => {
          const ours = '.mdm-event-why, .mdm-chip, .mdm-step-values';
          const hidden = 'script, style, bdi, code, pre, textarea, .material-symbols-outlined, ' + ours;
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const found = [];
          while (walker.nextNode()) {
            const parent = walker.currentNode.parentElement;
            const text = walker.currentNode.textContent.trim();
            if (parent && text && !parent.closest(hidden)) found.push(text);
          }
          document.querySelectorAll('[placeholder], [title], [aria-label]').forEach(each => {
            if (!each.closest(hidden)) found.push(each.getAttribute('placeholder') || each.title || each.getAttribute('aria-label') || '');
          });
          return found;
        }"""
    )
    return texts


def english_on(page: Page, english: set[str]) -> list[str]:
    """The texts of a page that are English: two words of it, or nothing but one."""
    found = []
    for text in read(page):
        words = [word.lower() for word in WORD.findall(text)]
        foreign = [word for word in words if word in english]
        if len(foreign) > 1 or (foreign and len(words) == 1):
            found.append(text)
    return found


def switch_to_french(page: Page) -> None:
    """Choose the language in the user menu."""
    page.locator("form[action='/i18n/setlang/']:has(input[value='fr'])").evaluate("form => form.submit()")
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_a_steward_works_in_french_by_keyboard(page: Page, live_server: LiveServer) -> None:
    doubtful_pairs(3)
    page.goto(f"{live_server.url}/admin/")
    switch_to_french(page)
    page.goto(f"{live_server.url}/admin/matching/reviewtask/")
    page.keyboard.press("n")
    heading = page.get_by_role("heading", name="Ces deux fiches sont-elles identiques")
    expect(heading).to_be_visible()
    press_and_go_on(page, "s")
    expect(page.get_by_role("status")).to_contain_text("identiques")
    press_and_go_on(page, "d")
    expect(page.get_by_role("status")).to_contain_text("différents")
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 1
    page.keyboard.press("z")
    expect(page.get_by_text("est de nouveau ouverte")).to_be_visible()
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 2
    english = english_words()
    assert english_on(page, english) == []
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("plus jamais demandé")


def test_no_english_is_left_on_the_main_pages(browser: Browser, live_server: LiveServer, steward: User) -> None:
    doubtful_pairs(5)
    customer = a_customer_with_projects()
    task = a_question_that_a_change_raised()
    golden_id = live_in(steward)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/")
    expect(page.get_by_role("button", name="Se connecter")).to_be_visible()
    context.add_cookies([{"name": "django_language", "value": "en", "url": live_server.url}])
    log_in(page, live_server.url, steward)
    switch_to_french(page)
    english, found = english_words(), {}
    pages = [
        *PAGES,
        f"matching/reviewtask/{task.pk}/change/",
        f"golden_records/goldencustomer/{golden_id}/change/",
        f"golden_records/goldencustomer/{golden_id}/history/",
        f"golden_records/goldencustomer/{customer.golden_id}/change/",
        f"golden_records/goldencustomer/{golden_id}/regroup/?kind=merge",
    ]
    for path in pages:
        page.goto(f"{live_server.url}/admin/{path}")
        if told := english_on(page, english):
            found[path] = told
    context.close()
    assert not found, "\n".join(f"{path}: {told}" for path, told in found.items())


@pytest.mark.parametrize(("language", "said"), [("fr-FR", "Se connecter"), ("en-GB", "Log in"), ("pl-PL", "Log in")])
def test_the_log_in_follows_the_browser(browser: Browser, live_server: LiveServer, language: str, said: str) -> None:
    context = browser.new_context(locale=language)
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/")
    expect(page.get_by_role("button", name=said)).to_be_visible()
    context.close()
