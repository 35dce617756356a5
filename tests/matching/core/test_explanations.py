"""Explanations: steps that sum up to the score, in words that a steward uses."""

import pyarrow as pa
import pytest
from hypothesis import given, settings

from matching.core.autoconfig import config_for
from matching.core.config import MatchConfig, parse_config
from matching.core.declarations import plural
from matching.core.explain import Step, explain
from matching.core.model import MatchModel
from tests.matching.core.conftest import Record, score
from tests.matching.core.test_scoring_laws import records

NOVATECH = {"kind": "organisation", "legal_name": "Novatech SAS", "registration_id": "732829320"}


def steps(left: Record, right: Record, model: MatchModel) -> dict[str, Step]:
    found = explain(score([left], [right], model).evidence(0), model, left, right)
    return {step.comparison: step for step in found}


@settings(max_examples=60, deadline=None)
@given(records, records)
def test_the_steps_of_an_explanation_sum_to_the_score(shipped: MatchModel, left: Record, right: Record) -> None:
    scored = score([left], [right], shipped)
    told = explain(scored.evidence(0), shipped, left, right)
    assert told[0].comparison == "prior"
    assert told[-1].bits == pytest.approx(scored.weight[0])
    assert max(-60, min(60, sum(step.bits for step in told[:-1]))) == pytest.approx(scored.weight[0], abs=0.1)


def test_an_explanation_speaks_of_values_and_evidence(shipped: MatchModel) -> None:
    told = steps(NOVATECH, {"kind": "organisation", "legal_name": "Novatech", "registration_id": "552081317"}, shipped)
    assert told["name"].left == "Novatech SAS"
    assert told["name"].words.startswith("same name: ")
    assert told["name"].words.endswith("evidence for")
    assert told["registration_id"].words.startswith("different registration numbers: ")
    assert told["registration_id"].words.endswith("evidence against")
    assert told["other_legal_unit"].words == "veto: two different registration numbers"


@pytest.mark.parametrize(
    ("left", "right", "comparison", "words"),
    [
        ({"kind": "person"}, {"kind": "P"}, "kind", "same kind"),
        ({"registration_id": "732829320"}, {"registration_id": "73282932000074"}, "registration_id",
         "same registration number (one legal unit)"),
        ({"legal_name": "Novatech Lyon"}, {"legal_name": "Novatech Lion"}, "name", "names alike but for one word"),
        ({"given_name": "Ana", "family_name": "Ruiz"}, {"given_name": "Eva", "family_name": "Ruiz"}, "person_name",
         "same family name, different given names"),
        ({"phone": "0611223344"}, {"phone": "0611223345"}, "phone", "phone numbers alike but for one digit"),
        ({"email": "a.ruiz@novatech.fr"}, {"email": "compta@novatech.fr"}, "email", "e-mails at the same domain"),
        ({"country": "FR"}, {"country": "DE"}, "country", "different countries"),
        ({"address_lines": "3 rue Foch", "city": "Metz"}, {"address_lines": "9 rue Foch", "city": "Metz"}, "address",
         "same street, different house numbers"),
    ],
)  # fmt: skip
def test_a_level_is_told_as_people_say_it(shipped: MatchModel, left: Record, right: Record, comparison: str, words: str) -> None:
    assert steps(left, right, shipped)[comparison].words.partition(": ")[0] == words


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        ({"birth_date": "1980-03-12"}, {"city": "Metz"}, "no birth date on one side"),
        ({"city": "Metz"}, {"city": "Metz"}, "no birth date on either side"),
        ({"birth_date": "1980-03-12"}, {"birth_date": "1900-01-01"}, "no birth date that can be compared"),
    ],
)
def test_what_is_missing_is_told_by_side(shipped: MatchModel, left: Record, right: Record, words: str) -> None:
    step = steps(left, right, shipped)["birth_date"]
    assert (step.level, step.words, step.bits) == ("missing", words, 0)


def test_columns_that_nobody_described_have_names_that_read_well() -> None:
    table = pa.table({"Store_type": ["blue", "red", "green"], "mail": ["a@b.fr", "c@d.fr", "e@f.fr"]})
    config = config_for(table, {}, "customer")
    assert sorted(comparison.in_words(len(comparison.levels)) for comparison in config.comparisons) == ["same e-mail", "same store type"]
    assert "different store types" in {comparison.in_words(1) for comparison in config.comparisons}


def test_every_level_of_every_config_is_words_without_gaps(customer: MatchConfig, project: MatchConfig) -> None:
    told = {c.in_words(number + 1) for config in (customer, project) for c in config.comparisons for number in range(len(c.levels))}
    assert not [words for words in told if "{" in words or "_" in words]


@pytest.mark.parametrize(("one", "several"), [("name", "names"), ("address", "addresses"), ("country", "countries"), ("key", "keys")])
def test_labels_have_a_plural(one: str, several: str) -> None:
    assert plural(one) == several


def test_a_config_may_call_a_comparison_as_it_likes(customer: MatchConfig) -> None:
    document = customer.to_document()
    document["comparisons"]["name"]["label"] = "company"
    comparison = next(c for c in parse_config(document).comparisons if c.name == "name")
    assert comparison.in_words(1) == "different companies"
