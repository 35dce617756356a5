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


@st.composite
def _dialled(draw: st.DrawFn) -> tuple[str, str]:
    """A number like one that a country has, as it may be dialled, and the country."""
    country = draw(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
    kind = draw(st.sampled_from(("fixed_line", "mobile", "toll_free", "pager")))
    known = getattr(phonenumbers.PhoneMetadata.metadata_for_region(country), kind)
    example = (known and known.example_number) or "123456789"
    kept = draw(st.integers(0, len(example)))
    number = example[:kept] + draw(st.from_regex(rf"[0-9]{{{len(example) - kept}}}", fullmatch=True))
    code = phonenumbers.country_code_for_region(country)
    return draw(st.sampled_from((number, f"0{number}", f"1{number}", f"+{code}{number}", f"00{code}{number}", f"{code}{number}"))), country


@settings(deadline=None, max_examples=500)
@given(dialled=_dialled())
def test_the_short_way_to_a_phone_number_answers_as_phonenumbers_does(dialled: tuple[str, str]) -> None:
    digits, country = dialled
    outcome = TEXT_STANDARDISERS["phone"](digits, Place(country))
    assert outcome == PLACEHOLDER or outcome.value == _as_phonenumbers_reads(digits, country)


def _as_phonenumbers_reads(digits: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(f"+{digits[2:]}" if digits.startswith("00") else digits, country)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else None


def test_an_id_that_does_not_fit_an_assumed_country_is_kept() -> None:
    assert TEXT_STANDARDISERS["registration_id"]("CHE-109.322.551", Place("FR")).value == "CHE-109.322.551"
    assert TEXT_STANDARDISERS["registration_id"]("CHE-109.322.551", Place("FR", stated=True)).value is None


def test_a_number_without_country_code_and_country_is_nobodys() -> None:
    outcome = TEXT_STANDARDISERS["phone"]("01 42 68 53 00", Place(None))
    assert outcome.value is None
    assert outcome.remark is not None
    assert "country" in outcome.remark.reason
