"""Laws that every model obeys, shipped or learnt, of customers and of projects: symmetry, monotony, missing values, order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.core.config import load_config
from matching.core.model import MatchModel, shipped_model
from matching.engines.local import match
from tests.matching.core.conftest import CONFIGS, Record, score, table
from tests.matching.core.test_scoring_laws import ATTRIBUTES, FIELDS

PROJECT: Final[Mapping[str, tuple[str | None, ...]]] = {
    "code": ("P-2024-001", "P-2024-002", "P2024001", "X-77", None),
    "title": ("Refonte CRM phase 1", "Refonte CRM phase 2", "Refonte du CRM", "Audit Novatech", "Audit Novatech 2024", None),
    "customer_canonical_id": ("c1", "c2", None),
    "start_date": ("2024-01-15", "2024-01-16", "2023-06-01", None),
    "end_date": ("2024-06-30", "2024-12-31", None),
    "manager": ("Claire Moreau", "MOREAU Claire", "Hugo Petit", None),
    "currency": ("EUR", "USD", None),
    "budget": ("120000", "121000", "80000", None),
}
PROJECT_FIELDS: Final = tuple((name,) for name in PROJECT)


@dataclass(frozen=True)
class Kind:
    """A kind of records: what their attributes may be, and which of these are made equal together."""

    attributes: Mapping[str, tuple[str | None, ...]]
    fields: tuple[tuple[str, ...], ...]
    model: Callable[[], MatchModel]


def _drawn(attributes: Mapping[str, tuple[str | None, ...]], size: int, seed: int) -> list[dict[str, str | None]]:
    generator = np.random.default_rng(seed)
    columns = {name: [values[place] for place in generator.integers(0, len(values), size)] for name, values in attributes.items()}
    return [{name: values[row] for name, values in columns.items()} for row in range(size)]


def _twice(attributes: Mapping[str, tuple[str | None, ...]]) -> list[dict[str, str | None]]:
    """Draw records, most of them twice, the second time with a value gone or another."""
    once = _drawn(attributes, 120, 1)
    other = _drawn(attributes, 120, 2)
    names = list(attributes)
    again = [{**one, names[row % len(names)]: two[names[row % len(names)]]} for row, (one, two) in enumerate(zip(once, other, strict=True))]
    return [*once, *again[:90]]


@lru_cache
def _learnt(entity: str) -> MatchModel:
    attributes = ATTRIBUTES if entity == "customer" else PROJECT
    return match(table(_twice(attributes)), load_config(CONFIGS / f"{entity}.yml")).model


@lru_cache
def _shipped(entity: str) -> MatchModel:
    return shipped_model(load_config(CONFIGS / f"{entity}.yml"), records=20_000)


KINDS: Final = {
    "customers, shipped": Kind(ATTRIBUTES, FIELDS, lambda: _shipped("customer")),
    "customers, learnt": Kind(ATTRIBUTES, FIELDS, lambda: _learnt("customer")),
    "projects, shipped": Kind(PROJECT, PROJECT_FIELDS, lambda: _shipped("project")),
    "projects, learnt": Kind(PROJECT, PROJECT_FIELDS, lambda: _learnt("project")),
}
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
PAIRS: Final = 60
seeds = st.integers(0, 1_000_000)


def _pairs(kind: Kind, seed: int) -> tuple[list[dict[str, str | None]], list[dict[str, str | None]]]:
    return _drawn(kind.attributes, PAIRS, seed), _drawn(kind.attributes, PAIRS, seed + 1)


@kinds
@settings(max_examples=12, deadline=None)
@given(seed=seeds)
def test_a_score_does_not_depend_on_which_record_is_left(kind: Kind, seed: int) -> None:
    left, right = _pairs(kind, seed)
    one, other = score(left, right, kind.model()), score(right, left, kind.model())
    assert (one.weight == other.weight).all()
    assert (one.levels == other.levels).all()
    assert (one.weights == other.weights).all()


@kinds
@settings(max_examples=12, deadline=None)
@given(seed=seeds)
def test_the_same_pairs_score_the_same_again(kind: Kind, seed: int) -> None:
    left, right = _pairs(kind, seed)
    assert score(left, right, kind.model()).weight.tobytes() == score(left, right, kind.model()).weight.tobytes()


@kinds
@settings(max_examples=25, deadline=None)
@given(seed=seeds, data=st.data())
def test_a_field_made_equal_never_lowers_the_score(kind: Kind, seed: int, data: st.DataObject) -> None:
    fields = data.draw(st.sampled_from(kind.fields))
    left, right = _pairs(kind, seed)
    told = [
        row for row in range(PAIRS) if all(left[row][name] and right[row][name] for name in fields) and _one_kind(left[row], right[row])
    ]
    left, right = [left[row] for row in told], [right[row] for row in told]
    equal = [{**two, **{name: one[name] for name in fields}} for one, two in zip(left, right, strict=True)]
    before, after = score(left, right, kind.model()), score(left, equal, kind.model())
    worse = np.flatnonzero(after.weight < before.weight - TOLERANCE)
    assert [(left[row], right[row], before.weight[row], after.weight[row]) for row in worse] == []


TOLERANCE: Final = 1e-4


def _one_kind(left: Record, right: Record) -> bool:
    return left.get("kind") == right.get("kind")


@kinds
@settings(max_examples=12, deadline=None)
@given(seed=seeds, data=st.data())
def test_missing_on_one_side_or_on_both_says_nothing(kind: Kind, seed: int, data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from([name for name in kind.attributes if name not in {"kind", *TOGETHER}]))
    left, right = _pairs(kind, seed)
    left, right = ([{**record, "kind": "organisation"} for record in side] for side in (left, right))
    without = [{**record, gone: None} for record in right]
    one_side, both = score(left, without, kind.model()), score([{**record, gone: None} for record in left], without, kind.model())
    assert (one_side.weight == both.weight).all()
    assert (both.weights[both.levels == 0] == 0).all()


TOGETHER: Final = {"given_name", "family_name", "address_lines", "postcode", "city"}
"""Attributes that are compared together: one says something of the others."""


@pytest.mark.parametrize("entity", ["customer", "project"])
@settings(max_examples=2, deadline=None)
@given(order=st.permutations(range(210)))
def test_the_order_of_the_rows_is_no_part_of_what_is_learnt(entity: str, order: Sequence[int]) -> None:
    records = _twice(ATTRIBUTES if entity == "customer" else PROJECT)
    learnt = _learnt(entity)
    # Without ids, so that no order can be had from them.
    shuffled = match(table([records[row] for row in order]).drop_columns(["id"]), learnt.config).model
    assert np.abs(learnt.probabilities - shuffled.probabilities).max() <= 1e-9
    assert np.abs(learnt.shares - shuffled.shares).max() <= 1e-9
