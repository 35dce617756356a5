"""Blocking: keys that last, pairs found once, common keys counted, budgets kept."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from matching.core.blocking import CandidatePairs, blocking_keys, candidate_pairs
from matching.core.config import MatchConfig
from matching.core.declarations import BlockingRule, KeyPart
from matching.core.prepare import prepare
from matching.core.promise import probe_of, promising
from tests.matching.core.conftest import Record, table


def candidates(records: Sequence[Record], config: MatchConfig) -> CandidatePairs:
    return candidate_pairs(prepare(table(records), config), config)


def found(pairs: CandidatePairs) -> set[tuple[int, int]]:
    return set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def person(given: str, family: str, **rest: str) -> Record:
    return {"kind": "person", "given_name": given, "family_name": family, **rest}


def only(config: MatchConfig, *rules: BlockingRule) -> MatchConfig:
    return replace(config, blocking=rules)


def test_each_pair_comes_once_with_every_rule_that_gave_it(customer: MatchConfig) -> None:
    twins = [person("Ana", "Ruiz", email="ana@ruiz.es", phone="+34911222333") for _ in range(2)]
    pairs = candidates([*twins, person("Bo", "Li")], customer)
    assert found(pairs) == {(0, 1)}
    given = {rule.name for number, rule in enumerate(customer.blocking) if pairs.rules[0] >> number & 1}
    assert {"email", "phone", "given and sound of family"} <= given


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person("Catherine", "Lefebvre", postcode="59000"), person("C.", "Lefèbvre", postcode="59000")),
        (person("Jean", "Schmidt"), person("Jean", "Schmitt")),
        ({"legal_name": "Nova Tech SARL", "kind": "organisation"}, {"legal_name": "NOVATECH", "kind": "organisation"}),
        ({"legal_name": "Garage Petit", "city": "Lyon"}, {"legal_name": "PETIT GARAGE SAS", "city": "Lille"}),
        ({"registration_id": "73282932000074"}, {"registration_id": "732 829 320"}),
    ],
)
def test_two_spellings_of_one_customer_meet(customer: MatchConfig, one: Record, other: Record) -> None:
    assert found(candidates([one, other, person("Bo", "Li")], customer)) == {(0, 1)}


def test_records_with_nothing_in_common_do_not_meet(customer: MatchConfig) -> None:
    assert not found(candidates([person("Ana", "Ruiz", city="Lugo"), person("Bo", "Li", city="Oslo"), {"city": None}], customer))


def test_placeholders_are_no_keys(customer: MatchConfig) -> None:
    nothing: Record = {"legal_name": "n/a", "email": "info@gmail.com", "phone": "0000000000", "registration_id": "00000"}
    assert not len(blocking_keys(prepare(table([nothing]), customer), customer).key)


def test_a_key_is_the_same_in_every_process_and_table(customer: MatchConfig) -> None:
    config = only(customer, BlockingRule("phone", (KeyPart("phone"),)))
    alone = blocking_keys(prepare(table([{"phone": "+33140506070"}]), config), config)
    among = blocking_keys(prepare(table([{"phone": "0999999998"}, {"phone": "01 40 50 60 70"}]), config), config)
    assert alone.key.tolist() == [among.key[1]] == [71762526987534086]


def test_a_common_key_is_counted_and_left_to_the_rule_that_refines_it(customer: MatchConfig) -> None:
    rules = (
        BlockingRule("phone", (KeyPart("phone"),), limit=3),
        BlockingRule("phone and family", (KeyPart("phone"), KeyPart("family")), refines="phone"),
    )
    shared = [person("Ana", family, phone="+34911222333") for family in ("Ruiz", "Ruiz", "Soto", "Vega", "Mora")]
    pairs = candidates(shared, only(customer, *rules))
    assert found(pairs) == {(0, 1)}
    report = pairs.report.rules[0]
    assert (report.common_keys, report.common_records, report.pairs_left_out) == (1, 5, 10)
    assert report.most_common[0][1] == 5


def test_a_rule_that_costs_too_much_leaves_its_most_common_keys(customer: MatchConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.core.blocking.FREE_PAIRS", 5)
    config = replace(only(customer, BlockingRule("city", (KeyPart("city"),))), pairs_per_record=0.1)
    records = [{"city": city} for city in ("Lyon",) * 6 + ("Brest",) * 3]
    pairs = candidates(records, config)
    assert found(pairs) == {(6, 7), (6, 8), (7, 8)}
    assert pairs.report.rules[0].pairs_left_out == 15
    assert pairs.report.rules[0].limit == 5


def test_what_one_rule_alone_gives_is_left_out_and_counted_where_it_hardly_ever_matches(
    customer: MatchConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching.core.promise.PROBES", 5)
    rules = (BlockingRule("phone", (KeyPart("phone"),)), BlockingRule("city", (KeyPart("city"),)))
    records = [{"city": "Lyon"}] * 5 + [{"city": "Lyon", "phone": "0140506070"}] * 2
    pairs = candidates(records, replace(only(customer, *rules), pairs_per_record=100))
    probe = probe_of(pairs)
    assert probe.counts.sum() == len(pairs.left) == 21
    none = np.zeros(len(probe.places), np.bool_)
    kept = promising(pairs, probe, none, least=0.1)[1]
    assert found(kept) == {(5, 6)}
    report = kept.report.rules[1]
    assert (report.pairs, report.only_found_by, report.lone_pairs, report.pairs_left_out) == (21, 0, 20, 0)
    assert found(promising(pairs, probe, ~none, least=0.1)[1]) == found(pairs)


def test_a_small_table_is_compared_whole_where_the_config_says_so(customer: MatchConfig) -> None:
    records = [person("Ana", "Ruiz"), person("Bo", "Li"), person("Bo", "Li")]
    pairs = candidates(records, replace(customer, exhaustive_below=3))
    assert found(pairs) == {(0, 1), (0, 2), (1, 2)}
    assert (pairs.rules != 0).tolist() == [False, False, True]


def test_the_report_tells_what_only_one_rule_finds(customer: MatchConfig) -> None:
    rules = (BlockingRule("phone", (KeyPart("phone"),)), BlockingRule("city", (KeyPart("city"),)))
    records = [{"phone": "0140506070", "city": "Lyon"}, {"phone": "0140506070", "city": "Lyon"}, {"city": "Lyon"}]
    report = candidates(records, only(customer, *rules)).report
    assert [(rule.pairs, rule.only_found_by) for rule in report.rules] == [(1, 0), (3, 2)]
    assert report.candidates == 3


def test_an_empty_table_has_no_pairs(customer: MatchConfig) -> None:
    pairs = candidates([], customer)
    assert len(pairs.left) == 0
    assert pairs.left.dtype == np.int32
