"""Evidence is told in sentences that a person uses, in the language of the page."""

import pytest
from django.utils.translation import override

from matching.admin import evidence_words
from matching.core.explain import GRADES, Phrase, Step, strength, veto_step


def a_step(
    bits: float, *, level: str = "same", said: str = "same {label}", label: str = "registration number", values: tuple[str, str] = ("", "")
) -> Step:
    phrase = Phrase(said, label, strength(bits))
    return Step("registration_id", level, str(phrase), bits, *values, phrase=phrase)


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (12, "Same registration number: very strong evidence for"),
        (5, "Same registration number: strong evidence for"),
        (2, "Same registration number: evidence for"),
        (0.5, "Same registration number: weak evidence for"),
        (0.1, "Same registration number: says little"),
        (-6, "Same registration number: strong evidence against"),
    ],
)
def test_a_step_says_what_was_found_and_how_much_it_tells(bits: float, words: str) -> None:
    assert evidence_words.sentence(a_step(bits)) == words


def test_the_grades_are_those_of_the_engine() -> None:
    said = {evidence_words.strength_words(sign * least) for least, *_ in GRADES for sign in (1, -1)}
    assert len(said) == 2 * len(GRADES)


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        ("Lefevre", "Lefebvre", "Names differ in one letter: evidence for"),
        ("Meier", "Mayer", "Names differ in 2 letters: evidence for"),
        ("Banque du Nord", "Banque du Sud-Ouest", "Names alike but for one word: evidence for"),
    ],
)
def test_where_it_is_a_matter_of_a_letter_or_two_they_are_counted(left: str, right: str, words: str) -> None:
    step = a_step(2, level="alike", values=(left, right), said="{labels} alike but for one word", label="name")
    assert evidence_words.sentence(step) == words


def test_what_comes_before_and_after_the_comparisons_is_told_as_well() -> None:
    prior = Phrase("before comparing: one pair in {count} is a match", count=1025)
    assert (
        evidence_words.sentence(Step("prior", "prior", str(prior), -10, phrase=prior)) == "Before comparing: one pair in 1,025 is a match"
    )
    assert evidence_words.sentence(Step("total", "total", "", 2)) == "In sum: match probability 80.0 %"
    assert evidence_words.sentence(veto_step("other_birth_date", "two different dates")) == "Veto: two different dates"


def test_a_level_of_an_installations_own_is_told_in_its_own_words() -> None:
    with override("fr"):
        assert (
            "both things end in a seven"
            in evidence_words.sentence(a_step(5, said="both {labels} end in a seven", label="thing")).casefold()
        )
