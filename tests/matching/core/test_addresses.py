"""Addresses: what is not known says nothing, what both know and differs in says much."""

import pytest

from matching.core.model import MatchModel
from tests.matching.core.conftest import Record, score

WHOLE = {"address_lines": "12 rue Neuve", "postcode": "69001", "city": "Lyon"}


def level(left: Record, right: Record, model: MatchModel) -> str:
    place = [comparison.name for comparison in model.config.comparisons].index("address")
    number = int(score([left], [right], model).levels[0, place])
    return model.config.comparisons[place].levels[number - 1].name if number else "missing"


def bits(left: Record, right: Record, model: MatchModel) -> float:
    place = [comparison.name for comparison in model.config.comparisons].index("address")
    return float(score([left], [right], model).weights[0, place])


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        ({"city": "LYON"}, "town_only"),
        ({"postcode": "69001"}, "postcode_only"),
        ({"postcode": "69001", "city": "Lyon"}, "postcode_only"),
        ({"postcode": "69007", "city": "Lyon"}, "postcode"),
        ({"postcode": "69380", "city": "Lyon"}, "town"),
        ({"city": "Metz"}, "elsewhere"),
        ({"address_lines": "3 quai Perrache", "city": "Lyon"}, "town"),
        ({"address_lines": "3 quai Perrache", "postcode": "69001", "city": "Lyon"}, "postcode"),
        ({"address_lines": "14 rue Neuve", "city": "Lyon"}, "street"),
        ({"address_lines": "12 rue Neuve", "postcode": "57000", "city": "Metz"}, "number"),
        ({"address_lines": "12 R. NEUVE", "postcode": "69001"}, "same"),
        ({"phone": "0611223344"}, "missing"),
    ],
)
def test_an_address_is_graded_by_what_both_know(shipped: MatchModel, right: Record, expected: str) -> None:
    assert level(WHOLE, right, shipped) == level(right, WHOLE, shipped) == expected


def test_a_town_alone_that_agrees_speaks_for_a_match_and_one_with_another_street_does_not(shipped: MatchModel) -> None:
    assert bits(WHOLE, {"city": "Lyon"}, shipped) > 1
    assert bits(WHOLE, {"address_lines": "3 quai Perrache", "city": "Lyon"}, shipped) < 1
    assert bits(WHOLE, {"postcode": "69001"}, shipped) > bits(WHOLE, {"city": "Lyon"}, shipped)
