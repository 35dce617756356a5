"""Evidence is told in sentences that a person uses, in the language of the page."""

import pytest
from django.utils.translation import override

from golden_records.entities import ENTITIES
from matching.active_config import shipped_config
from matching.admin import evidence_texts, evidence_words
from matching.core.comparators import COMPARATORS
from matching.core.declarations import plural
from matching.core.explain import GRADES, Step


def a_step(bits: float, **more: str) -> Step:
    told = {"left": "Acme", "right": "Acme", "told": "same {label}", "label": "registration number"} | more
    level = told.pop("level", "same")
    return Step("registration_id", level, "same registration number: very strong evidence for", bits, **told)


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (12, "Same registration number: very strong evidence for"),
        (5, "Same registration number: strong evidence for"),
        (2, "Same registration number: some evidence for"),
        (0.5, "Same registration number: weak evidence for"),
        (0.1, "Same registration number: says little"),
        (-6, "Same registration number: strong evidence against"),
    ],
)
def test_a_step_says_what_was_found_and_how_much_it_tells(bits: float, words: str) -> None:
    assert evidence_words.sentence(a_step(bits)) == words


def test_the_grades_are_those_of_the_engine() -> None:
    said = {evidence_words.strength_words(sign * least) for least, _ in GRADES for sign in (1, -1)}
    assert len(said) == 2 * len(GRADES)


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        ("Lefevre", "Lefebvre", "Names differ in one letter: some evidence for"),
        ("Meier", "Mayer", "Names differ in 2 letters: some evidence for"),
        ("Banque du Nord", "Banque du Sud-Ouest", "Names alike but for one word: some evidence for"),
    ],
)
def test_where_it_is_a_matter_of_a_letter_or_two_they_are_counted(left: str, right: str, words: str) -> None:
    step = a_step(2, level="alike", left=left, right=right, told="{labels} alike but for one word", label="name")
    assert evidence_words.sentence(step) == words


def test_what_comes_before_and_after_the_comparisons_is_told_as_well() -> None:
    assert evidence_words.sentence(Step("prior", "prior", "", -10)) == "Before comparing: one pair in 1,025 is a match"
    assert evidence_words.sentence(Step("total", "total", "", 2)) == "In sum: match probability 80.0 %"
    veto = Step("other_birth_date", "veto", "veto: two different dates", 0, told="two different dates")
    assert evidence_words.sentence(veto) == "Veto: two different dates"


def test_a_level_of_an_installations_own_is_told_in_its_own_words() -> None:
    with override("fr"):
        assert "mêmes {" not in evidence_words.sentence(a_step(5, told="both {labels} end in a seven"))
        assert "end in a seven" in evidence_words.sentence(a_step(5, told="both {labels} end in a seven"))


def test_everything_that_the_shipped_configs_say_is_there_to_be_translated() -> None:
    configs = [shipped_config(entity) for entity in ENTITIES.values()]
    comparisons = [comparison for config in configs for comparison in config.comparisons]
    levels = {level.words for each in comparisons for level in each.levels}
    levels |= {level.words for each in COMPARATORS.values() for level in each.levels}
    assert levels <= set(evidence_texts.LEVELS)
    assert {name for each in comparisons for name in (each.label, plural(each.label))} <= set(evidence_texts.LABELS)
    assert {veto.words for config in configs for veto in config.vetoes} <= set(evidence_texts.VETOES)
