"""Laws of scoring: symmetry, missing values, monotony, and one score per pair on every road."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.core.columns import Column
from matching.core.config import MatchConfig
from matching.core.decide import Outcome, decide
from matching.core.grades import text_grades
from matching.core.model import MatchModel
from matching.core.prepare import prepare
from matching.core.score import score_pairs
from matching.engines.local import match
from tests.matching.core.conftest import Record, score, table

GIVEN = ("jean", "Jeanne", "J.", "Marie-Claire", "Bill", "William", "Zoë", None)
FAMILY = ("Martin", "martim", "Dupont-Martin", "de la Tour", "Li", None)
NAMES = ("Agence 12", "Agence 14", "Novatech SAS", "NOVA TECH", "Groupe Novatech France", "SNCF", "Société Nationale", None)
ATTRIBUTES: dict[str, tuple[str | None, ...]] = {
    "kind": ("organisation", "person", None),
    "legal_name": NAMES,
    "given_name": GIVEN,
    "family_name": FAMILY,
    "birth_date": ("1980-03-12", "1980-12-03", "1981-03-12", "2001-01-01", None),
    "registration_id": ("732829320", "73282932000074", "732829321", "552081317", None),
    "email": ("contact@novatech.fr", "compta@novatech.fr", "jean.martin@orange.fr", "jeanmartin@gmail.com", None),
    "phone": ("+33140506070", "01 40 50 60 71", "0611223344", None),
    "address_lines": ("12 rue de Paris", "12 R. DE PARIS", "14 rue de Paris", "3 av. Foch", None),
    "postcode": ("75001", "75002", "13001", None),
    "city": ("Paris", "PARIS 01", "Marseille", None),
    "country": ("FR", "DE", None),
}
records = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in ATTRIBUTES.items()})
# A field that is made equal: the attributes that a comparison reads together change together.
FIELDS = (
    ("legal_name",), ("given_name", "family_name"), ("birth_date",), ("registration_id",), ("email",), ("phone",),
    ("address_lines", "postcode", "city"), ("country",),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(records, records)
def test_a_score_does_not_depend_on_which_record_is_left(shipped: MatchModel, left: Record, right: Record) -> None:
    one, other = score([left], [right], shipped), score([right], [left], shipped)
    assert one.weight[0] == other.weight[0]
    assert (one.levels == other.levels).all()
    assert one.vetoes[0] == other.vetoes[0]


@settings(max_examples=150, deadline=None)
@given(records, records, st.sampled_from(FIELDS))
def test_a_field_made_equal_never_lowers_the_score(shipped: MatchModel, left: Record, right: Record, fields: tuple[str, ...]) -> None:
    known = all(left[name] and right[name] for name in (*fields, "kind"))
    if not known or left["kind"] != right["kind"]:
        return
    equal = {**right, **{name: left[name] for name in fields}}
    assert score([left], [equal], shipped).weight[0] >= score([left], [right], shipped).weight[0] - 1e-4


def test_records_with_nothing_known_score_the_prior(shipped: MatchModel) -> None:
    scored = score([{"city": None}], [{"city": None}], shipped)
    expected = shipped.prior_bits[0] - np.log2(1 + np.exp2(shipped.relative_bits[0]).sum())
    assert scored.weight[0] == pytest.approx(expected)
    assert (scored.levels == 0).all()
    assert (scored.weights == 0).all()


@settings(max_examples=50, deadline=None)
@given(records, records)
def test_a_value_missing_on_one_side_says_as_little_as_on_both(shipped: MatchModel, left: Record, right: Record) -> None:
    one_side = score([left], [{**right, "email": None}], shipped)
    both = score([{**left, "email": None}], [{**right, "email": None}], shipped)
    assert one_side.weight[0] == both.weight[0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(records, records), min_size=2, max_size=8))
def test_a_pair_scores_the_same_to_the_bit_alone_and_among_others(shipped: MatchModel, pairs: list[tuple[Record, Record]]) -> None:
    together = score([left for left, _ in pairs], [right for _, right in pairs], shipped)
    whole = prepare(table([record for pair in pairs for record in pair]), shipped.config)
    rows = np.arange(len(pairs), dtype=np.int32)
    batch = score_pairs(whole, whole, rows * 2, rows * 2 + 1, shipped)
    assert (together.weight == batch.weight).all()
    for row, (left, right) in enumerate(pairs):
        alone = score([left], [right], shipped)
        assert alone.weight[0] == together.weight[row]
        assert (alone.weights[0] == together.weights[row]).all()


def test_a_veto_keeps_a_pair_from_being_merged_without_asking(shipped: MatchModel) -> None:
    same = {"kind": "organisation", "legal_name": "Novatech Industrie", "phone": "+33140506070", "postcode": "75001",
            "email": "direction@novatech-industrie.fr", "address_lines": "12 rue de Paris", "city": "Paris"}  # fmt: skip
    scored = score([{**same, "registration_id": "732829320"}], [{**same, "registration_id": "552081317"}], shipped)
    assert scored.vetoes[0] != 0
    sure = replace(scored, probability=np.array([0.9999]))
    assert decide(sure, shipped)[0] == Outcome.POSSIBLE_MATCH


def test_a_packed_model_scores_to_the_same_bit(customer: MatchConfig) -> None:
    people = [
        {"kind": "person", "given_name": given, "family_name": family, "city": city, "email": email}
        for given in GIVEN[:6] for family in FAMILY[:4] for city in ("Paris", "Marseille")
        for email in ("jean.martin@orange.fr", None)
    ]  # fmt: skip
    learnt = match(table(people), customer).model
    unpacked = MatchModel.from_bytes(learnt.to_bytes())
    prepared = prepare(table(people), customer)
    left, right = (rows.astype(np.int32) for rows in np.triu_indices(len(people), 1))
    assert unpacked.config == customer
    assert unpacked.warnings == learnt.warnings
    before, after = (score_pairs(prepared, prepared, left, right, model) for model in (learnt, unpacked))
    assert (before.weight == after.weight).all()


@pytest.mark.parametrize("packed", [b"", b"nothing of the kind", b"PK\x03\x04 cut short"])
def test_bytes_that_are_no_model_are_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="not a match model"):
        MatchModel.from_bytes(packed)


def test_a_table_may_have_typed_columns(shipped: MatchModel) -> None:
    day = dt.date(1980, 3, 12)
    typed = pa.table({"birth_date": pa.array([day], pa.date32()), "kind": pa.array(["person"]).dictionary_encode()})
    text = pa.table({"birth_date": ["1980-03-12"], "kind": ["person"]})
    one, other = prepare(typed, shipped.config), prepare(text, shipped.config)
    assert one.columns["birth_date"].texts([0]) == other.columns["birth_date"].texts([0]) == ["19800312"]
    assert one.columns["kind"].texts([0]) == ["person"]


NEAR = st.text(alphabet="abcé ", min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(NEAR, NEAR), min_size=1, max_size=20))
def test_texts_are_graded_alike_alone_and_among_many(pairs: list[tuple[str, str]]) -> None:
    texts = sorted({text for pair in pairs for text in pair})
    column = Column(np.arange(len(texts), dtype=np.int32), texts)
    one, other = (np.array([texts.index(pair[side]) for pair in pairs], np.int32) for side in (0, 1))
    among = text_grades(column, np.tile(one, 600), np.tile(other, 600))
    assert among[: len(pairs)].tolist() == text_grades(column, one, other).tolist()
