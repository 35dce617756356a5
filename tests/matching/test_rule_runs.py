"""Publishing survivorship rules: previewed without writing, put in force as a version, carried to every golden record."""

from typing import Any

import pytest

from golden_records import publishing
from golden_records.entities import entity_type
from golden_records.errors import StaleWrite
from golden_records.models import ChangeEvent, GoldenCustomer, StepwiseState, SurvivorshipVersion
from golden_records.rulebook import rules_of
from golden_records.survivorship.reading import InvalidRules
from matching import rule_runs, verifying
from tests.factories import a_change, a_record, into

pytestmark = pytest.mark.django_db
CUSTOMER = entity_type("customer")


def document(**changes: str) -> str:
    """The shipped rules with some lines changed: `segment="[longest]"`."""
    _, text = publishing.document_in_force(CUSTOMER)
    return text.replace("attributes:\n", "attributes:\n" + "".join(f"  {name}: {chain}\n" for name, chain in changes.items()), 1)


def published(text: str, *, based_on: int = 1) -> Any:
    return rule_runs.publish(CUSTOMER, text, based_on=based_on, change=a_change("longer is better"))


def offences() -> list[str]:
    return [str(offence) for finding in verifying.verify() for offence in finding.offences]


@pytest.fixture
def golden() -> GoldenCustomer:
    """One whose two records disagree, beside one that no rule changes."""
    a_record("9", segment="alone")
    first = a_record("1", source="erp", segment="a longer one", city="Lyon")
    into(a_record("2", source="crm", segment="big"), first.golden_id)
    return GoldenCustomer.objects.get(pk=first.golden_id)


def test_a_preview_counts_and_names_what_would_change_and_writes_nothing(golden: GoldenCustomer) -> None:
    events, text = ChangeEvent.objects.count(), document(segment="[longest]")
    run = rule_runs.work_on(publishing.begin_preview(CUSTOMER, text, change=a_change()).pk, seconds=5)
    assert (run.state, run.looked_at) == (StepwiseState.COMPLETED, 2)
    assert run.examples == [str(golden.pk)]
    told = publishing.differences(CUSTOMER, text, [golden.pk], change=a_change())
    assert told == {golden.pk: {"segment": ("big", "a longer one")}}
    assert ChangeEvent.objects.count() == events
    assert not SurvivorshipVersion.objects.exists()


def test_published_rules_are_the_next_version_and_change_only_what_comes_out_otherwise(golden: GoldenCustomer) -> None:
    alone = GoldenCustomer.objects.exclude(pk=golden.pk).get(state="active")
    run = published(document(segment="[longest]"))
    assert [(row.number, row.version) for row in SurvivorshipVersion.objects.order_by("number")] == [(1, "customer-1"), (2, "customer-2")]
    assert rules_of(CUSTOMER).version == "customer-2"
    # What the new rules have not reached yet goes by the ones before, and that is no offence.
    assert offences() == []
    run = rule_runs.work_on(run.pk, seconds=5)
    assert (run.state, run.differing) == (StepwiseState.COMPLETED, 1)
    now = GoldenCustomer.objects.get(pk=golden.pk)
    assert (now.segment, now.lineage["segment"]["rule"], now.lineage["segment"]["rules"]) == ("a longer one", "longest", "customer-2")
    assert GoldenCustomer.objects.get(pk=alone.pk).version == alone.version
    assert ChangeEvent.objects.latest("id").reason == "survivorship rules published by command:test"
    assert offences() == []


def test_a_record_that_comes_meanwhile_goes_by_the_new_rules(golden: GoldenCustomer) -> None:
    published(document(segment="[longest]"))
    into(a_record("3", source="shop", segment="the longest one of all"), golden.pk)
    assert GoldenCustomer.objects.get(pk=golden.pk).segment == "the longest one of all"


def test_a_run_goes_on_where_it_was_left_and_no_chunk_is_done_twice(golden: GoldenCustomer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "AT_ONCE", 1)
    run = published(document(segment="[longest]"))
    assert rule_runs.work_on(run.pk, seconds=0).looked_at == 0
    ids = publishing.next_ids(run)
    assert publishing.step(run, ids, change=a_change())
    assert not publishing.step(run, ids, change=a_change())
    assert publishing.running() == [run.pk]
    done = rule_runs.work_on(run.pk, seconds=5)
    assert (done.looked_at, done.state, publishing.running()) == (2, StepwiseState.COMPLETED, [])
    assert golden.pk is not None


def test_what_is_wrong_is_told_at_once_and_nothing_is_published() -> None:
    with pytest.raises(InvalidRules) as caught:
        published(document(segment="[longst]", colour="[longest]"))
    assert len(caught.value.data["problems"]) == 2  # type: ignore[arg-type]  # a list
    with pytest.raises(InvalidRules, match="no YAML"):
        published("a: [")
    with pytest.raises(InvalidRules, match="line of its own"):
        published("{entity: customer, version: mine, default: [longest]}")
    assert not SurvivorshipVersion.objects.exists()


def test_who_saw_an_older_version_does_not_overwrite_the_newer() -> None:
    published(document(segment="[longest]"))
    with pytest.raises(StaleWrite):
        published(document(segment="[most_recent]"))
    published(document(), based_on=2)
    assert rules_of(CUSTOMER).version == "customer-3"
