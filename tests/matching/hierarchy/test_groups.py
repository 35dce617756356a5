"""What a group comes to: its golden customers, their projects, and the figures of these by currency."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from golden_records.facts import store_facts, understand_fact
from golden_records.hierarchy.rollup import group_of
from golden_records.mapping import MappedRow
from golden_records.models import Parentage
from golden_records.sources import SentRow
from tests.factories import a_change, a_record, a_source, into
from tests.matching.hierarchy.families import CUSTOMER, a_customer, heard, merge, offences, parent_of, said

pytestmark = pytest.mark.django_db


def a_project(name: str, customer: str, *, source: str = "crm", currency: str = "EUR") -> Any:
    return a_record(name, source=source, entity="project", title=name, customer=customer, currency=currency)


def figures(project: str, month: str, *, source: str = "crm", **amounts: str) -> None:
    mapped = MappedRow(project, None, {"period": month, **amounts}, ())
    with transaction.atomic():
        store_facts([understand_fact(SentRow(a_source(source), {"row": [project, month, amounts]}, mapped))], change=a_change("sent"))


def test_a_group_adds_up_its_members_projects_and_figures_by_currency() -> None:
    a_source("erp", trust=90)
    holding, shop = a_customer("holding"), a_customer("shop", "holding")
    a_customer("stranger")
    heard()
    one = a_project("one", "shop")
    into(a_record("one", source="erp", entity="project", title="one"), one.golden_id)
    a_project("two", "holding")
    a_project("dollars", "shop", currency="USD")
    a_project("not theirs", "stranger")
    figures("one", "2026-01-01", revenue="100.10", cost="60")
    figures("one", "2026-02-01", revenue="50", cost="10")
    figures("one", "2026-01-01", source="erp", revenue="90.05", cost="50")
    figures("two", "2026-01-01", revenue="10", cost="20")
    figures("dollars", "2026-01-01", revenue="7", cost="1")
    figures("not theirs", "2026-01-01", revenue="1000", cost="1")
    group = group_of(CUSTOMER, holding)
    assert (group.members, group.projects) == (2, 3)
    euros, dollars = group.figures
    # The ERP is trusted more: of January, it is believed, and the CRM of February.
    assert (euros.currency, euros.projects, euros.sums["revenue"], euros.margin) == ("EUR", 2, Decimal("150.05"), Decimal("70.05"))
    assert dollars.sums["revenue"] == Decimal(7)
    assert dollars.margin_share == pytest.approx(6 / 7)
    assert group_of(CUSTOMER, shop).members == 1
    assert [each.sums["revenue"] for each in group_of(CUSTOMER, holding, since=_day(2026, 2), until=_day(2026, 3)).figures] == [50]


def test_a_group_takes_as_many_statements_however_large(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    holding = a_customer("holding")
    for number in range(12):
        a_customer(f"c{number}", "holding")
        a_project(f"p{number}", f"c{number}")
    heard()
    with django_assert_num_queries(5):
        group = group_of(CUSTOMER, holding)
    assert (group.members, group.projects, group.figures) == (13, 12, ())


def test_one_that_was_merged_away_is_counted_once_with_what_is_below_it() -> None:
    holding, other = a_customer("holding"), a_customer("other")
    a_customer("shop", "other")
    heard()
    merge(holding, other)
    assert group_of(CUSTOMER, holding).members == 2
    heard()
    assert group_of(CUSTOMER, holding).members == 2


def test_the_command_looks_at_all_of_it_anew(capsys: pytest.CaptureFixture[str]) -> None:
    holding, shop = a_customer("holding"), a_customer("shop", "holding")
    heard()
    said(holding, None)
    heard()
    Parentage.objects.filter(pk=shop).update(parent_id=None, state="none")
    assert any("not the one that is told" in offence for offence in offences())
    call_command("settle_hierarchy", "--all")
    assert "1 looked at" in capsys.readouterr().out
    assert parent_of(shop) == holding
    assert offences() == []


def _day(year: int, month: int) -> date:
    return date(year, month, 1)
