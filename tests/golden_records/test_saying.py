"""What the program wrote in English is said in the language of the page; what people wrote stays."""

from collections.abc import Iterator

import pytest
from django.utils import translation
from django.utils.text import capfirst

from golden_records.saying import named, parts_said, said
from matching.admin.evidence_words import sentence
from matching.core.explain import Phrase, Step


@pytest.fixture
def _french() -> Iterator[None]:
    with translation.override("fr"):
        yield


@pytest.mark.usefixtures("_french")
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("This is not a date.", "Ce n’est pas une date."),
        (
            "There is no golden customer 17. Look up its successor.",
            "Il n’y a pas de fiche de référence (client) 17. Consultez son successeur.",
        ),
        ("Use one of: organisation, person.", "Utilisez l’une de celles-ci\u202f: organisation, person."),
        (
            "'same' on review task 6: as Anna said. I saw it.",
            "réponse «\u202fidentiques\u202f» à la tâche de revue 6\u202f: as Anna said. I saw it.",
        ),
        ("undo of 'different' on review task 6", "annulation de la réponse «\u202fdifférents\u202f» à la tâche de revue 6"),
        ("Column CSAT__c: This is not a date.", "Colonne CSAT__c\u202f: Ce n’est pas une date."),
        ("matching run 12", "exécution du rapprochement 12"),
        ("the register says so", "the register says so"),
        ("same", "same"),
        ("", ""),
    ],
)
def test_a_sentence_is_told_by_the_pattern_it_was_made_of(written: str, read: str) -> None:
    assert said(written) == read


@pytest.mark.parametrize("written", ["This is not a date.", "matching run 12", "anything else"])
def test_english_stays_as_it_is(written: str) -> None:
    assert said(written) == written


@pytest.mark.usefixtures("_french")
def test_names_and_parts_of_rules_are_words() -> None:
    assert (named("project_fact"), named("most_trusted"), named("")) == ("chiffre de projet", "la plus fiable", "")
    assert parts_said("street + start of name (3)") == "rue + début de\u202f: nom (3)"


@pytest.mark.usefixtures("_french")
@pytest.mark.parametrize(
    ("level", "phrase", "read"),
    [
        (
            "same",
            Phrase("same {label}", "registration number", "strong evidence for"),
            "même numéro d’immatriculation\u202f: indice fort pour",
        ),
        ("missing", Phrase("no {label} on one side", "e-mail"), "adresse électronique\u202f: absent d’un côté"),
        ("prior", Phrase("before comparing: one pair in {count} is a match", count=12000.4), "une paire sur 12\u202f000 correspond"),
        ("veto", Phrase("two different birth dates, as namesakes of one family have"), "veto\u202f: deux dates de naissance différentes"),
        ("same", Phrase("our own words for {label}", "things", "says little"), "our own words for things\u202f: dit peu de chose"),
    ],
)
def test_evidence_is_said_in_french(level: str, phrase: Phrase, read: str) -> None:
    told = sentence(Step("name", level, str(phrase), 1.0, phrase=phrase)).replace("\u00a0", "\u202f")
    assert read.casefold() in told.casefold()


def test_evidence_in_english_is_what_the_core_says() -> None:
    phrase = Phrase("{labels} alike but for one digit", "phone number", "weak evidence against")
    step = Step("phone", "one_off", str(phrase), -0.4, phrase=phrase)
    assert sentence(step) == capfirst(step.words) == "Phone numbers alike but for one digit: weak evidence against"
