"""The same pages without scripts, and on a phone."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from matching.models import ReviewTask, TaskState
from tests.e2e.conftest import log_in
from tests.e2e.workplace import a_customer_with_projects, a_question_that_a_change_raised, doubtful_pairs


def test_a_task_is_decided_and_undone_without_scripts(browser: Browser, live_server: LiveServer, steward: User) -> None:
    first, _ = doubtful_pairs(2)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(10_000)
    page = context.new_page()
    log_in(page, live_server.url, steward)
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{first.pk}/change/")
    page.get_by_label("Comment (optional)").fill("seen on paper")
    page.get_by_role("button", name="Different").click()
    expect(page.get_by_role("status")).to_contain_text("different")
    assert ReviewTask.objects.get(pk=first.pk).state == TaskState.DECIDED
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("is open again")).to_be_visible()
    assert ReviewTask.objects.get(pk=first.pk).state == TaskState.OPEN
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone(browser: Browser, live_server: LiveServer, steward: User, scheme: str) -> None:
    task = doubtful_pairs(1)[0]
    customer, weakened = a_customer_with_projects(), a_question_that_a_change_raised()
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    log_in(page, live_server.url, steward)
    for address in (
        "",
        "matching/reviewtask/",
        f"matching/reviewtask/{task.pk}/change/",
        f"matching/reviewtask/{weakened.pk}/change/",
        f"golden_records/goldencustomer/{customer.golden_id}/change/",
        f"golden_records/customerrecord/{customer.pk}/change/",
        "golden_records/goldenproject/",
    ):
        page.goto(f"{live_server.url}/admin/{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{task.pk}/change/")
    expect(page.get_by_role("button", name="Same")).to_be_in_viewport()
    context.close()
