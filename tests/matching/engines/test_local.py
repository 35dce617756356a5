"""The local engine: from a table to clusters, whatever the order of the rows, and on labelled files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from matching.core.autoconfig import config_for
from matching.core.config import MatchConfig, load_config
from matching.core.decide import Outcome
from matching.core.encode import FEW
from matching.core.links import Constraints
from matching.core.model import shipped_model
from matching.core.prepare import prepare
from matching.engines.local import match
from tests.matching.core.conftest import CONFIGS, table

GIVEN = ["Anna", "Bruno", "Claire", "David", "Emma", "Felix", "Greta", "Hugo", "Irene", "Jonas", "Karin", "Louis", "Marie", "Nils"]
SYLLABLES = ["bar", "cor", "del", "fau", "gar", "lan", "mor", "nel", "per", "rou", "sal", "tor", "ver", "zan"]


def people(entities: int, seed: int = 3) -> pa.Table:
    """Make persons, each once to three times, the copies with a letter lost here and a field missing there."""
    chance = np.random.default_rng(seed)
    rows = []
    for entity in range(entities):
        family = "".join(chance.choice(SYLLABLES, 3)).title()
        record = {
            "first_name": str(chance.choice(GIVEN)), "last_name": family,
            "dob": f"19{chance.integers(40, 99)}-0{chance.integers(1, 9)}-1{chance.integers(0, 9)}",
            "phone": f"06{chance.integers(10**7, 10**8)}", "city": str(chance.choice(["Lyon", "Brest", "Metz", "Dijon"])),
        }  # fmt: skip
        for copy in range(int(chance.integers(1, 4))):
            told: dict[str, str | None] = dict(record)
            if copy:
                told[str(chance.choice(["phone", "dob", "city"]))] = None
                told["last_name"] = family[:-1] if chance.random() < 0.3 else family
            rows.append({**told, "cluster": str(entity)})
    made = pa.Table.from_pylist(rows)
    return made.append_column("id", pa.array(chance.permutation(made.num_rows), pa.int64()))


@pytest.fixture(scope="module")
def customer() -> MatchConfig:
    return load_config(CONFIGS / "customer.yml")


@pytest.mark.parametrize("without", [[], ["id"]], ids=["by id", "by content"])
def test_the_order_of_the_rows_is_no_part_of_the_result(without: list[str]) -> None:
    known = people(300).drop_columns(["cluster"])
    given = known.drop_columns(without)
    config = config_for(given, {}, "customer")
    order = np.random.default_rng(1).permutation(given.num_rows)
    before, after = match(given, config), match(given.take(order), config)
    assert (before.model.probabilities == after.model.probabilities).all()
    ids = known["id"].to_numpy()
    assert _together(before.clusters.labels, ids) == _together(after.clusters.labels, ids[order])
    assert _pairs(before.pairs, ids) == _pairs(after.pairs, ids[order])
    assert (after.pairs.left < after.pairs.right).all()


def _together(labels: np.ndarray, ids: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(ids[labels == label].tolist()) for label in set(labels.tolist())}


def _pairs(pairs: object, ids: np.ndarray) -> dict[frozenset[int], float]:
    ends = zip(ids[pairs.left].tolist(), ids[pairs.right].tolist(), strict=True)  # type: ignore[attr-defined]
    return dict(zip(map(frozenset, ends), pairs.weight.tolist(), strict=True))  # type: ignore[attr-defined]


def test_pairs_beyond_the_memory_limit_go_to_files_and_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    given = people(3_000).drop_columns(["cluster"])
    config = config_for(given, {}, "customer")
    before, after = match(given, config), match(given, config, memory_mib=0.01)
    assert (before.prepared.memory.spilled, after.prepared.memory.spilled > 100_000) == (0, True)
    assert (before.clusters.labels == after.clusters.labels).all()
    assert (before.pairs.weight == after.pairs.weight).all()
    assert list(tmp_path.iterdir()) == []


def test_columns_that_are_encoded_already_are_taken_as_their_texts() -> None:
    plain = people(300).drop_columns(["cluster"])
    config = config_for(plain, {}, "customer")
    encoded = pa.table({name: _encoded(plain[name].cast(pa.string()).to_pylist()) for name in plain.column_names})
    one, other = prepare(plain, config), prepare(encoded, config)
    assert one.size > FEW
    assert (one.fingerprints() == other.fingerprints()).all()


def _encoded(texts: list[str | None]) -> pa.DictionaryArray:
    """Encode as badly as is allowed: a text for each row, missing ones in the dictionary as well as among the codes."""
    codes = [None if text is None and row % 2 else row for row, text in enumerate(texts)]
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(texts, pa.string()))


def test_five_records_are_matched_sensibly_with_what_is_shipped(customer: MatchConfig) -> None:
    firm = {"kind": "organisation", "legal_name": "Novatech Industrie SAS", "registration_id": "732829320", "city": "Lyon"}
    records = [
        firm, {**firm, "legal_name": "NOVATECH INDUSTRIE", "registration_id": "73282932000074"},
        {**firm, "registration_id": "552081317"}, {"kind": "person", "given_name": "Bo", "family_name": "Li", "city": "Lyon"},
        {"kind": "person", "given_name": "Bo", "family_name": "Lang", "city": "Lyon"},
    ]  # fmt: skip
    result = match(table(records), customer)
    assert result.clusters.labels.tolist() == [0, 0, 2, 3, 4]
    assert any("too few matches" in warning for warning in result.model.warnings)


def test_what_people_settled_holds_against_the_evidence(customer: MatchConfig) -> None:
    same = {"kind": "person", "given_name": "Claire", "family_name": "Lemaitre", "birth_date": "1980-03-12",
            "email": "claire.lemaitre@orange.fr", "phone": "+33611223344"}  # fmt: skip
    records = [same, dict(same), {"kind": "person", "given_name": "Bo", "family_name": "Li"}]
    model = shipped_model(customer, records=1_000)
    assert match(table(records), customer, model=model).clusters.labels.tolist() == [0, 0, 2]
    settled = Constraints(cannot_link=((0, 1),), must_link=((0, 2),))
    assert match(table(records), customer, model=model, constraints=settled).clusters.labels.tolist() == [0, 1, 0]
    two = Constraints(groups=np.array([7, 8, -1]))
    assert match(table(records), customer, model=model, constraints=two).clusters.labels.tolist() == [0, 1, 2]


def test_what_only_rules_that_are_not_locked_find_is_left_to_a_person(customer: MatchConfig) -> None:
    same = {"kind": "person", "given_name": "Claire", "family_name": "Lemaitre", "birth_date": "1980-03-12",
            "email": "claire.lemaitre@orange.fr", "phone": "+33611223344"}  # fmt: skip
    records = table([same, dict(same), {"kind": "person", "given_name": "Bo", "family_name": "Li"}])
    model = shipped_model(customer, records=1_000)

    def outcome_and_clusters(**locked: bool) -> tuple[list[int], list[int]]:
        rules = tuple(replace(rule, locked=locked[rule.name]) for rule in customer.blocking if rule.name in locked)
        result = match(records, replace(customer, blocking=rules), model=model)
        return result.pairs.outcome.tolist(), result.clusters.labels.tolist()

    assert outcome_and_clusters(phone=False, email=False) == ([Outcome.POSSIBLE_MATCH], [0, 1, 2])
    assert outcome_and_clusters(phone=False, email=True) == ([Outcome.MATCH], [0, 0, 2])


def test_projects_of_different_golden_customers_are_not_merged() -> None:
    project = load_config(CONFIGS / "project.yml")
    same = {"code": "P-2024-017", "title": "Refonte du portail clients", "start_date": "2024-03-01", "manager": "Claire Moreau"}
    records = [{**same, "customer_canonical_id": "a"}, {**same, "customer_canonical_id": "a"}, {**same, "customer_canonical_id": "b"}]
    result = match(table(records), project, model=shipped_model(project, records=2_000))
    assert result.clusters.labels.tolist() == [0, 0, 2]
    assert Outcome.POSSIBLE_MATCH in result.pairs.outcome.tolist()
