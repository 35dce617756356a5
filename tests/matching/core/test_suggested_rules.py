"""Learned blocking rules: what is missing is proposed, at its price; what is there is not proposed again."""

from dataclasses import replace

import numpy as np
import pytest

from matching.core.blocking import candidate_pairs
from matching.core.config import MatchConfig
from matching.core.declarations import BlockingRule, KeyPart
from matching.core.model import MatchModel, shipped_model
from matching.core.prepare import Prepared, prepare
from matching.core.suggest import Suggestions, suggest
from tests.matching.core.conftest import Record, table

GIVEN = ["Anna", "Bruno", "Claire", "David", "Emma", "Felix", "Greta", "Hugo", "Irene", "Jonas", "Karin", "Louis", "Marie", "Nils"]
SYLLABLES = ["bar", "cor", "del", "fau", "gar", "lan", "mor", "nel", "per", "rou", "sal", "tor", "ver", "zan"]


def moved_house(people: int) -> list[Record]:
    """Make people that are known twice: with another address each time, half of them with another e-mail address."""
    chance = np.random.default_rng(4)
    found: list[Record] = []
    for number in range(people):
        given, family = str(chance.choice(GIVEN)), "".join(chance.choice(SYLLABLES, 3)).title()
        born, phone = (
            f"19{chance.integers(40, 99)}-0{chance.integers(1, 10)}-1{chance.integers(0, 10)}",
            f"+336{chance.integers(10**7, 10**8)}",
        )
        for time in range(2):
            email = f"{given}.{family}{number}{time if number % 2 else ''}@mail{number % 60}.example"
            found.append({"kind": "person", "given_name": given, "family_name": family, "birth_date": born, "phone": phone, "email": email})
    return found


def by(config: MatchConfig, *fields: str) -> MatchConfig:
    return replace(config, blocking=tuple(BlockingRule(field, (KeyPart(field),)) for field in fields))


@pytest.fixture(scope="module")
def people() -> list[Record]:
    return moved_house(1_500)


def suggested(people: list[Record], config: MatchConfig) -> tuple[Suggestions, MatchModel, Prepared]:
    model = shipped_model(config, len(people))
    prepared = prepare(table(people), config)
    return suggest(prepared, model, candidate_pairs(prepared, config)), model, prepared


def test_the_rule_that_finds_what_the_present_ones_miss_is_proposed_with_its_price(customer: MatchConfig, people: list[Record]) -> None:
    found, model, prepared = suggested(people, by(customer, "email"))
    first = found.rules[0]
    assert first.rule.parts == (KeyPart("phone"),)
    assert first.words == "phone: {parts: [phone]}"
    config = by(customer, "email", "phone")
    with_it = candidate_pairs(prepared, config)
    assert len(with_it.left) - len(candidate_pairs(prepared, by(customer, "email")).left) == first.pairs
    assert first.matches == pytest.approx(750, rel=0.05)
    assert found.found == pytest.approx(750, rel=0.05)
    assert found.known == pytest.approx(1_500, rel=0.05)
    assert model.config.entity == "customer"


def test_where_nothing_is_missed_nothing_is_proposed(customer: MatchConfig, people: list[Record]) -> None:
    found, _, _ = suggested(people, by(customer, "phone", "email"))
    assert found.rules == ()
    assert found.found == pytest.approx(found.known)


def test_chosen_anew_the_first_rule_finds_most_for_its_price_and_all_together_nearly_everything(
    customer: MatchConfig, people: list[Record]
) -> None:
    config = by(customer, "email")
    found = suggest(prepare(table(people), config), shipped_model(config, len(people)))
    assert found.pairs == 0
    assert sum(rule.matches for rule in found.rules) > 0.99 * found.known
    assert len(found.rules) < 5


def test_a_sample_tells_the_whole_tables_figures(customer: MatchConfig, people: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.core.suggest.SAMPLED", 1_500)
    found, _, _ = suggested(people, by(customer, "email"))
    assert found.sampled == 1_500
    assert found.rules[0].rule.parts == (KeyPart("phone"),)
    assert found.known == pytest.approx(1_500, rel=0.25)


def test_proposals_are_the_same_each_time(customer: MatchConfig, people: list[Record]) -> None:
    assert suggested(people, by(customer, "email"))[0] == suggested(people, by(customer, "email"))[0]
