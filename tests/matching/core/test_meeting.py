"""Any two records are explained: by which rules they meet, or for each rule why not, and what they score."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings

from matching.core.blocking import candidate_pairs
from matching.core.decide import Outcome
from matching.core.meeting import InForce, Meeting, PairExplanation, RuleMeeting, explain_pair, shared_keys
from matching.core.model import MatchModel
from matching.core.prepare import prepare
from tests.matching.core.conftest import Record, score, table
from tests.matching.core.test_scoring_laws import records

PETIT = {"kind": "organisation", "legal_name": "Garage Petit", "phone": "+33140506070", "city": "Lyon"}


def explained(
    left: Record, right: Record, model: MatchModel, sharing: Mapping[tuple[int, int], int] | None = None, **more: bool
) -> PairExplanation:
    in_force = [InForce(rule.limit) for rule in model.config.blocking]
    return explain_pair(table([left, right]), model, sharing or {}, in_force, **more)


def by_rule(found: PairExplanation) -> dict[str, RuleMeeting]:
    return {told.rule: told for told in found.rules}


def test_a_rule_by_which_two_meet_says_how_many_share_the_key(shipped: MatchModel) -> None:
    number = [rule.name for rule in shipped.config.blocking].index("phone")
    key = next(key for key in shared_keys(prepare(table([PETIT, PETIT]), shipped.config), shipped.config) if key[0] == number)
    found = explained(PETIT, PETIT, shipped, {key: 12})
    assert by_rule(found)["phone"].meeting is Meeting.MET
    assert by_rule(found)["phone"].reason == "the two share a key, which 12 records have"
    assert found.compared
    assert found.verdict.startswith("Compared by phone, ")


def test_two_without_a_rule_in_common_are_told_which_part_keeps_them_apart(shipped: MatchModel) -> None:
    other = {"kind": "organisation", "legal_name": "Boulangerie Martin", "city": "Lyon"}
    found = explained(PETIT, other, shipped)
    told = by_rule(found)
    assert not found.compared
    assert found.verdict == "Never compared: no blocking rule in common. It would be no match."
    assert (told["phone"].meeting, told["phone"].reason) == (Meeting.MISSING, "no phone on the right")
    assert told["email"].reason == "no email on either side"
    assert told["same words"].meeting is Meeting.DIFFERENT
    assert told["same words"].reason == "words of name: 'garage petit' and 'boulangerie martin'"
    assert told["word in town"].reason == "a word of name: 'garage', 'petit' and 'boulangerie', 'martin'"
    assert told["word in town"].looks_at == "a word of name + city"


def test_a_pair_that_never_was_a_candidate_has_the_score_that_it_would_have(shipped: MatchModel) -> None:
    other = PETIT | {"legal_name": "Petit Carrosserie", "phone": "+33140506071"}
    found = explained(PETIT, other, shipped)
    assert found.weight == score([PETIT], [other], shipped).weight[0]
    assert found.steps[-1].bits == pytest.approx(found.weight)


def test_a_key_that_too_many_share_was_set_aside(shipped: MatchModel) -> None:
    one, other = PETIT | {"city": None}, {"kind": "organisation", "legal_name": "Pharmacie Roy", "phone": PETIT["phone"]}
    shared = shared_keys(prepare(table([one, other]), shipped.config), shipped.config)
    found = explained(one, other, shipped, dict.fromkeys(shared, 4_000))
    assert by_rule(found)["phone"].meeting is Meeting.COMMON
    assert "4,000 records: more than 200" in by_rule(found)["phone"].reason
    assert found.verdict.startswith("Never compared: the keys they share are too common.")


def test_what_a_dear_rule_alone_found_was_left_out_as_chance(shipped: MatchModel) -> None:
    one, other = PETIT | {"city": None}, {"kind": "organisation", "legal_name": "Pharmacie Roy", "phone": PETIT["phone"]}
    in_force = [InForce(rule.limit, rule.name == "phone") for rule in shipped.config.blocking]
    found = explain_pair(table([one, other]), shipped, {}, in_force)
    assert by_rule(found)["phone"].meeting is Meeting.CHANCE
    assert not found.compared


def test_in_a_table_compared_whole_every_pair_is_compared(shipped: MatchModel) -> None:
    found = explained(PETIT, {"kind": "person", "family_name": "Roy"}, shipped, whole=True)
    assert found.compared
    assert "no blocking rule in common: no match" in found.verdict
    assert found.outcome is Outcome.NO_MATCH


@settings(max_examples=60, deadline=None)
@given(records, records)
def test_an_explanation_says_compared_where_blocking_does(shipped: MatchModel, left: Record, right: Record) -> None:
    pair: Sequence[Record] = (left, right)
    candidates = candidate_pairs(prepare(table(pair), shipped.config), shipped.config)
    found = explained(left, right, shipped)
    # A rule that refines another serves only keys that are too common, of which two records have none.
    met = {told.rule for told in found.rules if told.meeting is Meeting.MET}
    given_by = {
        rule.name for number, rule in enumerate(shipped.config.blocking) if len(candidates.rules) and candidates.rules[0] >> number & 1
    }
    refining = {rule.name for rule in shipped.config.blocking if rule.refines}
    assert met - refining == given_by - refining
    assert found.compared == bool(len(candidates.left))
    assert all(told.reason for told in found.rules)
