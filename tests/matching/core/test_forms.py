"""Match forms: one text has one form, whatever stands beside it."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.core.config import load_config
from matching.core.encode import FEW as FEW_ROWS
from matching.core.folding import FEW, fold
from matching.core.forms import FORMS, formed
from matching.core.keys import sounds
from matching.core.prepare import prepare
from tests.matching.core.conftest import CONFIGS

WRITTEN = (
    "Société Générale S.A.R.L.", "GmbH & Co. KG Müller", "Mme. Dr Łucja Ørsted-Bœuf", "O'Neil, Anne", "12 bis, r. de l’Église",
    "3 Hauptstr.", "PARIS CEDEX 08", "Ste-Foy 2ème", "+33 (0)1 42 68 53 00 poste 12", "Info@Orange.FR", "jean@martin.fr ", "a@b@c",
    "https://www.Acme.fr:8080/x?y", "acme.fr", "1980-03-12T00:00", "12.3.1980", "31/12/1999", "1980-01-01", "1 234,5", "-12.50",
    "a; b | c**d", "n/a", "", "\v", "x\n", "été\u0301", "עִבְרִית", "Αθήνα", "ТЕСТ", "ﬁn", "李小龙", "ſtraße", "73282932000074", "FR 75-001",
)  # fmt: skip
LETTERS = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
texts = st.one_of(st.sampled_from(WRITTEN), LETTERS, st.tuples(st.sampled_from(WRITTEN), LETTERS).map(" ".join))


@pytest.mark.parametrize("form", sorted(FORMS))
@settings(max_examples=30, deadline=None)
@given(st.lists(texts, min_size=1, max_size=4))
def test_a_text_has_one_form_alone_and_among_many(form: str, given_texts: list[str]) -> None:
    alone = FORMS[form](pa.array(given_texts, pa.string())).to_pylist()
    among = FORMS[form](pa.array([*given_texts, *(["Acme"] * FEW)], pa.string())).to_pylist()
    assert among[: len(given_texts)] == alone
    assert formed(form, given_texts) == alone


def test_every_latin_letter_folds_alone_as_among_many() -> None:
    letters = [chr(code) for code in range(0x180)]
    written = [text for letter in letters for text in (letter, f"x{letter}Y", f"{letter} é{letter}", f"a  {letter}  b")]
    many = fold(pa.array(written)).to_pylist()
    assert [text for part in batched(written) for text in fold(pa.array(part)).to_pylist()] == many


def batched(written: list[str]) -> list[list[str]]:
    return [written[start : start + FEW] for start in range(0, len(written), FEW)]


@settings(max_examples=30, deadline=None)
@given(st.lists(texts, min_size=1, max_size=4))
def test_a_text_sounds_alike_alone_and_among_many(given_texts: list[str]) -> None:
    alone = sounds(pa.array(given_texts, pa.string())).to_pylist()
    assert sounds(pa.array([*given_texts, *(["Acme"] * FEW)], pa.string())).to_pylist()[: len(given_texts)] == alone


KINDS = st.sampled_from([None, "", "Company", "PERSON", "İ", "K", "o", "thing"])
NAMES = st.sampled_from([None, "", "Acme"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(KINDS, NAMES, NAMES, NAMES, NAMES), min_size=1, max_size=5), st.sets(st.integers(0, 4), min_size=1))
def test_a_record_is_of_one_kind_alone_and_among_many(rows: list[tuple[str | None, ...]], columns: set[int]) -> None:
    names = ("kind", "legal_name", "trade_name", "given_name", "family_name")
    config = load_config(CONFIGS / "customer.yml")

    def kinds(told: list[tuple[str | None, ...]]) -> list[str | None]:
        table = pa.table({names[place]: pa.array([row[place] for row in told], pa.string()) for place in sorted(columns)})
        return prepare(table, config).columns["kind"].texts(range(len(rows)))

    assert kinds(rows) == kinds([*rows, *([("company", "Acme", None, None, None)] * FEW_ROWS)])
