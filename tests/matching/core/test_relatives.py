"""Branches of one firm and firms of one name: what relatives have in common is not counted as evidence of a match."""

import numpy as np
import pytest
from numpy.typing import NDArray

from matching.core.autoconfig import config_for
from matching.core.calibration import interval, reliability
from matching.core.grades import Rows
from matching.core.score import score_pairs
from matching.core.thirds import Weighed, vouched
from matching.engines.local import MatchResult, match
from tests.matching.core.conftest import Record, table

SYLLABLES = ("bar", "cor", "del", "fau", "gar", "lan", "mor", "nel", "per", "rou", "sal", "tor", "ver", "zan")
TRADES = {"FR": ("plomberie", "conseil", "garage"), "DE": ("bau", "technik", "handel"), "GB": ("plumbing", "motors", "catering")}


def firms(number: int, chance: np.random.Generator) -> tuple[list[Record], list[int]]:
    """Make records of firms, and which firm each is of. Every fourth is a branch of the one before: at another place, with numbers of
    its own, and mostly with the firm's mailbox. Names are short, so that strangers share them, in one country.
    """
    stems = ["".join(chance.choice(SYLLABLES, 2)).title() for _ in range(number // 4)]
    found: list[Record] = []
    truth: list[int] = []
    firm: dict[str, str] = {}
    for entity in range(number):
        branch = entity % 4 == 3
        country = firm["country"] if branch else str(chance.choice(list(TRADES)))
        name = firm["org_name"] if branch else f"{chance.choice(stems)} {chance.choice(TRADES[country])}"
        email = firm["email"] if branch and chance.random() < 0.6 else f"contact@{name.lower().replace(' ', '')}{entity}.com"
        firm = {"kind": "O", "org_name": name, "email": email, "country": country, **place(chance), **numbers(chance)}
        for copy in range(1 + (chance.random() < 0.4) + (chance.random() < 0.15)):
            found.append(damaged(firm, chance, moves=copy > 0))
            truth.append(entity)
    return found, truth


def place(chance: np.random.Generator) -> dict[str, str]:
    town = int(chance.integers(300))
    named = np.random.default_rng(town)
    return {
        "street": f"{chance.integers(1, 150)} rue {''.join(chance.choice(SYLLABLES, 3)).title()}",
        "postcode": f"{10_000 + town * 37}", "city": "".join(named.choice(SYLLABLES, 3)).title(),
    }  # fmt: skip


def numbers(chance: np.random.Generator) -> dict[str, str]:
    return {"phone": f"01{chance.integers(10**7, 10**8)}", "tax_id": str(chance.integers(10**8, 10**9))}


def damaged(firm: dict[str, str], chance: np.random.Generator, *, moves: bool) -> Record:
    """Give a record of a firm: some values are missing, and a later one may know another place or telephone."""
    record = dict(firm)
    if moves and chance.random() < 0.08:
        record |= place(chance)
    if moves and chance.random() < 0.12:
        record["phone"] = numbers(chance)["phone"]
    if chance.random() < 0.05:
        record["org_name"] = f"{record['org_name']} SARL"
    lost = {"email": 0.3, "phone": 0.3, "tax_id": 0.55, "street": 0.1, "postcode": 0.08}
    return {name: None if chance.random() < lost.get(name, 0.0) else value for name, value in record.items()}


def scored(seed: int) -> tuple[MatchResult, NDArray[np.float64], NDArray[np.uint8], NDArray[np.bool_]]:
    """Match records of firms without their labels: probabilities and levels of all candidate pairs, and which of them are true."""
    records, labels = firms(3_000, np.random.default_rng(seed))
    truth = np.array(labels)
    attributes = table(records).drop_columns(["id"])
    result = match(attributes, config_for(attributes, {}, "customer"))
    pairs = result.candidates
    found = score_pairs(result.prepared, result.prepared, pairs.left, pairs.right, result.model)
    return result, found.probability, found.levels, truth[pairs.left] == truth[pairs.right]


@pytest.mark.parametrize("seed", [1, 2])
def test_branches_and_firms_of_one_name_are_as_often_one_as_their_probability_says(seed: int) -> None:
    result, probability, levels, true = scored(seed)
    at = {comparison.name: place for place, comparison in enumerate(result.model.config.comparisons)}
    top = {name: len(result.model.config.comparisons[place].levels) for name, place in at.items()}
    namesakes = (levels[:, at["name"]] == top["name"]) & (levels[:, at["address"]] == 1)
    assert namesakes.sum() > 40 * true[namesakes].sum(), "there are far more of them than matches that have moved"
    assert probability[namesakes].sum() < 1.6 * true[namesakes].sum()
    sure = probability >= 0.9
    low, _ = interval(int(true[sure].sum()), int(sure.sum()))
    assert low > 0.98, "they do not drag what is sure down"
    assert probability[sure].mean() == pytest.approx(true[sure].mean(), abs=0.01)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_truth_lies_within_what_third_records_vouch_for(seed: int) -> None:
    result, probability, _, true = scored(seed)
    pairs = result.candidates

    def score(left: Rows, right: Rows) -> NDArray[np.float64]:
        return score_pairs(result.prepared, result.prepared, left, right, result.model).probability

    checked = vouched(Weighed(pairs.left, pairs.right, probability, np.ones(len(true), np.bool_)), score)
    table_of = reliability(probability, true)
    told = (table_of.pairs >= 100) & (table_of.lower >= 0.05)
    assert told.sum() >= 3
    assert (checked.low[told] <= table_of.high[told]).all()
    assert (checked.high[told] >= table_of.low[told]).all()
    assert checked.high[-1] - checked.low[-1] < 0.03, "narrow where most matches are"
