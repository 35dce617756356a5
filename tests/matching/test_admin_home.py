"""The front page, as a steward finds it in the morning."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from matching import assigning, claims, review
from matching.models import FourEyesRule, JudgementValue
from tests.e2e.workplace import doubtful_pairs
from tests.factories import a_record, a_task

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def desk(client: Client, grace: User) -> Client:
    client.force_login(grace)
    return client


def test_home_takes_as_many_queries_for_many_tasks_as_for_one(
    desk: Client, grace: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    doubtful_pairs(1)
    desk.get("/admin/")
    cache.clear()
    with django_assert_max_num_queries(60) as few:
        desk.get("/admin/")
    for number in range(6):
        task = a_task(
            a_record(f"l{number}", legal_name=f"Scierie {number}"), a_record(f"r{number}", source="erp", legal_name=f"Scieries {number}")
        )
        assigning.hand(task.pk, to=grace, user=grace)
    cache.clear()
    with django_assert_max_num_queries(len(few) + 1):  # one entity type more has names to be read
        desk.get("/admin/")


def test_home_tells_what_waits_for_me_and_what_happened(desk: Client, grace: User, henri: User) -> None:
    mine, seconds, at_it, decided = doubtful_pairs(4)
    review.decide(decided.pk, answer=JudgementValue.SAME, user=henri)
    FourEyesRule.objects.create(reason="audit")
    review.decide(seconds.pk, answer=JudgementValue.SAME, user=henri)
    assigning.hand(mine.pk, to=grace, user=henri)
    claims.claim(at_it.pk, user=grace)
    home: Any = desk.get("/admin/")
    context = home.context_data
    assert [each.count for each in context["mine"]] == [1, 1, 0, 0]
    assert [each.task for each in context["under_way"]] == [at_it]
    assert {each.task.pk for each in context["oldest"]} == {mine.pk, at_it.pk}
    happened = {str(each.words): (each.count, each.by) for each in context["happened"]}
    assert happened["Merges"] == happened["Answers"] == (1, (("henri", 1),))
    assert happened["New: golden customers"][0] == 8
