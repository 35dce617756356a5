"""What each standardiser makes of what sources send."""

from collections.abc import Iterator
from pathlib import Path

import phonenumbers
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from golden_records.standardising.problems import PLACEHOLDER, Place, Severity
from golden_records.standardising.registry import TEXT_STANDARDISERS

KNOWN_ANSWERS = Path(__file__).with_name("known_answers.yml")
COUNTRIES = ("FR", "DE", "GB", "US", "NL", "CH", "ES", "GR", None)
PLACES = tuple(Place(country, stated) for country in COUNTRIES for stated in (True, False))


def known_answers() -> Iterator[tuple[str, str, str | None, Place]]:
    for name, rows in yaml.safe_load(KNOWN_ANSWERS.read_text(encoding="utf-8")).items():
        for sent, stored, *country in rows:
            yield name, sent, stored, Place(country[0], stated=True) if country else Place("FR")


@pytest.mark.parametrize(("name", "sent", "stored", "place"), tuple(known_answers()))
def test_a_value_is_stored_as_it_is_meant(name: str, sent: str, stored: str | None, place: Place) -> None:
    assert TEXT_STANDARDISERS[name](sent, place).value == stored


def test_every_standardiser_has_known_answers() -> None:
    assert {name for name, *_ in known_answers()} == set(TEXT_STANDARDISERS)


FRAGMENTS = "M. DE la von S.A.R.L. gmbh & Co KG Jean DUPONT d' 75001 PARIS cedex st www. .fr http:// 0 12 HRB é Mc"
MESSY = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="aàAÀ bB.,'’-&/()0123459+@ß\u00a0\u200bÃ©;İŉ", max_size=30),
    st.sampled_from([answer[1] for answer in known_answers()]),
    st.lists(st.sampled_from(FRAGMENTS.split()), max_size=6).map(" ".join),
)


@pytest.mark.parametrize("name", sorted(TEXT_STANDARDISERS))
@settings(deadline=None)
@given(sent=MESSY, place=st.sampled_from(PLACES))
def test_standardising_twice_is_standardising_once(name: str, sent: str, place: Place) -> None:
    once = TEXT_STANDARDISERS[name](sent, place)
    if once.value is not None:
        assert once.value
        again = TEXT_STANDARDISERS[name](str(once.value), place)
        assert again.value == once.value


@settings(deadline=None)
@given(sent=MESSY, place=st.sampled_from(PLACES))
def test_an_unusable_text_never_sends_the_row_to_quarantine(sent: str, place: Place) -> None:
    for standardiser in TEXT_STANDARDISERS.values():
        outcome = standardiser(sent, place)
        assert outcome.remark is None or outcome.remark.severity is Severity.WARNING
        assert outcome.remark is None or (outcome.remark.reason and outcome.remark.remedy)


@settings(deadline=None)
@given(digits=st.from_regex(r"0[1-9][0-9]{8}", fullmatch=True))
def test_the_short_way_for_french_numbers_answers_as_the_numbering_plan_does(digits: str) -> None:
    number = phonenumbers.parse(digits, "FR")
    valid = phonenumbers.is_valid_number(number)
    outcome = TEXT_STANDARDISERS["phone"](digits, Place("FR"))
    assert outcome == PLACEHOLDER or outcome.value == (f"+33{digits[1:]}" if valid else None)


def test_an_id_that_does_not_fit_an_assumed_country_is_kept() -> None:
    assert TEXT_STANDARDISERS["registration_id"]("CHE-109.322.551", Place("FR")).value == "CHE-109.322.551"
    assert TEXT_STANDARDISERS["registration_id"]("CHE-109.322.551", Place("FR", stated=True)).value is None


def test_a_number_without_country_code_and_country_is_nobodys() -> None:
    outcome = TEXT_STANDARDISERS["phone"]("01 42 68 53 00", Place(None))
    assert outcome.value is None
    assert outcome.remark is not None
    assert "country" in outcome.remark.reason
