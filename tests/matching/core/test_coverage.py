"""What all rules miss, told from which rules found what: on made catches, and on labelled records."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from matching.core.config import MatchConfig
from matching.core.coverage import Caught, coverage, rule_lists
from matching.core.declarations import BlockingRule, KeyPart
from matching.core.loglinear import chao_bound, unseen

Chances = tuple[float, ...]


def rules(config: MatchConfig, *fields: str) -> MatchConfig:
    return replace(config, blocking=tuple(BlockingRule(field, (KeyPart(field),)) for field in fields))


def catches(matches: int, chances: Chances, seed: int = 5) -> NDArray[np.uint32]:
    """Throw each match at every rule, and tell which caught it, as bits; 0 is a match that nothing caught."""
    thrown = np.random.default_rng(seed).random((matches, len(chances))) < np.array(chances)
    bits: NDArray[np.uint32] = (thrown << np.arange(len(chances))).sum(axis=1).astype(np.uint32)
    return bits


def caught(bits: NDArray[np.uint32]) -> Caught:
    seen = bits[bits != 0]
    return Caught(seen, np.ones(len(seen)), np.zeros(len(seen), np.uint8))


def test_rules_that_catch_independently_tell_what_they_all_miss(customer: MatchConfig) -> None:
    bits = catches(20_000, (0.7, 0.6, 0.5))
    found = coverage(caught(bits), rules(customer, "email", "phone", "registration_id"))
    missed = int((bits == 0).sum())
    assert found.low < missed < found.high
    assert found.missed == pytest.approx(missed, rel=0.1)
    assert found.recall_interval[0] < 1 - missed / 20_000 < found.recall_interval[1]


def test_two_lists_give_the_estimate_of_lincoln_and_petersen() -> None:
    # 60 by the first alone, 30 by the second alone, 90 by both: 60 x 30 / 90 are missed.
    assert unseen(np.array([0.0, 60, 30, 90])).missed == pytest.approx(20, rel=1e-6)
    assert chao_bound(np.array([0.0, 60, 30, 90])) == pytest.approx(20, rel=0.02)


def test_matches_that_are_hard_for_every_rule_are_underestimated_but_not_forgotten(customer: MatchConfig) -> None:
    # Every tenth match is damaged throughout. Taken for independent, the rules would promise far more than they keep.
    easy, hard = catches(18_000, (0.9, 0.85, 0.8, 0.85)), catches(2_000, (0.3, 0.25, 0.2, 0.3), seed=6)
    bits = np.append(easy, hard)
    found = coverage(caught(bits), rules(customer, "email", "phone", "registration_id", "birth_date"))
    cells = np.bincount(bits, minlength=16)
    shares = [cells[[cell for cell in range(16) if cell >> place & 1]].sum() / len(bits) for place in range(4)]
    independent = len(bits) * np.prod([1 - share for share in shares])
    missed = int((bits == 0).sum())
    assert 3 * independent < found.lower_bound < missed
    assert 3 * independent < found.missed < missed


def test_rules_that_look_at_one_thing_are_one_list(customer: MatchConfig) -> None:
    of = dict(zip([rule.name for rule in customer.blocking], rule_lists(customer), strict=True))
    assert of["email"] == of["email and family"] == of["mail local part"]
    assert of["same words"] == of["word in town"] == of["trade name"]
    assert of["given and sound of family"] == of["family at postcode"] != of["street and family"]


def test_twice_the_same_rule_is_no_second_opinion(customer: MatchConfig) -> None:
    bits = catches(20_000, (0.7, 0.6, 0.5))
    doubled = (bits | (bits & 1) << 3).astype(np.uint32)
    config = rules(customer, "email", "phone", "registration_id")
    twice = replace(config, blocking=(*config.blocking, BlockingRule("local part", (KeyPart("email_local"),))))
    assert coverage(caught(doubled), twice).missed == pytest.approx(coverage(caught(bits), config).missed)


def test_one_list_alone_knows_nothing_of_what_it_misses(customer: MatchConfig) -> None:
    found = coverage(caught(catches(1_000, (0.5,))), rules(customer, "email"))
    assert math.isinf(found.high)
    assert found.recall_interval[0] == 0


def test_kinds_of_records_that_share_no_rule_are_counted_apart(customer: MatchConfig) -> None:
    # Persons by name and phone, organisations by number and phone. Pooled, the two names would look like rivals.
    persons, organisations = catches(10_000, (0.8, 0.6)), catches(10_000, (0.7, 0.9), seed=8)
    bits = np.append((persons & 1) | (persons & 2) << 1, (organisations & 1) << 1 | (organisations & 2) << 1).astype(np.uint32)
    seen = bits != 0
    strata = np.repeat(np.array([2, 1], np.uint8), 10_000)[seen]
    given = Caught(bits[seen].astype(np.uint32), np.ones(int(seen.sum())), strata)
    config, missed = rules(customer, "family", "registration_id", "phone"), int((~seen).sum())
    found, pooled = coverage(given, config), coverage(replace(given, strata=np.ones_like(strata)), config)
    assert found.low < missed < found.high
    assert found.missed == pytest.approx(missed, rel=0.25)
    assert abs(pooled.missed - missed) > 2 * abs(found.missed - missed)


def test_pairs_weigh_as_much_as_they_are_likely(customer: MatchConfig) -> None:
    bits = catches(5_000, (0.7, 0.6, 0.5))
    sure = caught(bits)
    doubted = Caught(np.repeat(sure.rules, 2), np.tile([0.9, 0.1], len(sure.rules)), np.repeat(sure.strata, 2))
    config = rules(customer, "email", "phone", "registration_id")
    assert coverage(doubted, config).missed == pytest.approx(coverage(sure, config).missed)
    assert coverage(doubted, config).found == pytest.approx(len(sure.rules))


def test_what_no_rule_gave_is_counted_where_the_table_was_compared_whole(customer: MatchConfig) -> None:
    bits = catches(2_000, (0.7, 0.6, 0.5))
    given = Caught(bits, np.full(len(bits), 0.5), np.zeros(len(bits), np.uint8))
    found = coverage(given, rules(customer, "email", "phone", "registration_id"), whole=True)
    assert found.counted == pytest.approx((bits == 0).sum() / 2)
    assert found.recall_interval == (found.recall, found.recall)


def test_nothing_found_is_nothing_known_and_no_error(customer: MatchConfig) -> None:
    found = coverage(caught(np.empty(0, np.uint32)), customer)
    assert (found.found, found.missed, found.caught_by) == (0, 0, ())
