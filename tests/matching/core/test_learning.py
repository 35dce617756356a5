"""Learning without labels: what many pairs have in common is not taken for what matches have in common."""

import numpy as np

from matching.core.config import MatchConfig
from matching.core.decide import Outcome
from matching.engines.local import match
from tests.matching.core.conftest import Record, table

GIVEN = ("Anna", "Bruno", "Claire", "David", "Emma", "Felix", "Greta", "Hugo", "Irene", "Jonas")
SYLLABLES = ("bar", "cor", "del", "fau", "gar", "lan", "mor", "nel", "per", "rou", "sal", "tor", "ver", "zan")


def households(number: int) -> list[Record]:
    """Make households of two people with one telephone, one of whom is there twice in every third."""
    chance = np.random.default_rng(5)
    found: list[Record] = []
    for house in range(number):
        one, other = chance.choice(GIVEN, 2, replace=False)
        shared = {
            "kind": "person", "family_name": "".join(chance.choice(SYLLABLES, 3)).title(), "phone": f"+336{10_000_000 + house * 17}",
            "address_lines": f"{house % 90 + 1} rue {''.join(chance.choice(SYLLABLES, 2)).title()}", "postcode": f"{10_000 + house % 70}",
            "city": "".join(chance.choice(SYLLABLES, 2)).title(),
        }  # fmt: skip
        found += [{**shared, "given_name": str(one)}, {**shared, "given_name": str(other)}]
        if house % 3 == 0:
            found.append({**shared, "given_name": str(one)})
    return found


def test_households_are_not_learnt_as_matches(customer: MatchConfig) -> None:
    people = households(400)
    result = match(table(people), customer)
    place = [comparison.name for comparison in customer.comparisons].index("person_name")
    family_only = customer.comparisons[place].level_number("family_only")
    assert result.model.probabilities[:, 0, place, family_only].max() < 0.031
    merged = result.pairs.outcome == Outcome.MATCH
    pairs = zip(result.pairs.left[merged].tolist(), result.pairs.right[merged].tolist(), strict=True)
    same = [people[left]["given_name"] == people[right]["given_name"] for left, right in pairs]
    assert len(same) > 130
    assert all(same)
