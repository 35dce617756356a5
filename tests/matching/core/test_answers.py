"""Learning with people's answers: what they do to a model, and what can be promised on them."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matching.core.answers import answers_of
from matching.core.config import load_config
from matching.core.declarations import Thresholds
from matching.core.em import Answered, Learning, learn, posterior
from matching.core.evaluate import evaluate
from matching.core.links import Constraints
from matching.core.model import MatchModel
from matching.core.patterns import Patterns
from matching.core.score import score_pairs
from matching.core.thresholds import Aim, Asked, choose_thresholds, lower_bound, more_needed, upper_bound
from matching.engines.local import MatchResult, match
from tests.matching.core.conftest import CONFIGS, Record, table

NOW = Thresholds(auto=0.9, review=0.3)
SIZES = np.array([3, 3, 3])
LEVELS = np.array([[a, b, c] for a in (1, 2) for b in (1, 2) for c in (1, 2)], np.uint8)
START = Learning(
    probabilities=np.array([[[1.0, 0.1, 0.9]] * 3, [[1.0, 0.9, 0.1]] * 3, [[1.0, 0.6, 0.4]] * 3, *[[[1.0, 0.8, 0.2]] * 3] * 2]),
    shares=np.array([0.05, 0.93, 0.01, 0.005, 0.005]), pairs_in_all=10_000.0, most_relatives=500.0,
    ways=np.zeros((5, 3), np.int8), at_most=((), (), ()), sizes=SIZES, entailed=np.zeros(3, np.bool_),
)  # fmt: skip
NO_STRATA = np.zeros(8, np.uint8)
CANDIDATES = Patterns(LEVELS, np.array([600, 80, 70, 60, 80, 60, 60, 400.0]), NO_STRATA)
SAMPLE = Patterns(LEVELS, np.array([7300, 800, 800, 90, 800, 90, 90, 10.0]), NO_STRATA)


def weight_of(pattern: int, same: float, different: float) -> float:
    """Give the log odds of a match that a pattern has after so many answers on it."""
    counts = np.zeros((2, 8))
    counts[:, pattern] = same, different
    answered = Answered(LEVELS, NO_STRATA, counts[0], counts[1], np.maximum(CANDIDATES.counts, counts.sum(axis=0)))
    learnt = learn(CANDIDATES, SAMPLE, START, answered)
    chance = posterior(LEVELS[pattern : pattern + 1], learnt.probabilities, learnt.shares)[0, 0]
    return float(np.log(chance / (1 - chance)))


@settings(max_examples=30, deadline=None)
@given(pattern=st.integers(0, 7), same=st.lists(st.integers(0, 60), min_size=2, max_size=4), different=st.integers(0, 30))
def test_more_who_say_same_never_lower_a_patterns_weight(pattern: int, same: list[int], different: int) -> None:
    weights = [weight_of(pattern, number, different) for number in sorted(same)]
    assert all(fewer <= more + 1e-6 for fewer, more in pairwise(weights))


@settings(max_examples=30, deadline=None)
@given(pattern=st.integers(0, 7), different=st.lists(st.integers(0, 60), min_size=2, max_size=4))
def test_more_who_say_different_never_raise_a_patterns_weight(pattern: int, different: list[int]) -> None:
    weights = [weight_of(pattern, 0, number) for number in sorted(different)]
    assert all(more <= fewer + 1e-6 for fewer, more in pairwise(weights))


GIVEN = ["Anna", "Bruno", "Claire", "David", "Emma", "Felix", "Greta", "Hugo", "Irene", "Jonas", "Karin", "Louis", "Marie", "Nils"]
COMMON = ["Martin", "Bernard", "Thomas", "Petit", "Robert", "Richard", "Durand", "Dubois", "Moreau", "Laurent", "Simon", "Michel"]


def people(number: int) -> tuple[list[Record], list[int]]:
    """Make persons, many of one family name and town, some with a copy that lost or changed something; and who is who."""
    chance = np.random.default_rng(11)
    found: list[Record] = []
    who: list[int] = []
    for person in range(number):
        family = str(chance.choice(COMMON)) if chance.random() < 0.3 else _word(chance, 3)
        told: dict[str, str | None] = {
            "kind": "person", "given_name": str(chance.choice(GIVEN)), "family_name": family,
            "city": str(chance.choice(["Lyon", "Metz", "Brest"])), "phone": f"+336{chance.integers(10**7, 10**8)}",
            "birth_date": f"19{chance.integers(40, 99)}-0{chance.integers(1, 9)}-1{chance.integers(0, 9)}",
        }  # fmt: skip
        for copy in range(int(chance.integers(1, 4))):
            kept: dict[str, str | None] = dict(told)
            if copy:
                kept["phone"] = None if chance.random() < 0.6 else f"+336{chance.integers(10**7, 10**8)}"
                kept["birth_date"] = None if chance.random() < 0.6 else told["birth_date"]
                kept["given_name"] = str(told["given_name"])[0] if chance.random() < 0.3 else told["given_name"]
            found.append(kept)
            who.append(person)
    return found, who


def _word(chance: np.random.Generator, syllables: int) -> str:
    return "".join(chance.choice(["bar", "cor", "del", "fau", "gar", "lan", "mor", "nel", "per", "rou"], syllables)).title()


Town = tuple[pa.Table, NDArray[np.int64], MatchResult]


@pytest.fixture(scope="module")
def town() -> Town:
    """A town's people, the truth, and how they match without answers."""
    records, who = people(700)
    return table(records), np.array(who), match(table(records), load_config(CONFIGS / "customer.yml"))


def settled(town: Town, number: int, seed: int = 0) -> Constraints:
    """Let simulated stewards answer so many of the doubtful pairs, rightly."""
    _, who, result = town
    pairs = result.pairs
    doubtful = np.flatnonzero((pairs.probability < 0.95) & (pairs.vetoes == 0))
    chosen = np.random.default_rng(seed).permutation(doubtful)[:number]
    ends = [(int(pairs.left[place]), int(pairs.right[place])) for place in chosen]
    return Constraints(
        must_link=tuple(pair for pair in ends if who[pair[0]] == who[pair[1]]),
        cannot_link=tuple(pair for pair in ends if who[pair[0]] != who[pair[1]]),
    )


def surprise(town: Town, model: MatchModel) -> float:
    """Give by how much the probabilities of a model surprise one who knows the truth (logarithmic loss, all candidate pairs)."""
    records, who, result = town
    left, right = result.candidates.left, result.candidates.right
    scored = score_pairs(result.prepared, result.prepared, left, right, model)
    right_side = np.where(who[left] == who[right], scored.probability, 1 - scored.probability)
    assert records.num_rows == len(who)
    return float(-np.log(np.maximum(right_side, 1e-9)).sum())


def f1(town: Town, result: MatchResult) -> float:
    return evaluate(town[1], result.clusters.labels, result.candidates.left, result.candidates.right).pairs_f1


def test_answers_make_probabilities_truer_and_clusters_no_worse(town: Town) -> None:
    records, _, before = town
    asked = settled(town, 150)
    assert len(asked.must_link) > 10
    assert len(asked.cannot_link) > 10
    after = match(records, before.model.config, constraints=asked)
    assert surprise(town, after.model) < 0.98 * surprise(town, before.model)
    assert f1(town, match(records, before.model.config, model=after.model)) > f1(town, before) - 0.002
    assert f1(town, after) > f1(town, before)


def test_few_answers_move_little(town: Town) -> None:
    records, _, before = town
    after = match(records, before.model.config, constraints=settled(town, 3)).model
    known = before.model.probabilities[:, :2]
    assert np.abs(np.log2(after.probabilities[:, :2] / known)).max() < 0.5
    assert surprise(town, after) < 1.01 * surprise(town, before.model)


def test_the_order_of_answers_is_no_part_of_the_model(town: Town) -> None:
    records, _, before = town
    asked = settled(town, 60)
    turned = Constraints(
        must_link=tuple((right, left) for left, right in reversed(asked.must_link)), cannot_link=tuple(reversed(asked.cannot_link))
    )
    one, other = (match(records, before.model.config, constraints=some).model for some in (asked, turned))
    assert np.array_equal(one.probabilities, other.probabilities)
    assert np.array_equal(one.shares, other.shares)


def test_without_answers_a_model_stays_as_it_is(town: Town) -> None:
    records, _, before = town
    again = match(records, before.model.config, constraints=Constraints()).model
    assert np.array_equal(again.probabilities, before.model.probabilities)


def test_a_pair_that_is_settled_both_ways_is_no_answer() -> None:
    found = answers_of(Constraints(must_link=((4, 1), (2, 3)), cannot_link=((1, 4), (5, 2))))
    assert list(zip(found.left.tolist(), found.right.tolist(), found.same.tolist(), strict=True)) == [(2, 3, True), (2, 5, False)]


@pytest.mark.parametrize(("same", "total", "low", "high"), [(299, 299, 0.9900, 1.0), (0, 299, 0.0, 0.0100), (95, 100, 0.89775, 0.98009)])
def test_bounds_are_those_of_clopper_and_pearson(same: int, total: int, low: float, high: float) -> None:
    assert lower_bound(same, total, 0.95) == pytest.approx(low, abs=1e-4)
    assert upper_bound(same, total, 0.95) == pytest.approx(high, abs=1e-4)


def band(number: int, error: float, seed: int = 1) -> Asked:
    """Let people answer pairs between the thresholds, of which the likelier half is true but for this share."""
    chance = np.random.default_rng(seed)
    probability = chance.uniform(0.3, 0.9, number)
    return Asked(probability, np.where(probability > 0.6, chance.random(number) >= error, chance.random(number) < 0.01))


def test_the_auto_threshold_falls_where_the_answers_carry_it() -> None:
    asked = band(1_600, error=0.0)
    pairs = np.append(asked.probability, np.full(20_000, 0.999))
    found = choose_thresholds(asked, pairs, NOW, Aim(precision=0.99, loss=0.01))
    assert 0.58 < found.thresholds.auto < 0.7
    assert found.precision_bound >= 0.99
    assert found.more_needed == 0
    assert 0.4 < found.thresholds.review <= 0.62
    assert found.lost_bound <= 0.01 * pairs.sum()


def test_too_few_answers_change_nothing_and_say_how_many_are_missing() -> None:
    asked = Asked(np.linspace(0.8, 0.89, 40), np.ones(40, np.bool_))
    found = choose_thresholds(asked, asked.probability, NOW, Aim(precision=0.99))
    assert found.thresholds == NOW
    assert found.more_needed == 299 - 40
    assert found.precision_bound < 0.99


def test_answers_that_contradict_the_aim_never_carry_it() -> None:
    found = choose_thresholds(band(900, error=0.1), np.linspace(0.3, 0.9, 900), NOW, Aim(precision=0.99))
    assert found.thresholds.auto == NOW.auto
    assert found.more_needed is None


def test_as_many_more_as_are_said_to_be_needed_carry_the_precision() -> None:
    aim = Aim(precision=0.95)
    more = more_needed(98, 100, aim)
    assert more is not None
    total = 100 + more
    assert lower_bound(int(0.98 * total), total, aim.confidence) >= aim.precision


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_answers_is_no_part_of_the_thresholds(seed: int) -> None:
    asked = band(700, error=0.003)
    order = np.random.default_rng(seed).permutation(700)
    mixed = Asked(asked.probability[order], asked.same[order])
    pairs = np.linspace(0.3, 1.0, 5_000)
    assert choose_thresholds(asked, pairs, NOW, Aim()) == choose_thresholds(mixed, pairs, NOW, Aim())


def test_the_promise_is_kept_as_often_as_stated() -> None:
    """Of many samples of a band whose precision falls with the probability, few lower the threshold too far."""
    broken = 0
    for seed in range(80):
        chance = np.random.default_rng(seed)
        probability = chance.uniform(0.3, 0.9, 1_200)
        asked = Asked(probability, chance.random(1_200) < np.minimum(1.0, 0.9 + probability / 6))
        auto = choose_thresholds(asked, probability, NOW, Aim(precision=0.97)).thresholds.auto
        true = np.minimum(1.0, 0.9 + np.linspace(auto, 0.9, 500) / 6).mean()
        broken += auto < NOW.auto and true < 0.97
    assert broken <= 80 * 0.05 + 5
