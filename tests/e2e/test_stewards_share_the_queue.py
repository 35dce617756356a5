"""Two stewards at two browsers: many tasks at once, second opinions, hand-over, deferral and claims."""

import re
from collections.abc import Generator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from golden_records.models import GoldenCustomer, GoldenState
from matching.models import FourEyesRule, ReasonCode, ReviewTask, TaskClaim, TaskState
from tests.e2e.conftest import follow, log_in
from tests.e2e.workplace import doubtful_pairs
from tests.factories import a_steward


@pytest.fixture
def henri(steward: User) -> User:
    del steward
    return a_steward("henri")


@pytest.fixture
def second(browser: Browser, live_server: LiveServer, henri: User) -> Generator[Page]:
    """The browser of a second steward."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page raised {error}"))
    log_in(page, live_server.url, henri)
    yield page
    context.close()


def task_page(live_server: LiveServer, task: ReviewTask) -> str:
    return f"{live_server.url}/admin/matching/reviewtask/{task.pk}/change/"


def merged() -> int:
    return GoldenCustomer.objects.filter(state=GoldenState.RETIRED).count()


def test_three_tasks_are_answered_at_once_after_a_preview_and_taken_back_with_one_button(page: Page, live_server: LiveServer) -> None:
    doubtful_pairs(4)
    page.goto(f"{live_server.url}/admin/matching/reviewtask/")
    for box in page.locator("input.action-select").all()[:3]:
        box.check()
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="3 tasks at once")).to_be_visible()
    page.get_by_label("Answer 'same'").check()
    expect(page.get_by_label("Until")).to_be_hidden()
    page.get_by_role("button", name="Show the preview").click()
    expect(page.get_by_text("3 × the two become one golden record")).to_be_visible()
    assert merged() == 0
    page.get_by_role("button", name="Do it with 3 tasks").click()
    expect(page.get_by_role("status")).to_contain_text("3 × done")
    assert merged() == 3
    page.get_by_role("button", name="Undo all").click()
    expect(page.get_by_text("3 tasks were taken back")).to_be_visible()
    assert (merged(), ReviewTask.objects.filter(state=TaskState.OPEN).count()) == (0, 4)


def test_a_second_steward_sees_the_first_ones_case_and_has_it_done(page: Page, second: Page, live_server: LiveServer) -> None:
    (task,) = doubtful_pairs(1)
    ReasonCode.objects.create(code="one-board", answer="same", label="One board")
    FourEyesRule.objects.create(entity="customer", reason="agreed with audit")
    page.goto(task_page(live_server, task))
    page.get_by_label("Reason (optional)").select_option("One board")
    page.get_by_label("Comment (optional)").fill("both have one phone")
    page.get_by_role("button", name=re.compile("Same")).click()
    expect(page.get_by_role("status").first).to_contain_text("waits for a second steward")
    assert merged() == 0

    second.goto(f"{live_server.url}/admin/")
    follow(second, second.get_by_role("link", name=re.compile("Second opinions")).first)
    follow(second, second.locator("#result_list tbody th a").first)
    case = second.get_by_role("region", name="A second opinion is asked of you")
    for said in ("grace", "One board", "both have one phone", "become one golden record"):
        expect(case).to_contain_text(said)
    second.get_by_role("button", name="Agree: do it").click()
    expect(second.get_by_text("You agreed, and it is done")).to_be_visible()
    assert merged() == 1


def test_who_disagrees_opens_the_question_again(page: Page, second: Page, live_server: LiveServer) -> None:
    (task,) = doubtful_pairs(1)
    FourEyesRule.objects.create(reason="agreed with audit")
    page.goto(task_page(live_server, task))
    page.keyboard.press("s")
    expect(page.get_by_role("status").first).to_contain_text("waits for a second steward")
    second.goto(task_page(live_server, task))
    second.get_by_label("What you say to it").fill("two boards")
    second.get_by_role("button", name="Disagree").click()
    expect(second.get_by_text("You disagreed")).to_be_visible()
    page.goto(task_page(live_server, task))
    expect(page.get_by_role("region", name="What was done about this task")).to_contain_text("two boards")
    expect(page.get_by_role("button", name=re.compile("Same"))).to_be_visible()


def test_a_task_is_put_off_and_found_among_the_deferred(page: Page, live_server: LiveServer) -> None:
    task, other = sorted(doubtful_pairs(2), key=lambda each: -each.worth)
    day = timezone.localdate() + timedelta(days=5)
    page.goto(task_page(live_server, task))
    page.get_by_label("Defer until").fill(day.isoformat())
    page.get_by_label("Why (optional)").fill("asked the source")
    page.get_by_role("button", name="Defer", exact=True).click()
    page.wait_for_url(f"**/{other.pk}/change/**")
    page.goto(f"{live_server.url}/admin/matching/reviewtask/")
    expect(page.locator("#result_list tbody th")).to_have_count(1)
    follow(page, page.get_by_role("link", name="Deferred", exact=True))
    follow(page, page.locator("#result_list tbody th a").first)
    expect(page.get_by_text("asked the source").first).to_be_visible()
    page.get_by_role("button", name="Bring it back now").click()
    expect(page.get_by_text("is in the queue again")).to_be_visible()


def test_a_task_is_handed_to_a_colleague_who_finds_it_at_home(page: Page, second: Page, live_server: LiveServer) -> None:
    (task,) = doubtful_pairs(1)
    page.goto(task_page(live_server, task))
    page.get_by_role("combobox", name="Hand to").select_option("henri")
    page.get_by_label("Note (optional)").fill("you know them")
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_text("was handed to henri")).to_be_visible()
    second.goto(f"{live_server.url}/admin/")
    follow(second, second.get_by_role("link", name=re.compile("For me")))
    follow(second, second.locator("#result_list tbody th a").first)
    expect(second.get_by_text("This task is yours.")).to_be_visible()
    expect(second.get_by_text("you know them").first).to_be_visible()


def test_a_task_that_one_looks_at_is_claimed_and_another_takes_it_over(page: Page, second: Page, live_server: LiveServer) -> None:
    (task,) = doubtful_pairs(1)
    with page.expect_response("**/claim/"):
        page.goto(task_page(live_server, task))
    assert TaskClaim.objects.get().user.username == "grace"
    with second.expect_response("**/claim/"):
        second.goto(task_page(live_server, task))
    expect(second.get_by_text("grace is working on this task")).to_be_visible()
    second.keyboard.press("d")
    expect(second.get_by_text("grace has claimed review task")).to_be_visible()
    assert ReviewTask.objects.get().state == TaskState.OPEN
    second.get_by_role("button", name="Take it over").click()
    expect(second.get_by_text("You have taken this task over")).to_be_visible()
    second.keyboard.press("d")
    expect(second.get_by_role("status").first).to_contain_text("different")


def test_the_queue_and_a_bulk_are_usable_on_a_phone(browser: Browser, live_server: LiveServer, steward: User) -> None:
    (task, *_others) = doubtful_pairs(3)
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="dark")
    page = context.new_page()
    log_in(page, live_server.url, steward)
    page.goto(f"{live_server.url}/admin/matching/reviewtask/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("input.action-select").first.check()
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Answer 'different'").check()
    page.get_by_role("button", name="Show the preview").click()
    expect(page.get_by_text("1 × the two are kept apart for good")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.get_by_role("button", name="Do it with 1 task")).to_be_in_viewport()
    page.goto(task_page(live_server, task))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
