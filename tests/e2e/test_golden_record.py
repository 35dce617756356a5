"""On the page of a golden record a steward splits, pins a value, confirms, and takes each back."""

import re

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from golden_records.models import CustomerRecord, GoldenCustomer, Override, OverrideState
from tests.e2e.conftest import follow
from tests.e2e.workplace import a_customer_with_projects


def golden_page(page: Page, live_server: LiveServer) -> GoldenCustomer:
    """Open the page of a customer whom both sources know."""
    golden = a_customer_with_projects().golden
    assert isinstance(golden, GoldenCustomer)
    page.goto(f"{live_server.url}/admin/golden_records/goldencustomer/{golden.pk}/change/")
    return golden


def homes() -> int:
    return CustomerRecord.objects.values("golden_id").distinct().count()


def test_a_record_is_split_off_after_a_preview_and_brought_back(page: Page, live_server: LiveServer) -> None:
    golden_page(page, live_server)
    page.get_by_role("checkbox", name="Choose erp K-19001").check()
    page.get_by_role("button", name="Split the chosen off").click()
    expect(page.get_by_role("heading", name="These records would have a golden record of their own")).to_be_visible()
    assert homes() == 1
    page.get_by_label("Reason").fill("another firm of the same group")
    page.get_by_role("button", name="Split off").click()
    expect(page.get_by_role("heading", name="Source records were split off")).to_be_visible()
    assert homes() == 2
    page.get_by_placeholder("Why it is undone").fill("the register says otherwise")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".mdm-title").get_by_text("undone")).to_be_visible()
    assert homes() == 1


def test_a_value_is_pinned_and_the_pin_is_taken_off(page: Page, live_server: LiveServer) -> None:
    golden = golden_page(page, live_server)
    follow(page, page.get_by_role("row", name=re.compile("^Segment")).get_by_role("link", name="Override"))
    page.get_by_label("My own").check()
    page.locator("[name=value_segment]").fill("Strategic")
    page.get_by_label("Reason").fill("agreed with sales")
    page.get_by_role("button", name="Let it stand").click()
    expect(page.get_by_role("row", name=re.compile("^Segment"))).to_contain_text("Strategic")
    made = Override.objects.get()
    page.goto(f"{live_server.url}/admin/golden_records/override/{made.pk}/change/")
    page.get_by_placeholder("Why it is ended").fill("no longer agreed")
    page.get_by_role("button", name="End the override").click()
    expect(page.get_by_text("ended", exact=True).first).to_be_visible()
    golden.refresh_from_db()
    assert (golden.segment, Override.objects.get().state) == ("Key account", OverrideState.ENDED)


def test_a_customer_is_confirmed_as_it_is_and_changes_since_are_counted(page: Page, live_server: LiveServer) -> None:
    golden_page(page, live_server)
    page.get_by_placeholder("How you know that it is right").fill("seen in the register")
    page.get_by_role("button", name="Confirm it as it is").click()
    confirmed = page.get_by_role("region", name="Confirmed")
    expect(confirmed).to_contain_text("Confirmed as it is")
    expect(confirmed).to_contain_text("seen in the register")
    confirmed.get_by_text("Take the mark off").first.click()
    page.get_by_placeholder("Why this no longer holds").fill("they moved")
    page.get_by_role("button", name="Take the mark off").click()
    expect(page.get_by_role("region", name="Confirmed")).to_contain_text("not yet")
