"""What blocking cost, found and left out; what it missed is estimated on labelled files without their labels."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matching.core.autoconfig import config_for
from matching.core.config import load_config
from matching.core.key_texts import key_text
from matching.core.model import shipped_model
from matching.engines.blocking_study import BlockingStudy, coverage_of, study_blocking, study_document
from matching.engines.labelled import read_labelled
from matching.engines.local import MatchResult, match
from tests.matching.core.conftest import CONFIGS, table

LABELLED = Path(__file__).resolve().parents[3] / "fixtures" / "labelled"


@pytest.mark.parametrize("name", ["fake_1000", "febrl3"])
def test_the_estimate_of_what_all_rules_miss_holds_against_the_labels(name: str) -> None:
    table, truth = read_labelled(LABELLED / f"{name}.parquet")
    result = match(table, replace(config_for(table, {}, "customer"), exhaustive_below=0))
    pairs = np.bincount(np.unique(truth, return_inverse=True)[1])
    true_pairs = int((pairs * (pairs - 1) // 2).sum())
    given = int((truth[result.candidates.left] == truth[result.candidates.right]).sum())
    found = coverage_of(result)
    least, most = found.recall_interval
    assert least <= given / true_pairs <= most
    assert most - least < 0.12


@pytest.fixture(scope="module")
def studied() -> tuple[MatchResult, BlockingStudy]:
    """Persons who share few given names, and a phone number of a house where many of them live."""
    chance = np.random.default_rng(2)
    rows = []
    for number in range(400):
        family = "".join(chance.choice(list("bcdfglmnprst"), 5))
        person = {"kind": "person", "given_name": str(chance.choice(["Ana", "Bo", "Cleo"])), "family_name": family, "city": "Lyon"}
        phone = "+33140000000" if number < 250 else f"+3314{number:07d}"
        rows += [{**person, "phone": phone, "email": f"{family}@mail.example"}, {**person, "phone": phone}]
    config = load_config(CONFIGS / "customer.yml")
    result = match(table(rows), config, model=shipped_model(config, len(rows)))
    return result, study_blocking(result)


def test_what_a_rule_finds_costs_and_finds_alone_adds_up(studied: tuple[MatchResult, BlockingStudy]) -> None:
    result, study = studied
    assert study.candidates == len(result.candidates.left)
    for number, rule in enumerate(study.rules):
        bit = np.uint32(1 << number)
        assert rule.pairs == int((result.candidates.rules & bit != 0).sum())
        assert rule.only_matches <= rule.matches + 0.01
        assert rule.share == pytest.approx(rule.pairs / study.candidates, abs=1e-5)
    assert max(rule.matches for rule in study.rules) <= study.coverage.found + 0.01


def test_every_pair_of_a_common_key_is_counted_and_those_that_came_back_too(studied: tuple[MatchResult, BlockingStudy]) -> None:
    result, study = studied
    phone = next(rule for rule in study.rules if rule.name == "phone")
    assert (phone.common_keys, phone.common_records, phone.limit) == (1, 500, 200)
    assert phone.refined_by == ("phone and name", "phone and family")
    assert phone.left_out.common.pairs == 500 * 499 // 2
    sharing = np.array([row < 500 for row in range(result.prepared.size)])
    back = int((sharing[result.candidates.left] & sharing[result.candidates.right]).sum())
    assert phone.left_out.common.came_back == back >= 250
    assert phone.left_out.common.matches <= phone.left_out.common.most <= phone.left_out.common.pairs - back


def test_common_keys_are_listed_in_words(studied: tuple[MatchResult, BlockingStudy]) -> None:
    result, study = studied
    number, phone = next((number, rule) for number, rule in enumerate(study.rules) if rule.name == "phone")
    key = phone.left_out.commonest[0]
    config = result.model.config
    assert (key.records, key.pairs) == (500, 500 * 499 // 2)
    assert "140000000" in key_text(result.prepared, key.row, config.blocking[number], key.key, "customer")
    assert key_text(result.prepared, 799, config.blocking[number], key.key, "customer") == ""


def test_a_word_that_is_common_is_listed_as_that_word() -> None:
    config = load_config(CONFIGS / "customer.yml")
    rows = [{"kind": "organisation", "legal_name": f"{chr(97 + number % 26)}{number}x Garage", "city": "Lyon"} for number in range(300)]
    study = study_blocking(result := match(table(rows), config, model=shipped_model(config, 300)))
    number = [rule.name for rule in study.rules].index("word in town")
    key = study.rules[number].left_out.commonest[0]
    assert key_text(result.prepared, key.row, config.blocking[number], key.key, "customer") == "garage + lyon"
    assert key.records == 300


def test_a_study_kept_for_later_holds_no_value_of_a_person(studied: tuple[MatchResult, BlockingStudy]) -> None:
    result, study = studied
    document = study_document(study, np.arange(1_000, 1_000 + result.prepared.size))
    packed = json.dumps(document, allow_nan=False)
    assert "lyon" not in packed.lower()
    assert "140000000" not in packed
    listed = [key for rule in document["rules"] for key in rule["left_out"]["commonest"]]
    assert listed
    assert all(1_000 <= key["record_id"] < 1_800 and "row" not in key for key in listed)


def test_a_table_without_records_is_studied_too() -> None:
    config = load_config(CONFIGS / "customer.yml")
    study = study_blocking(match(table([]), config, model=shipped_model(config)))
    assert (study.candidates, study.coverage.found) == (0, 0)
