"""Lists of what was done name the golden and source records that it was done to, in as many statements for many as for one."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from golden_records.models import SourceRecord
from golden_records.overriding import Wish
from matching import overriding, regrouping, review
from matching.models import JudgementValue
from matching.regroup_plan import Regrouping, RegroupKind
from matching.regroup_preview import look
from tests.factories import a_change, a_record, a_steward, a_task, into
from tests.matching.conftest import CUSTOMER

pytestmark = pytest.mark.django_db
Deed = Callable[[str, User], None]


def two_firms(number: str) -> tuple[SourceRecord, SourceRecord]:
    return a_record(f"c{number}", legal_name=f"Moulin {number}"), a_record(f"e{number}", source="erp", legal_name=f"Meunier {number}")


def merged(number: str, steward: User) -> None:
    review.decide(a_task(*two_firms(number)).pk, answer=JudgementValue.SAME, user=steward)


def judged(number: str, steward: User) -> None:
    review.decide(a_task(*two_firms(number)).pk, answer=JudgementValue.DIFFERENT, user=steward)


def split(number: str, steward: User) -> None:
    del steward
    one, other = two_firms(number)
    other = into(other, one.golden_id)
    wish = Regrouping(RegroupKind.SPLIT, one.golden_id, record_ids=(other.pk,))
    change = a_change("another firm")
    regrouping.carry_out(CUSTOMER, wish, fingerprint=look(CUSTOMER, wish, change=change).fingerprint, change=change, confirmed=True)


def overridden(number: str, steward: User) -> None:
    del steward
    one, _ = two_firms(number)
    overriding.override(CUSTOMER, one.golden_id, Wish("segment", {"segment": "A"}), change=a_change("told"))


@pytest.mark.parametrize(
    ("deed", "listed", "names"),
    [
        (merged, "golden_records/mergereceipt", ("Meunier 1", "→")),
        (split, "golden_records/movereceipt", ("Moulin 1", "Meunier 1")),
        (overridden, "golden_records/override", ("Moulin 1",)),
        (judged, "matching/judgement", ("crm c1", "erp e1")),
    ],
)
def test_a_list_names_what_it_was_done_to(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, deed: Deed, listed: str, names: tuple[str, ...]
) -> None:
    steward = a_steward("claire")
    client.force_login(User.objects.create_superuser("ada"))
    deed("1", steward)
    client.get(f"/admin/{listed}/")
    with django_assert_max_num_queries(12) as few:
        page = client.get(f"/admin/{listed}/").content.decode()
    rows = page[page.index('id="result_list"') :]
    places = [rows.index(name) for name in names]
    assert places == sorted(places)
    for number in "23456":
        deed(number, steward)
    with django_assert_max_num_queries(len(few)):
        client.get(f"/admin/{listed}/")
