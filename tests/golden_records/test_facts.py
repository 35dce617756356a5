from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from golden_records.errors import RejectedRecord
from golden_records.facts import UnderstoodFact, store_facts, understand_fact
from golden_records.mapping import MappedRow
from golden_records.models import ProjectFact, QuarantinedRow
from golden_records.sources import SentRow, StoreOutcome
from tests.factories import a_change, a_record, a_source
from tests.golden_records.importing import a_mapped_source, counts, imported

pytestmark = pytest.mark.django_db


def a_fact(project: str = "P-1", period: str = "2025-03-01", **figures: object) -> UnderstoodFact:
    attributes = {"period": period, **figures}
    return understand_fact(SentRow(a_source(), attributes, MappedRow(project, None, attributes, ())))


def stored(*facts: UnderstoodFact) -> list[object]:
    outcomes = store_facts(facts, change=a_change("facts"))
    return [type(outcome) if isinstance(outcome, RejectedRecord) else outcome for outcome in outcomes]


def test_any_day_of_a_month_stands_for_the_month() -> None:
    a_record("P-1", entity="project", title="Bridge")
    assert stored(a_fact(period="2025-03-15", revenue="1200.50")) == [StoreOutcome.CREATED]
    fact = ProjectFact.objects.get()
    assert (fact.period, fact.revenue, fact.cost) == (date(2025, 3, 1), Decimal("1200.50"), None)
    assert fact.history.get().history_change_reason == "facts"


def test_the_same_figures_again_write_nothing_and_others_replace_them() -> None:
    a_record("P-1", entity="project", title="Bridge")
    stored(a_fact(revenue="1"))
    assert stored(a_fact(revenue="1")) == [StoreOutcome.UNCHANGED]
    assert stored(a_fact(cost="2"), a_fact(cost="2"), a_fact(period="2025-04-01")) == ["updated", "unchanged", "created"]
    fact = ProjectFact.objects.get(period=date(2025, 3, 1))
    assert (fact.revenue, fact.cost, fact.history.count()) == (None, Decimal(2), 2)


def test_a_month_twice_in_one_chunk_is_as_if_it_came_one_after_the_other() -> None:
    a_record("P-1", entity="project", title="Bridge")
    assert stored(a_fact(revenue="1"), a_fact(revenue="2")) == [StoreOutcome.CREATED, StoreOutcome.UPDATED]
    assert ProjectFact.objects.get().revenue == Decimal(2)


def test_figures_of_an_unknown_project_are_rejected_and_the_others_are_stored() -> None:
    a_record("P-1", entity="project", title="Bridge")
    a_record("P-2", entity="project", title="Tunnel", source="erp")
    assert stored(a_fact("P-2", revenue="1"), a_fact("P-1", revenue="1")) == [RejectedRecord, StoreOutcome.CREATED]


@pytest.mark.parametrize(
    ("figures", "field"),
    [
        ({"period": "soon"}, "period"),
        ({"period": ""}, "period"),
        ({"hours_worked": "-1"}, "hours_worked"),
        ({"hours_worked": 10**9}, "hours_worked"),
    ],
)
def test_figures_that_can_not_be_are_rejected_with_their_field(figures: dict[str, str], field: str) -> None:
    with pytest.raises(RejectedRecord) as caught:
        a_fact(**figures)
    problems = caught.value.data["problems"]
    assert isinstance(problems, list)
    assert [problem["field"] for problem in problems] == [field]


def test_a_file_of_facts_takes_the_road_of_all_files(tmp_path: Path) -> None:
    a_mapped_source()
    a_record("P-1", entity="project", title="Bridge")
    path = tmp_path / "facts.csv"
    path.write_text("Project,Month,Revenue,Hours\nP-1,2025-03-01,100,8\nP-1,2025-04-01,a lot,8\nP-9,2025-04-01,1,8\n", encoding="utf-8")
    assert counts(imported(path, entity="project_fact")) == {"created": 1, "quarantined": 2}
    assert counts(imported(path, entity="project_fact")) == {"unchanged": 1, "quarantined": 2}
    assert QuarantinedRow.objects.count() == 2


@pytest.mark.parametrize("size", [1, 60])
def test_the_number_of_statements_does_not_depend_on_the_number_of_facts(size: int) -> None:
    a_record("P-1", entity="project", title="Bridge")
    facts = [a_fact(period=f"{2000 + number // 12}-{number % 12 + 1:02d}-01", revenue="1") for number in range(size)]
    with CaptureQueriesContext(connection) as queries:
        stored(*facts)
    assert len(queries) == 4, "projects, what is there, insert, history"
