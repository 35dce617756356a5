"""Each report says what happened, in every format, and shows no more than who asks may see."""

from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from golden_records.change import Change
from golden_records.entities import entity_type
from golden_records.errors import UnknownGoldenRecord
from golden_records.overriding import Wish
from matching import endorsing, overriding, regrouping, review
from matching.models import JudgementValue
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import look
from matching.reports.jobs import opened
from matching.reports.registry import REPORTS, reports_for
from tests.factories import a_change, a_person, a_record, a_steward, a_task
from tests.matching.hierarchy.families import heard
from tests.matching.reports.asked_for import BLIND, made, rows

pytestmark = pytest.mark.django_db
CUSTOMER = entity_type("customer")


def two_asked_about(steward: User, answer: JudgementValue, number: int) -> int:
    one, other = (a_record(f"{number}{side}", source="crm", legal_name=f"Firm {number}", family_name="Canary") for side in "ab")
    task = a_task(one, other)
    review.decide(task.pk, answer=answer, user=steward, comment="seen on paper")
    return task.pk


def test_changes_of_a_period_a_person_and_a_source_with_and_without_values() -> None:
    record = a_record("1", source="crm", legal_name="Acme", family_name="Canary")
    a_record("2", source="erp", legal_name="Other")
    heard()
    found = rows("changes", source="crm", since=timezone.now().date().isoformat())
    assert [(row["event"], row["external_id"]) for row in found] == [("linked", "1")]
    created = rows("changes", canonical_id=str(record.golden_id), type="created")[0]
    assert "family_name: Canary" in created["after"]
    assert (created["actor"], created["reason"]) == ("command:test", "linked")
    blind = rows("changes", by=BLIND, canonical_id=str(record.golden_id))
    assert {"after", "before", "external_id", "reason"}.isdisjoint(blind[0])
    assert rows("changes", until="2020-01-01") == rows("changes", since="2999-01-01") == rows("changes", actor="nobody") == []


def test_a_period_is_found_by_halving_wherever_it_lies() -> None:
    for number in range(20):
        a_record(str(number), legal_name=f"Firm {number}")
    assert len(rows("changes", since=timezone.now().date().isoformat(), until=timezone.now().date().isoformat())) == 40


def test_merges_and_merges_that_were_taken_back() -> None:
    steward = a_steward()
    task = two_asked_about(steward, JudgementValue.SAME, 1)
    two_asked_about(steward, JudgementValue.SAME, 2)
    review.undo(task, user=steward)
    found = rows("merges")
    assert [(row["state"], row["merged_by"], row["undone_by"]) for row in found] == [
        ("taken back", "steward:grace", "steward:grace"),
        ("standing", "steward:grace", ""),
    ]
    assert [row["merge"] for row in rows("merges", state="undone")] == [found[0]["merge"]]


def test_decisions_and_how_far_stewards_agree_with_the_engine_and_each_other() -> None:
    grace, ada = a_steward("grace"), a_steward("ada")
    first = two_asked_about(grace, JudgementValue.SAME, 1)
    two_asked_about(grace, JudgementValue.UNSURE, 2)
    review.undo(first, user=grace)
    review.decide(first, answer=JudgementValue.DIFFERENT, user=ada)
    found = rows("decisions")
    assert [(row["steward"], row["answer"], bool(row["taken_back_at"])) for row in found] == [
        ("grace", "same", True),
        ("grace", "unsure", False),
        ("ada", "different", False),
    ]
    assert found[0]["comment"] == "seen on paper"
    of_ada, of_grace = rows("agreement")
    assert (of_grace["answers"], of_grace["same"], of_grace["unsure"], of_grace["taken_back"]) == ("2", "1", "1", "1")
    engine_says_same = float(found[0]["probability"]) >= 0.5
    assert (of_grace["agreed_with_engine"], of_ada["agreed_with_engine"]) == (("1", "0") if engine_says_same else ("0", "1"))
    assert [(row["with_others"], row["agreed_with_others"], row["share_with_others"]) for row in (of_ada, of_grace)] == [
        ("1", "0", "0.0")
    ] * 2
    assert rows("agreement", since="2999-01-01") == []


def test_overrides_in_force() -> None:
    record = a_record("1", segment="one")
    wish = Wish("segment", values={"segment": "key account"})
    override = overriding.override(CUSTOMER, record.golden_id, wish, change=a_change("the customer told us"))
    (found,) = rows("overrides")
    assert (found["values"], found["reason"], found["days"], found["override"]) == (
        "segment: key account",
        "the customer told us",
        "0",
        str(override.pk),
    )
    overriding.end_override(override.pk, change=a_change("over"))
    assert rows("overrides") == []


def test_who_read_what_tells_of_the_reports_too() -> None:
    record = a_record("1", legal_name="Acme", family_name="Canary")
    rows("dossier", entity="customer", canonical_id=str(record.golden_id))
    found = rows("readings", canonical_id=str(record.golden_id))
    assert [(row["actor"], row["kind"], row["reason"]) for row in found] == [
        ("steward:ada", "customer", "a report was made"),
        ("command:test", "customer", "read"),
    ]
    assert "Canary" not in str(found)


def test_the_dossier_has_every_section_and_no_values_for_who_may_not_see_them() -> None:
    steward = a_steward()
    two_asked_about(steward, JudgementValue.SAME, 1)
    golden_id = str(CUSTOMER.goldens.get(state="active").pk)
    a_record("p", entity="project", title="Bridge", customer="1a")
    overriding.override(CUSTOMER, UUID(golden_id), Wish("segment", values={"segment": "vip"}), change=a_change("told"))
    endorsing.confirm(CUSTOMER, UUID(golden_id), version=CUSTOMER.goldens.get(pk=golden_id).version, change=a_change("a Canary sang"))
    rows("dossier", entity="customer", canonical_id=golden_id)
    found = rows("dossier", entity="customer", canonical_id=golden_id)
    sections = list(dict.fromkeys(row["section"] for row in found))
    assert sections == [
        "Golden record",
        "Values and where they come from",
        "Source records",
        "References",
        "Overrides",
        "Confirmed",
        "Merges",
        "Stewards' decisions",
        "The engine's decisions",
        "History",
        "Who read it",
    ]
    assert any(row["value"] == "Canary" for row in found)
    assert any((row["what"], row["value"]) == ("Project", "Bridge") for row in found)
    blind = rows("dossier", by=BLIND, entity="customer", canonical_id=golden_id)
    assert "Canary" not in str(blind)
    assert "Who read it" not in {row["section"] for row in blind}
    with pytest.raises(UnknownGoldenRecord):
        made("dossier", entity="customer", canonical_id=str(uuid4()))


def test_what_a_program_merged_and_split_is_told_and_is_no_answer_of_a_steward() -> None:
    one, other = (str(a_record(number, legal_name=f"Firm {number}").golden_id) for number in "12")
    program = Change(actor="api:connector", reason="ticket 4711")

    def done(wish: Regrouping) -> None:
        seen = look(CUSTOMER, wish, change=program)
        regrouping.carry_out(CUSTOMER, wish, fingerprint=seen.fingerprint, change=program, confirmed=True)

    done(Regrouping(RegroupKind.MERGE, UUID(one), UUID(other)))
    leaving = CUSTOMER.records.get(external_id="2").pk
    done(Regrouping(RegroupKind.SPLIT, UUID(one), record_ids=(leaving,)))
    found = rows("dossier", entity="customer", canonical_id=one)
    told = {row["section"]: (row["what"], row["actor"], row["reason"]) for row in found if row["section"] in ("Merges", "Splits and moves")}
    assert {section: (actor, reason) for section, (_, actor, reason) in told.items()} == {
        "Merges": ("api:connector", "ticket 4711"),
        "Splits and moves": ("api:connector", "ticket 4711"),
    }
    assert {row["steward"] for row in rows("decisions")} == {"API key connector"}
    assert rows("agreement") == []


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "dossier"])
@pytest.mark.parametrize("report_format", ["csv", "xlsx", "html"])
def test_every_report_is_made_in_every_format_also_of_nothing(name: str, report_format: str) -> None:
    job = made(name, report_format=report_format)
    assert (job.state, job.rows_done) == ("completed", 0)
    assert b"".join(opened(job, change=a_change())) != b""


def test_nobody_who_may_not_look_sees_a_report() -> None:
    person = a_person("nobody")
    assert reports_for(person.has_perm) == []
