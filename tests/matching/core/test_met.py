"""Texts met before are looked up: what comes of it is the same, and is bounded."""

import numpy as np
import pytest

from matching.core import met as module
from matching.core.blocking import blocking_keys
from matching.core.met import Met, met
from matching.core.model import MatchModel
from matching.core.prepare import prepare
from tests.matching.core.conftest import score_row, table

RECORD = {"legal_name": "Groupe Novatech France SAS", "address_lines": "12 rue de la Paix", "postcode": "75002", "city": "Paris"}
OTHERS = [
    RECORD | {"legal_name": "Novatek"},
    RECORD | {"legal_name": "GNF", "postcode": "75009"},
    {"legal_name": "Boulangerie Martin", "city": "Lyon", "phone": "0478123456"},
]


def test_what_is_made_of_a_text_is_made_once() -> None:
    known, asked = Met(), list[str]()

    def make(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return np.array([len(text) for text in texts])

    for texts in (["a", "bbb"], ["bbb", "cc", "a"], ["cc", *(str(number) * 4 for number in range(10, 60))], ["a"]):
        assert known.known("length", make, known.places(texts)).tolist() == [len(text) for text in texts]
    assert sorted(asked) == sorted(set(asked))


def test_what_is_made_may_have_several_columns_and_any_type() -> None:
    known = Met()
    places = known.places(["ab", "cd", "ab"])
    letters = known.known("letters", lambda texts: np.array([list(text) for text in texts], object), places)
    assert letters.tolist() == [["a", "b"], ["c", "d"], ["a", "b"]]


def test_a_full_collection_is_left_to_its_users_and_a_new_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_MET", 3)
    monkeypatch.setattr(module, "_current", [Met()])
    first = met()
    places = first.places(["a", "b", "c", "d"])
    assert met() is not first
    assert first.texts(places) == ["a", "b", "c", "d"]
    assert len(met()) == 0


def test_scores_and_keys_are_the_same_whether_the_texts_are_new_or_met_before(monkeypatch: pytest.MonkeyPatch, shipped: MatchModel) -> None:
    monkeypatch.setattr(module, "_current", [Met()])
    record, others = table([RECORD]), table(OTHERS)
    told = []
    for _ in range(2):
        keys = blocking_keys(prepare(record, shipped.config), shipped.config)
        told.append(
            (
                score_row(record, others, shipped).weights.tobytes(),
                keys.key.tobytes(),
            )
        )
    assert told[0] == told[1]
    monkeypatch.setattr(module, "_current", [Met()])
    prepare(others, shipped.config)
    assert score_row(record, others, shipped).weights.tobytes() == told[0][0]
