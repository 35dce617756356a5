"""The parent of a golden customer: told by sources and stewards, followed through merges, refused where it would close a loop."""

from uuid import uuid4

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from golden_records import sealing
from golden_records.errors import NothingToUndo
from golden_records.hierarchy.links import below
from golden_records.hierarchy.reading import children_of
from golden_records.hierarchy.settling import HierarchyLoop
from golden_records.models import AuditEntry, Parentage, WhenSentAgain
from golden_records.overriding import InvalidOverride, Wish
from matching import hierarchy, overriding
from matching.erasure import erase
from matching.hierarchy import NoHierarchy
from matching.withdrawal import withdraw_source_record
from tests.factories import a_change, into
from tests.matching.conftest import PROJECT
from tests.matching.hierarchy.families import (
    CUSTOMER,
    a_customer,
    heard,
    merge,
    offences,
    parent_of,
    record,
    said,
    state_of,
    told,
    took_back,
    top_of,
    unmerge,
)

pytestmark = pytest.mark.django_db


def test_a_source_names_the_parent_by_its_own_id_before_or_after_it_sends_the_parent() -> None:
    shop, holding = a_customer("shop", "firm"), a_customer("holding")
    heard()
    assert (parent_of(shop), state_of(shop)[0]) == (None, "unknown")
    firm = a_customer("firm", "holding")
    heard()
    assert (parent_of(shop), parent_of(firm), top_of(shop), top_of(holding)) == (firm, holding, holding, holding)
    assert [child.pk for child in children_of(CUSTOMER, firm)] == [shop]
    assert below(CUSTOMER, holding) == sorted([shop, firm, holding])
    assert told(shop) == [(None, str(firm))]
    assert offences() == []


def test_of_sources_that_disagree_the_one_that_survives_is_believed() -> None:
    one, other = a_customer("one", source="crm"), a_customer("other", source="erp")
    shop = record("shop", source="crm", parent="one")
    CUSTOMER.goldens.get(pk=into(record("9", source="erp", parent="other"), shop.golden_id).golden_id)
    heard()
    standing = CUSTOMER.goldens.get(pk=shop.golden_id)
    assert parent_of(shop.golden_id) == (one if standing.lineage["parent"]["source"] == "crm" else other)
    assert offences() == []


def test_a_steward_s_parent_wins_and_is_taken_back() -> None:
    holding, other = a_customer("holding"), a_customer("other")
    shop = a_customer("shop", "holding")
    heard()
    said(shop, other)
    assert (parent_of(shop), Parentage.objects.get(pk=shop).origin) == (other, "steward")
    said(shop, None)
    assert (parent_of(shop), state_of(shop)[0]) == (None, "none")
    took_back(shop)
    assert parent_of(shop) == holding
    assert told(shop) == [(None, str(holding)), (str(holding), str(other)), (str(other), None), (None, str(holding))]
    assert {entry.reason for entry in AuditEntry.objects.filter(kind="override")} == {"the group's chart says so", "a mistake"}
    with pytest.raises(NothingToUndo):
        took_back(shop)
    heard()
    assert offences() == []


def test_a_steward_s_loop_is_refused_with_its_way_and_nothing_is_left_of_it() -> None:
    a, b, c = a_customer("a"), a_customer("b"), a_customer("c")
    said(b, a)
    said(c, b)
    with pytest.raises(HierarchyLoop) as refused:
        said(a, c)
    assert refused.value.data["loop"] == [str(each) for each in (a, c, b, a)]
    with pytest.raises(HierarchyLoop):
        said(a, a)
    assert (parent_of(a), parent_of(c), CUSTOMER.goldens.get(pk=a).pins) == (None, b, None)
    heard()
    assert offences() == []


def test_a_source_s_loop_is_not_closed_and_stands_as_soon_as_it_can() -> None:
    a, b = a_customer("a", "b"), a_customer("b", "a")
    heard()
    assert [parent_of(a), parent_of(b)] == [b, None]
    assert state_of(b) == ("loop", [str(b), str(a), str(b)])
    assert offences() == []
    said(a, None)
    heard()
    assert [parent_of(a), parent_of(b)] == [None, a]
    assert offences() == []


def test_a_parent_that_is_merged_away_is_followed_there_and_back() -> None:
    holding, other = a_customer("holding"), a_customer("other")
    by_source, by_steward = a_customer("shop", "holding"), a_customer("office")
    said(by_steward, holding)
    heard()
    receipt = merge(other, holding)
    assert [parent_of(by_source), parent_of(by_steward)] == [other, other]
    assert {child.pk for child in children_of(CUSTOMER, other)} == {by_source, by_steward}
    heard()
    assert [Parentage.objects.get(pk=each).parent_id for each in (by_source, by_steward)] == [other, other]
    assert told(by_steward) == [(None, str(holding)), (str(holding), str(other))]
    unmerge(receipt)
    heard()
    assert [parent_of(by_source), parent_of(by_steward)] == [holding, holding]
    assert offences() == []


def test_a_merge_that_would_close_a_loop_is_carried_out_and_the_parent_is_refused() -> None:
    a, b, c = a_customer("a"), a_customer("b", "a"), a_customer("c", "b")
    heard()
    receipt = merge(a, c)
    heard()
    assert (parent_of(b), parent_of(a)) == (a, None)
    assert state_of(a) == ("loop", [str(a), str(b), str(a)])
    assert offences() == []
    unmerge(receipt)
    heard()
    assert (parent_of(c), parent_of(b), parent_of(a)) == (b, a, None)
    assert offences() == []


def test_a_parent_that_is_withdrawn_is_no_longer_there_and_comes_back() -> None:
    a_customer("holding")
    shop = a_customer("shop", "holding")
    heard()
    withdraw_source_record(CUSTOMER, source="crm", external_id="holding", withdrawn_at=None, change=a_change("gone"))
    heard()
    assert (parent_of(shop), state_of(shop)[0]) == (None, "gone")
    assert offences() == []


def test_an_erasure_leaves_children_without_a_parent_and_nothing_is_told_of_what_was_erased() -> None:
    holding, firm = a_customer("holding"), a_customer("firm", "holding")
    shop = a_customer("shop", "firm")
    heard()
    erase(CUSTOMER, canonical_id=firm, when_sent_again=WhenSentAgain.NEW, change=a_change("asked for"))
    heard()
    assert (parent_of(shop), list(children_of(CUSTOMER, holding))) == (None, [])
    assert told(shop)[-1] == (str(firm), None)
    assert offences() == []


def test_what_names_no_golden_customer_is_refused() -> None:
    shop = a_customer("shop")
    for named in (str(uuid4()), "no id"):
        with pytest.raises(InvalidOverride, match="name a canonical id"):
            overriding.override(CUSTOMER, shop, Wish("parent", values={"parent": named}), change=a_change())
    with pytest.raises(NoHierarchy):
        hierarchy.set_parent(PROJECT, shop, None, change=a_change())


def test_an_override_of_the_parent_s_record_closes_no_loop_either() -> None:
    a = record("a", parent="b")
    b = a_customer("b")
    into(a, a.golden_id)
    said(a.golden_id, None)
    said(b, a.golden_id)
    took_back(a.golden_id)
    assert state_of(a.golden_id)[0] == "loop"
    with pytest.raises(HierarchyLoop), transaction.atomic():
        overriding.override(CUSTOMER, a.golden_id, Wish("parent", record_id=a.pk), change=a_change("it is so"))
    heard()
    assert offences() == []


def test_settling_takes_as_many_statements_for_many_as_for_few(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    holding = a_customer("holding")
    for number in range(2):
        a_customer(f"few {number}", "holding")
    sealing.seal()
    with django_assert_max_num_queries(40) as few:
        hierarchy.follow(CUSTOMER, seconds=60)
    queries = len(few)
    for number in range(20):
        a_customer(f"many {number}", "holding")
    sealing.seal()
    with django_assert_max_num_queries(queries):
        hierarchy.follow(CUSTOMER, seconds=60)
    assert children_of(CUSTOMER, holding).count() == 22
