"""A match config is rehearsed: what it would do is seen before anything is done, and publishing does just that."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import yaml
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from golden_records.change import Change
from golden_records.errors import StaleWrite
from golden_records.models import AuditEntry, ChangeEvent, CustomerRecord, GoldenCustomer, GoldenState, MergeReceipt
from golden_records.selectors import follow
from matching import active_config, rehearsing, review, runs
from matching.core.config import ConfigErrors
from matching.foreseen import Foreseen, foreseen
from matching.models import BlockingKey, CommonKey, JudgementValue, MatchDecision, MatchRun, ReviewTask, RunState, TaskState
from matching.rehearsal_lines import Line, csv_lines, lines
from matching.rehearsing import NothingToPublish
from matching.verifying import verify
from tests.matching.conftest import ACME, CUSTOMER, Arrive, Submit
from tests.matching.files.making import people

pytestmark = pytest.mark.django_db

NAME = "Acme Ingénierie SAS"
ONE = {"legal_name": NAME, "registration_id": "732829320", "country": "FR"}
OTHER = {
    "legal_name": NAME,
    "trade_name": "Acme Conseil",
    "email": "contact@acme-ingenierie.fr",
    "phone": "+33 1 42 68 53 00",
    "city": "Paris",
    "country": "FR",
}
BY = Change(actor="steward:lead", reason="stricter thresholds")
Rehearse = Callable[..., MatchRun]


def candidate(**changes: Any) -> str:
    """The config in force under the next version, with some sections changed."""
    document = yaml.safe_load(rehearsing.text_in_force(CUSTOMER))
    for name, given in changes.items():
        document[name] = document[name] | given if isinstance(document.get(name), dict) else given
    return yaml.safe_dump(document)


def rehearse(**changes: Any) -> MatchRun:
    """Rehearse the config in force with some sections changed."""
    run = rehearsing.start(CUSTOMER, rehearsing.read(CUSTOMER, candidate(**changes)), change=BY)
    return runs.work_on(run.pk)


@pytest.fixture
def rehearsed() -> Rehearse:
    return rehearse


def damaged(entities: int) -> list[dict[str, str]]:
    """Persons, three records each, of which every one lacks something."""
    chance = np.random.default_rng(4)
    written = []
    for person in people(entities):
        known = {
            "given_name": person["given"], "family_name": person["family"], "birth_date": person["born"], "email": person["mail"],
            "phone": person["phone"], "address_lines": f"{person['house']} {person['street']}", "postcode": person["postcode"],
            "city": person["city"],
        }  # fmt: skip
        for _ in range(3):
            kept = {name: value for name, value in known.items() if name == "family_name" or chance.random() < 0.55}
            written.append(kept | {"country": "FR"})
    return written


def published(run: MatchRun) -> MatchRun:
    return runs.work_on(rehearsing.publish(run.pk, change=BY).pk)


def homes() -> dict[str, object]:
    return dict(CustomerRecord.objects.values_list("external_id", "golden_id"))


def golden_values() -> dict[object, dict[str, Any]]:
    rows = GoldenCustomer.objects.filter(state=GoldenState.ACTIVE).values("id", *CUSTOMER.attribute_names)
    return {row.pop("id"): row for row in rows}


def offences() -> list[str]:
    return [finding.check.name for finding in verify() if finding.count]


def everything() -> list[Any]:
    written = [model.objects.count() for model in (ChangeEvent, BlockingKey, CommonKey, MatchDecision, ReviewTask)]
    return [homes(), golden_values(), CustomerRecord.history.count(), GoldenCustomer.history.count(), *written]


def two_that_are_one(submitted: Submit) -> None:
    """Two golden records are published, and then a record comes that matches both."""
    submitted("crm", "1", **ONE)
    submitted("erp", "2", **OTHER)
    submitted("crm", "3", **ACME)


def one_that_is_two(submitted: Submit) -> None:
    """Three records are one, one of them by its name, e-mail and town alone."""
    submitted("crm", "1", **ACME)
    submitted("erp", "2", **ACME)
    submitted("erp", "3", legal_name=NAME, email="contact@acme-ingenierie.fr", city="Paris", country="FR")


def test_a_rehearsal_says_who_would_be_merged_and_writes_nothing(submitted: Submit, rehearsed: Rehearse) -> None:
    two_that_are_one(submitted)
    CommonKey.objects.create(entity="customer", rule=1, key=1, since=timezone.now())
    before, in_force = everything(), active_config.active_config(CUSTOMER).version
    run = rehearsed()
    assert run.state == RunState.REHEARSED
    assert (run.counts["would_merge"], run.counts["would_split"], run.counts["would_begin"]) == (1, 0, 0)
    merge = foreseen(run).merges[0]
    assert {merge.absorbed, merge.survivor} == set(homes().values())
    assert everything() == before
    assert active_config.active_config(CUSTOMER).version == in_force


def test_publishing_applies_just_what_was_shown(submitted: Submit, rehearsed: Rehearse) -> None:
    two_that_are_one(submitted)
    run = rehearsed()
    found = foreseen(run)
    merge = found.merges[0]
    would_be = dict(found.values(BY))
    before = golden_values()
    done = published(run)
    assert (done.state, done.counts.get("left", 0)) == (RunState.COMPLETED, 0)
    receipt = MergeReceipt.objects.get()
    assert (receipt.absorbed_id, receipt.survivor_id) == (merge.absorbed, merge.survivor)
    assert follow(CUSTOMER, merge.absorbed).pk == merge.survivor
    after = golden_values()
    changed = {
        golden_id: {name: (before[golden_id][name], value) for name, value in row.items() if before[golden_id][name] != value}
        for golden_id, row in after.items()
    }
    assert would_be == {golden_id: some for golden_id, some in changed.items() if some}
    assert run.counts["would_change_value"] == len(would_be) == 1
    assert active_config.active_config(CUSTOMER).id == done.config_id
    assert offences() == []


def test_a_stricter_config_would_split_what_it_holds_apart(submitted: Submit, rehearsed: Rehearse) -> None:
    one_that_is_two(submitted)
    assert len(set(homes().values())) == 1
    (home,) = set(homes().values())
    run = rehearsed(thresholds={"auto": 0.9999999, "review": 0.3})
    found = foreseen(run)
    assert run.counts["would_split"] == 1
    assert {split.golden_id for split in found.splits} == {home}
    published(run)
    now = homes()
    gone = {pk for split in found.splits for pk in split.record_ids}
    assert {number for number, golden_id in now.items() if golden_id != home} == set(
        CustomerRecord.objects.filter(pk__in=gone).values_list("external_id", flat=True)
    )
    assert run.counts["would_begin"] == len(set(now.values())) - 1
    assert offences() == []


def test_most_members_keep_the_id(submitted: Submit, rehearsed: Rehearse) -> None:
    two_that_are_one(submitted)
    three = homes()["3"]
    published(rehearsed())
    assert set(homes().values()) == {three}


def test_what_changed_since_is_left_as_it_is_and_counted(submitted: Submit, rehearsed: Rehearse) -> None:
    two_that_are_one(submitted)
    run = rehearsed()
    submitted("erp", "2", **OTHER | {"city": "Lyon"})
    before = homes()
    done = published(run)
    assert homes() == before
    assert done.counts["left"] > 0
    assert not MergeReceipt.objects.exists()
    assert offences() == []


def test_what_a_person_called_different_stays_apart(submitted: Submit, rehearsed: Rehearse, steward: User) -> None:
    two_that_are_one(submitted)
    review.decide(ReviewTask.objects.get(state=TaskState.OPEN).pk, answer=JudgementValue.DIFFERENT, user=steward)
    assert rehearsed().counts["would_merge"] == 0


def test_records_that_wait_are_foreseen_as_well(submitted: Submit, arrived: Arrive, rehearsed: Rehearse) -> None:
    submitted("crm", "1", **ONE)
    arrived("erp", "2", **ACME)
    run = rehearsed()
    assert (run.counts["would_merge"], run.counts["would_begin"]) == (0, 0)
    assert run.counts["would_change_value"] == 1
    published(run)
    assert len(set(homes().values())) == 1


def test_a_merge_of_a_rehearsal_can_be_undone(submitted: Submit, rehearsed: Rehearse, steward: User) -> None:
    two_that_are_one(submitted)
    before = homes()
    published(rehearsed())
    review.undo_merge(MergeReceipt.objects.get().pk, user=steward)
    assert homes() == before
    assert offences() == []


def test_the_published_config_stays_in_force_when_everything_is_matched_again(
    submitted: Submit, rehearsed: Rehearse, matched: Callable[[], MatchRun]
) -> None:
    two_that_are_one(submitted)
    published(rehearsed(thresholds={"auto": 0.95, "review": 0.4}))
    matched()
    config = active_config.active_config(CUSTOMER).config
    assert (config.thresholds.auto, config.version) == (0.95, active_config.shipped_config(CUSTOMER).version + 1)


def test_a_worker_that_dies_after_planning_publishes_nothing(submitted: Submit, rehearsed: Rehearse) -> None:
    two_that_are_one(submitted)
    run, before = rehearsed(), everything()
    MatchRun.objects.filter(pk=run.pk).update(state=RunState.RUNNING, lease_until=timezone.now() - timedelta(minutes=5))
    assert run.pk in runs.waiting_runs()
    assert runs.work_on(run.pk).state == RunState.REHEARSED
    assert everything() == before


def test_ordinary_runs_go_on_beside_a_rehearsal(submitted: Submit, rehearsed: Rehearse, matched: Callable[[], MatchRun]) -> None:
    submitted("crm", "1", **ONE)
    waiting = rehearsed()
    assert matched().pk != waiting.pk
    waiting.refresh_from_db()
    assert waiting.state == RunState.REHEARSED


def test_another_rehearsal_takes_the_place_of_one_that_waits(submitted: Submit, rehearsed: Rehearse) -> None:
    submitted("crm", "1", **ONE)
    first, second = rehearsed(), rehearsed(thresholds={"auto": 0.95, "review": 0.4})
    first.refresh_from_db()
    assert (first.state, first.chunks.count()) == (RunState.DISCARDED, 0)
    assert second.state == RunState.REHEARSED
    with pytest.raises(NothingToPublish):
        rehearsing.publish(first.pk, change=BY)


def test_only_one_is_planned_at_a_time(submitted: Submit) -> None:
    submitted("crm", "1", **ONE)
    config = rehearsing.read(CUSTOMER, candidate())
    rehearsing.start(CUSTOMER, config, change=BY)
    with pytest.raises(StaleWrite, match="under way"):
        rehearsing.start(CUSTOMER, config, change=BY)


def test_publishing_needs_a_reason_and_says_so(submitted: Submit, rehearsed: Rehearse) -> None:
    submitted("crm", "1", **ONE)
    run = rehearsed()
    with pytest.raises(NothingToPublish, match="why"):
        rehearsing.publish(run.pk, change=Change(actor="steward:lead", reason=" "))
    run.refresh_from_db()
    assert run.state == RunState.REHEARSED


def test_a_config_that_was_overtaken_is_not_published(submitted: Submit, rehearsed: Rehearse) -> None:
    submitted("crm", "1", **ONE)
    run = rehearsed()
    newer = rehearsing.read(CUSTOMER, candidate(version=99))
    model = active_config.unlearned_model(CUSTOMER)
    active_config.activate(CUSTOMER, replace(model, config=newer), label="elsewhere")
    with pytest.raises(StaleWrite, match="99"):
        rehearsing.publish(run.pk, change=BY)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigErrors) as caught:
        rehearsing.read(CUSTOMER, candidate(thresholds={"auto": 3}, vetoes={"x": {"comparison": "none", "levels": [], "outcome": "?"}}))
    assert len(caught.value.messages) >= 3
    with pytest.raises(ConfigErrors, match=r"greater than"):
        rehearsing.read(CUSTOMER, candidate(version=1))
    with pytest.raises(ConfigErrors, match="no YAML"):
        rehearsing.read(CUSTOMER, "a: [")
    with pytest.raises(ConfigErrors, match="mapping"):
        rehearsing.read(CUSTOMER, "just words")


def test_who_rehearsed_and_who_published_is_in_the_audit_log(submitted: Submit, rehearsed: Rehearse) -> None:
    submitted("crm", "1", **ONE)
    done = published(rehearsed())
    told = list(AuditEntry.objects.filter(kind__in=("matchrun", "matchconfigversion"), actor=BY.actor).order_by("pk"))
    assert [(entry.kind, entry.reason) for entry in told] == [
        ("matchrun", BY.reason),
        ("matchconfigversion", BY.reason),
        ("matchrun", BY.reason),
    ]
    assert told[1].content == {"entity": "customer", "version": done.config.version if done.config else "", "is_active": True}
    assert [(entry.content or {}).get("state") for entry in (told[0], told[2])] == ["queued", "queued"]


def test_the_file_has_every_change_and_no_formula(submitted: Submit, rehearsed: Rehearse) -> None:
    two_that_are_one(submitted)
    found = foreseen(rehearsed())
    told = list(lines(found, BY))
    rows = list(csv.DictReader(io.StringIO("".join(csv_lines(told)))))
    assert rows[0]["change"] == "merge"
    assert {row["attribute"] for row in rows if row["change"] == "value"} == {line.attribute for line in told if line.change == "value"}
    hostile = Line("value", found.merges[0].absorbed, "=HYPERLINK(1)", attribute="phone", before="+33 1", after="-1+2")
    (row,) = csv.DictReader(io.StringIO("".join(csv_lines([hostile]))))
    assert (row["name"], row["before"], row["after"]) == ("'=HYPERLINK(1)", "'+33 1", "'-1+2")


def test_what_is_foreseen_is_read_in_statements_that_do_not_grow(
    submitted: Submit, rehearsed: Rehearse, django_assert_max_num_queries: Any
) -> None:
    two_that_are_one(submitted)
    run = rehearsed()
    with django_assert_max_num_queries(8):
        found: Foreseen = foreseen(run)
        assert list(found.values(BY))


def test_the_command_rehearses_writes_a_file_and_publishes(submitted: Submit, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    two_that_are_one(submitted)
    call_command("rehearse", "customer", "--template")
    config = tmp_path / "next.yml"
    config.write_text(capsys.readouterr().out, encoding="utf-8")
    call_command("rehearse", "customer", str(config), "--output", str(tmp_path / "changes.csv"))
    said = capsys.readouterr().out
    assert "1 golden records would be absorbed by another" in said
    assert "Nothing was changed" in said
    assert (tmp_path / "changes.csv").read_text(encoding="utf-8").startswith("change,golden_id,")
    with pytest.raises(CommandError, match="why"):
        call_command("rehearse", "customer", "--publish")
    call_command("rehearse", "customer", "--publish", "--reason", "agreed on Monday")
    assert "In force now" in capsys.readouterr().out
    assert len(set(homes().values())) == 1
    with pytest.raises(CommandError, match="No rehearsal"):
        call_command("rehearse", "customer", "--discard")


@pytest.mark.parametrize(("first", "then"), [(0.99, 0.6), (0.6, 0.999), (0.9, 0.9)])
def test_of_many_records_exactly_what_was_foreseen_happens(
    arrived: Arrive, matched: Callable[[], MatchRun], first: float, then: float
) -> None:
    for number, person in enumerate(damaged(30)):
        arrived(("crm", "erp")[number % 2], str(number), **person)
    matched()
    published(rehearse(thresholds={"auto": first, "review": 0.3}))
    run = rehearse(thresholds={"auto": then, "review": 0.3})
    found, before, members = foreseen(run), golden_values(), homes()
    would_be = dict(found.values(BY))
    absorbed = set(MergeReceipt.objects.values_list("absorbed_id", flat=True))
    published(run)
    assert found.merges or found.splits or first == then
    after = golden_values()
    assert {merge.absorbed for merge in found.merges} == set(MergeReceipt.objects.values_list("absorbed_id", flat=True)) - absorbed
    assert before.keys() - after.keys() == {merge.absorbed for merge in found.merges}
    assert len(after.keys() - before.keys()) == found.begun
    moved = {number for number, golden_id in homes().items() if golden_id != members[number]}
    numbers = dict(CustomerRecord.objects.values_list("pk", "external_id"))
    assert moved == {numbers[pk] for pk in found.moved}
    happened = {
        golden_id: {name: (before[golden_id][name], row[name]) for name in row if row[name] != before[golden_id][name]}
        for golden_id, row in after.items()
        if golden_id in before
    }
    assert would_be == {golden_id: changed for golden_id, changed in happened.items() if changed}
    assert offences() == []
