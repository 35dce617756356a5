"""The catalogue of French: complete, sound, and compiled as it stands."""

import pytest
from babel.messages.catalog import Catalog
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext

from mdm.translating import catalogue
from mdm.translating.checks import faults


def test_the_catalogue_holds_exactly_the_texts_of_the_code() -> None:
    assert catalogue.PO.read_bytes().decode() == catalogue.written(catalogue.renewed()).decode(), "make messages gathers them anew"


def test_every_text_is_translated_with_its_placeholders_and_set_as_french_is() -> None:
    assert faults(catalogue.stored()) == []


def test_what_django_reads_is_what_people_edit() -> None:
    assert catalogue.MO.read_bytes() == catalogue.compiled(catalogue.stored()), "make messages compiles it"


@pytest.mark.parametrize(
    ("original", "said", "fault"),
    [
        ("Saved.", "", "not translated"),
        ("Secret of %s", "Secret", "other placeholders"),
        ("%(n)s rows", "%(m)s lignes", "other placeholders"),
        ("By <strong>%(who)s</strong>", "Par %(who)s", "other placeholders"),
        ("no {label}", "aucun label", "other placeholders"),
        ("Decided:", "Décidé:", "narrow space"),
        ("Why?", "Pourquoi ?", "narrow space"),
        ("'same'", "« identiques »", "narrow space"),
    ],
)
def test_a_fault_of_a_translation_is_named(original: str, said: str, fault: str) -> None:
    texts = Catalog(locale="fr")
    texts.add(original, said)
    assert [found for found in faults(texts) if fault in found] != []


def test_fuzzy_translations_and_missing_plurals_are_faults() -> None:
    texts = Catalog(locale="fr")
    texts.add("Saved.", "Enregistré.", flags=["fuzzy"])
    texts.add(("%(n)s row", "%(n)s rows"), ("%(n)s ligne", ""))
    assert [fault.rpartition(": ")[2] for fault in faults(texts)] == ["fuzzy", "not translated"]


def test_french_is_set_with_its_spaces_and_apostrophes() -> None:
    said = catalogue.typeset("L'état est « ouvert » : 40 % ; vraiment ? Voir https://a.fr:80/x?y")
    assert said == "L’état est «\u202fouvert\u202f»\u202f: 40\u202f%\u202f; vraiment\u202f? Voir https://a.fr:80/x?y"


def test_words_and_plurals_are_french() -> None:
    with translation.override("fr"):
        assert gettext("golden record") == "fiche de référence"
        assert [ngettext("%(n)s value", "%(n)s values", n) % {"n": n} for n in (0, 1, 2)] == ["0 valeur", "1 valeur", "2 valeurs"]


@pytest.mark.django_db
def test_the_log_in_speaks_the_language_of_the_browser(client: Client) -> None:
    page = client.get(reverse("account_login"), headers={"accept-language": "fr-FR,fr;q=0.9"})
    assert page.headers["Content-Language"] == "fr"
    assert "Se connecter" in page.content.decode()
    assert "Log in" in client.get(reverse("account_login"), headers={"accept-language": "pl"}).content.decode()


@pytest.mark.django_db
def test_the_language_that_was_chosen_is_remembered(client: Client) -> None:
    client.post(reverse("set_language"), {"language": "fr", "next": "/admin/"})
    assert "Se connecter" in client.get(reverse("account_login"), headers={"accept-language": "en"}).content.decode()


@pytest.mark.django_db
def test_the_api_answers_in_english(client: Client) -> None:
    client.cookies["django_language"] = "fr"
    refused = client.get("/api/v1/customers", headers={"accept-language": "fr"})
    assert refused.headers["Content-Language"] == "en"
    assert "Accept-Language" not in refused.headers.get("Vary", "")
    assert "key" in refused.content.decode().lower()
