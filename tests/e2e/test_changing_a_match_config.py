"""Somebody changes the match config in the browser: mistakes are mended, it is rehearsed, looked at, and published."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from matching import runs
from matching.active_config import active_config
from matching.models import MatchRun
from tests.e2e.workplace import doubtful_pairs
from tests.matching.conftest import CUSTOMER


@pytest.fixture
def lead(steward: User) -> User:
    steward.user_permissions.add(Permission.objects.get(codename="publish_matchconfigversion"))
    return steward


@pytest.mark.usefixtures("lead")
def test_two_mistakes_are_shown_mended_rehearsed_and_published(page: Page, live_server: LiveServer) -> None:
    doubtful_pairs(4)
    before = active_config(CUSTOMER).config
    page.goto(f"{live_server.url}/admin/matching/matchconfigversion/rehearse/customer/")
    document = page.get_by_role("textbox", name="YAML")
    right = re.sub(r"auto: [\d.]+", "auto: 0.97", document.input_value(), count=1)
    wrong = right.replace("auto: 0.97", "auto: much", 1).replace(f"version: {before.version + 1}", "version: 1", 1)

    document.fill(wrong)
    page.get_by_label("Reason").fill("fewer questions")
    page.get_by_role("button", name="Rehearse").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("thresholds.auto")
    expect(told).to_contain_text("must be greater than")
    expect(told.get_by_text("line ")).to_have_count(2)
    expect(document).to_have_value(wrong)
    expect(page.get_by_label("Reason")).to_have_value("fewer questions")
    assert not MatchRun.objects.exists()

    document.fill(right)
    page.get_by_role("button", name="Rehearse").click()
    page.wait_for_url(re.compile(r"/matchrun/\d+/change/"))
    run = runs.work_on(MatchRun.objects.get().pk)
    page.reload()
    page.get_by_label("Reason").fill("agreed with sales")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("the config is in force")).to_be_visible()
    runs.work_on(run.pk)
    after = active_config(CUSTOMER).config
    assert (after.version, after.thresholds.auto) == (before.version + 1, 0.97)

    page.goto(f"{live_server.url}/admin/matching/matchconfigversion/versions/customer/")
    expect(page.get_by_role("region", name="Difference, line by line")).to_contain_text("0.97")
