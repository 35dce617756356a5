"""Positions: how far two places are from each other, in a config that says so."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.core.config import parse_config
from matching.core.forms import FORMS
from matching.core.model import MatchModel, shipped_model
from tests.matching.core.conftest import score

SITES = {
    "entity": "customer",
    "version": 1,
    "thresholds": {"auto": 0.9, "review": 0.3},
    "fields": {
        "name": {"form": "organisation", "of": ["legal_name"]},
        "position": {"form": "position", "of": ["latitude", "longitude"], "combine": "join"},
    },
    "comparisons": {
        "name": {"kind": "organisation_name"},
        "position": {"kind": "distance", "levels": {"same": {"term_frequency": "position"}}},
    },
    "blocking": {"name": {"parts": ["name"], "limit": 100}},
}
LEVELS = ("missing", "far", "region", "town", "near", "same")
TOWN_HALL = ("48.85661", "2.35222")  # Paris


@pytest.fixture(scope="module")
def sites() -> MatchModel:
    return shipped_model(parse_config(SITES), records=20_000)


def level(one: tuple[str, str], other: tuple[str, str], model: MatchModel) -> str:
    left, right = ({"legal_name": "Lafont", "latitude": place[0], "longitude": place[1]} for place in (one, other))
    return LEVELS[int(score([left], [right], model).levels[0, 1])]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (("48.85661", "2.35222"), "same"),
        (("48,8566", "2,3522"), "same"),  # with decimal commas, and rounded
        (("48.8584", "2.3494"), "near"),  # 290 m
        (("48.8606", "2.3376"), "town"),  # the Louvre, 1.2 km
        (("48.8924", "2.2360"), "region"),  # La Défense, 9 km
        (("45.7640", "4.8357"), "far"),  # Lyon, 392 km
        (("-48.85661", "2.35222"), "far"),
        (("0", "0"), "missing"),  # what programs store for 'not known'
        (("95.1", "2.35"), "missing"),
        (("", "2.35222"), "missing"),
    ],
)
def test_a_position_is_graded_by_its_distance_from_another(sites: MatchModel, other: tuple[str, str], expected: str) -> None:
    assert level(TOWN_HALL, other, sites) == level(other, TOWN_HALL, sites) == expected


def test_two_sides_of_the_line_where_the_days_change_are_close(sites: MatchModel) -> None:
    assert level(("-16.5", "179.9999"), ("-16.5", "-179.9999"), sites) == "same"


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_on_earth_is_a_position(latitude: float, longitude: float) -> None:
    written = f"{latitude:.6f} {longitude:.6f}"
    known = FORMS["position"](pa.array([written]))[0].as_py()
    assert known is None if not float(f"{latitude:.6f}") and not float(f"{longitude:.6f}") else known == written
    assert not FORMS["position"](pa.array([f"{latitude + np.copysign(181, latitude):.6f} {longitude:.6f}"]))[0].is_valid
