"""What an answer is worth: uncertainty times money, and what is at stake in a question."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from golden_records.models import ProjectFact
from matching import valuing
from matching.models import ReviewTask
from matching.worth import FLOOR, uncertainty, worth
from tests.e2e.workplace import a_customer_with_projects
from tests.factories import a_record, a_task

SHARE = st.floats(0.0, 1.0)
MONEY = st.floats(0.0, 1e12)


@given(SHARE)
def test_uncertainty_is_greatest_in_the_middle_and_the_same_on_both_sides(probability: float) -> None:
    assert 0.0 < uncertainty(probability) <= 1.0 == uncertainty(0.5)
    assert uncertainty(probability) == pytest.approx(uncertainty(1.0 - probability))


@given(SHARE, MONEY, MONEY)
def test_more_at_stake_is_never_worth_less(probability: float, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert worth(probability, less) <= worth(probability, more)


@given(SHARE, SHARE)
def test_without_revenue_uncertainty_alone_orders(one: float, other: float) -> None:
    assert (worth(one, 0.0) < worth(other, 0.0)) == (uncertainty(one) < uncertainty(other))
    assert worth(one, 0.0) == pytest.approx(FLOOR * uncertainty(one))


def test_a_stake_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="is a number"):
        worth(0.5, float("nan"))


@pytest.mark.django_db
def test_the_revenue_of_a_customers_projects_is_at_stake_and_orders_the_queue() -> None:
    customer = a_customer_with_projects()
    doubtful = a_task(customer, a_record("K-2", source="erp", legal_name="Nordwind Energies", city="Paris", country="FR"))
    other = a_task(a_record("1", legal_name="Atelier Brun"), a_record("2", source="erp", legal_name="Ateliers Brun"))
    assert doubtful.valued_at is None
    assert valuing.work_on(seconds=5) is None
    doubtful.refresh_from_db()
    other.refresh_from_db()
    revenue = sum((fact.revenue or Decimal(0) for fact in ProjectFact.objects.all()), Decimal(0))
    assert (doubtful.value_at_stake, other.value_at_stake) == (revenue, Decimal(0))
    assert doubtful.worth == pytest.approx(worth(doubtful.probability, float(revenue)))
    assert other.worth == pytest.approx(worth(other.probability, 0.0))
    assert ReviewTask.history.filter(id=doubtful.pk).count() == 1


@pytest.mark.django_db
def test_a_project_on_both_sides_counts_once() -> None:
    a_customer_with_projects()
    project = ProjectFact.objects.select_related("record").first()
    assert project is not None
    twin = a_record("P-78", source="erp", entity="project", code="NW-2025-01", title="Offshore grid studies")
    task = a_task(project.record, twin)
    whole = valuing.stakes([task])[task.pk]
    task.right_golden_id = task.left_golden_id
    assert 0 < valuing.stakes([task])[task.pk] == whole


@pytest.mark.django_db
def test_what_changes_later_is_seen_when_all_are_valued_anew() -> None:
    customer = a_customer_with_projects()
    task = a_task(customer, a_record("K-2", source="erp", legal_name="Nordwind Energies", city="Paris", country="FR"))
    valuing.work_on(seconds=5)
    ProjectFact.objects.update(revenue=Decimal(1))
    valuing.work_on(seconds=5)
    task.refresh_from_db()
    assert task.value_at_stake > 24
    valuing.work_on(only_new=False, seconds=5)
    task.refresh_from_db()
    assert task.value_at_stake == 24


@pytest.mark.django_db
def test_many_tasks_are_valued_in_as_many_statements_as_one(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    customer = a_customer_with_projects()
    tasks = [a_task(customer, a_record("K-2", source="erp", legal_name="Nordwind Energies", city="Paris", country="FR"))]
    with django_assert_max_num_queries(8) as few:
        valuing.stakes(tasks)
    for number in range(6):
        left, right = (a_record(f"{side}{number}", source=side, legal_name=f"Menuiserie {number}") for side in ("crm", "erp"))
        tasks.append(a_task(left, right))
    with django_assert_max_num_queries(len(few)):
        valuing.stakes(tasks)
