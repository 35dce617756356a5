"""People sign in with a second factor, on a phone too, and see what is theirs to see."""

from django.contrib.auth.models import Group, Permission
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from matching.access import STEWARDS, ensure_groups
from tests.e2e.conftest import log_in
from tests.e2e.workplace import a_customer_with_projects, doubtful_pairs
from tests.factories import PASSWORD, a_person, a_steward
from tests.mdm.signing_in import code_of

PHONE = {"width": 390, "height": 844}
NAMES = ("Lefèvre", "Lefebvre", "Marie", "mh.lefevre@example.fr", "1979", "+33140201010", "Claire Fontaine", "rue de la Paix")


def test_somebody_sets_a_second_factor_up_and_signs_in_with_it_on_a_phone(
    browser: Browser, live_server: LiveServer, settings: Settings
) -> None:
    settings.SECOND_FACTOR_FOR = [STEWARDS]
    steward = a_steward()
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.set_default_timeout(15_000)
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Username").fill(steward.get_username())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Set up an authenticator app")).to_be_visible()
    expect(page.get_by_role("img", name="QR code; the same as text stands below it")).to_be_visible()
    page.get_by_text("Enter it by hand instead").click()
    secret = page.locator("details code").inner_text()
    page.get_by_role("textbox").fill(code_of(secret))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    recovery = page.locator(".mdm-codes code").first.inner_text()
    fits(page)
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Username").fill(steward.get_username())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    fits(page)
    page.get_by_role("textbox").fill("000000")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("textbox").fill(recovery)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{live_server.url}/admin/")


def test_who_may_not_see_persons_reviews_by_marks(page: Page, live_server: LiveServer) -> None:
    tasks = doubtful_pairs(3)
    customer = a_customer_with_projects()
    masked = a_person("mara")
    ensure_groups()
    rights = Permission.objects.filter(group=Group.objects.get(name=STEWARDS)).exclude(codename__startswith="view_personal_data")
    masked.user_permissions.set(rights)
    page.context.clear_cookies()
    log_in(page, live_server.url, masked)
    for address in (
        f"matching/reviewtask/{tasks[2].pk}/change/",
        f"golden_records/goldencustomer/{customer.golden_id}/change/",
        f"golden_records/goldencustomer/{customer.golden_id}/history/",
        f"golden_records/customerrecord/{customer.pk}/change/",
        "golden_records/goldencustomer/",
        "golden_records/goldenproject/",
        "golden_records/customerrecord/",
        "matching/reviewtask/",
    ):
        page.goto(f"{live_server.url}/admin/{address}")
        content = page.content()
        assert [name for name in NAMES if name in content] == [], address
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{tasks[2].pk}/change/")
    expect(page.get_by_text("letters, #").first).to_be_visible()
    page.keyboard.press("d")
    tasks[2].refresh_from_db()
    expect(page.get_by_text("letters, #").first).to_be_visible()


def fits(page: Page) -> None:
    """Nothing stands beside the screen."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
