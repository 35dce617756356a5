"""A steward clears the queue without touching the mouse."""

import re

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from golden_records.models import GoldenCustomer, GoldenState
from matching.models import Judgement, ReviewTask, TaskState
from tests.e2e.conftest import follow
from tests.e2e.workplace import a_customer_with_projects, a_hostile_pair, doubtful_pairs


def press_and_go_on(page: Page, key: str) -> None:
    """Press a key that leads to another page, and wait for it."""
    here = page.url

    def is_elsewhere(address: str) -> bool:
        return address != here

    page.keyboard.press(key)
    page.wait_for_url(is_elsewhere)


def test_ten_tasks_are_cleared_by_keyboard_and_two_are_undone(page: Page, live_server: LiveServer) -> None:
    doubtful_pairs(10)
    page.goto(f"{live_server.url}/admin/matching/reviewtask/")
    page.keyboard.press("n")
    heading = page.get_by_role("heading", name="Are these two the same?")
    for key in "sdusdusdu":
        expect(heading).to_be_visible()
        press_and_go_on(page, key)
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 1

    page.keyboard.press("z")
    expect(page.get_by_text("is open again")).to_be_visible()
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 2
    page.keyboard.press("s")
    expect(page.get_by_role("status")).to_contain_text("same")
    page.keyboard.press("z")
    expect(page.get_by_text("is open again")).to_be_visible()
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == 2

    for _ in range(2):
        press_and_go_on(page, "d")
    expect(page.get_by_role("heading", name="Well done")).to_be_visible()
    assert ReviewTask.objects.filter(state=TaskState.DECIDED).count() == 10
    merged = GoldenCustomer.objects.filter(state=GoldenState.RETIRED).count()
    assert merged == ReviewTask.objects.filter(answer="same").count() > 0


def test_a_comment_is_written_without_pressing_keys_of_decisions(page: Page, live_server: LiveServer) -> None:
    task = doubtful_pairs(2)[0]
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{task.pk}/change/")
    page.keyboard.press("c")
    page.keyboard.type("sad but unsure")
    page.keyboard.press("Enter")
    assert ReviewTask.objects.get(pk=task.pk).state == TaskState.OPEN
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.get_by_role("status")).to_contain_text("different")
    assert ReviewTask.objects.get(pk=task.pk).comment == "sad but unsure"


def test_the_keys_are_explained(page: Page, live_server: LiveServer) -> None:
    task = doubtful_pairs(1)[0]
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{task.pk}/change/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("never asked, never joined again")
    page.keyboard.press("s")
    assert ReviewTask.objects.get(pk=task.pk).state == TaskState.OPEN
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_key_held_down_answers_one_question_only(page: Page, live_server: LiveServer) -> None:
    task = doubtful_pairs(3)[0]
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{task.pk}/change/")
    page.keyboard.down("d")
    page.keyboard.down("d")
    page.keyboard.down("d")
    page.keyboard.up("d")
    expect(page.get_by_role("status")).to_contain_text("different")
    assert Judgement.objects.count() == 1


def test_hostile_names_run_nothing(page: Page, live_server: LiveServer) -> None:
    task = a_hostile_pair()
    page.on("dialog", lambda dialog: (_ for _ in ()).throw(AssertionError(dialog.message)))
    for address in ("", "matching/reviewtask/", f"matching/reviewtask/{task.pk}/change/", "golden_records/goldencustomer/"):
        page.goto(f"{live_server.url}/admin/{address}")
        expect(page).not_to_have_title("owned")
        assert page.locator("img[src='x'], svg[onload]").count() == 0


def test_from_the_dashboard_to_a_golden_record_and_its_project(page: Page, live_server: LiveServer) -> None:
    customer = a_customer_with_projects()
    page.goto(f"{live_server.url}/admin/")
    follow(page, page.get_by_role("link", name=re.compile("Golden customers")))
    follow(page, page.get_by_role("link", name="Nordwind Énergie SA"))
    expect(page.get_by_role("heading", name=re.compile("Nordwind Énergie SA")).last).to_be_visible()
    expect(page.get_by_text(str(customer.golden_id))).to_be_visible()
    follow(page, page.get_by_role("link", name="Offshore grid study"))
    expect(page.get_by_role("img", name="Revenue and cost by month")).to_be_visible()
