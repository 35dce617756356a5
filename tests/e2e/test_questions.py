"""A steward answers a question on many golden records without touching the mouse, and chooses what survives."""

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from golden_records.models import CustomerRecord, GoldenCustomer, GoldenState, Override
from matching.models import Judgement, ReviewTask, TaskState
from tests.e2e.workplace import a_cluster, a_hostile_pair, doubtful_pairs


def active() -> int:
    return GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).count()


def test_a_cluster_of_four_is_answered_in_part_by_keyboard_and_taken_back(page: Page, live_server: LiveServer) -> None:
    tasks = a_cluster(4)
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{tasks[0].pk}/change/")
    expect(page.get_by_role("heading", name="Which of these 4 are the same?")).to_be_visible()
    expect(page.get_by_role("button", name="Answer as marked")).to_be_disabled()
    for key in "1233":
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="What would come of your marks")).to_be_visible()
    expect(page.locator("#preview")).to_contain_text("kept apart from them for good")
    expect(page.get_by_role("button", name="All the same")).to_be_disabled()
    page.keyboard.press("s")
    assert Judgement.objects.count() == 0
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="All the same")).to_be_enabled()
    for key in "1233a":
        page.keyboard.press(key)
    expect(page.get_by_role("status").first).to_contain_text("2 golden records called the same. 1 golden record kept apart.")
    assert active() == 3
    page.keyboard.press("z")
    expect(page.get_by_text("the whole question is open again")).to_be_visible()
    assert active() == 4
    assert ReviewTask.objects.filter(state=TaskState.OPEN).count() == len(tasks)
    page.keyboard.press("s")
    expect(page.get_by_role("status").first).to_contain_text("4 golden records called the same")
    assert active() == 1


def test_another_column_is_compared_with_and_the_marks_stay(page: Page, live_server: LiveServer) -> None:
    tasks = a_cluster(4)
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{tasks[0].pk}/change/")
    page.keyboard.press("4")
    page.keyboard.press("r")
    page.wait_for_url("**reference=**")
    expect(page.locator(".mdm-mark[data-column='4'] input[value=same]")).to_be_checked()
    expect(page.locator("thead .mdm-reference")).to_contain_text("Ateliers Moulin")


def test_a_survivor_is_chosen_along_with_the_answer_and_goes_with_it(page: Page, live_server: LiveServer) -> None:
    task = doubtful_pairs(2)[0]
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{task.pk}/change/")
    chosen = page.locator("input[name='value-legal_name']:not(:checked)").first
    record = CustomerRecord.objects.get(pk=int(chosen.get_attribute("value") or ""))
    chosen.check()
    page.keyboard.press("s")
    expect(page.get_by_role("status").first).to_contain_text("1 value chosen.")
    assert Override.objects.get().record_id == record.pk
    assert GoldenCustomer.objects.filter(state=GoldenState.ACTIVE, legal_name=record.legal_name).count() == 1
    page.keyboard.press("z")
    expect(page.get_by_text("the whole question is open again")).to_be_visible()
    assert Override.objects.get().state == "ended"
    assert active() == 4


def test_digits_in_a_comment_mark_nothing(page: Page, live_server: LiveServer) -> None:
    tasks = a_cluster(3)
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{tasks[0].pk}/change/")
    page.keyboard.press("c")
    page.keyboard.type("123 as said")
    expect(page.get_by_label("Comment (optional)")).to_have_value("123 as said")
    assert page.locator(".mdm-mark input:checked:not([value=''])").count() == 0


def test_the_next_question_is_there_before_it_is_asked_for(page: Page, live_server: LiveServer) -> None:
    first, _ = doubtful_pairs(2)
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{first.pk}/change/")
    page.wait_for_load_state("networkidle")
    seen: list[bool] = []
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.on("Network.responseReceived", lambda event: seen.append(event["response"].get("fromPrefetchCache", False)))
    page.keyboard.press("n")
    page.wait_for_url(lambda address: f"/{first.pk}/" not in address)
    expect(page.get_by_role("heading", name="Are these two the same?")).to_be_visible()
    assert seen[0]


def test_a_hostile_question_runs_nothing_and_shows_what_would_deceive(page: Page, live_server: LiveServer) -> None:
    task = a_hostile_pair()
    page.on("dialog", lambda dialog: (_ for _ in ()).throw(AssertionError(dialog.message)))
    page.goto(f"{live_server.url}/admin/matching/reviewtask/{task.pk}/change/")
    expect(page).not_to_have_title("owned")
    expect(page.get_by_text("Look-alike letters (Cyrillic)").first).to_be_visible()
    assert page.locator("img[src='x'], svg[onload]").count() == 0
