"""Folding, and what the word lists know."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden_records.standardising.words import (
    GENERIC_MAILBOXES,
    LEGAL_FORMS,
    NICKNAMES,
    PLACEHOLDERS,
    STREET_TYPES,
    TITLES,
    fold,
    is_generic_mailbox,
    is_placeholder,
    split_legal_form,
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Société Générale", "societe generale"),
        ("S.A.R.L. L'Œuvre", "sarl l oeuvre"),
        ("J.-P. Straße", "j p strasse"),
        ("Novo A/S", "novo as"),
        ("İSTANBUL", "istanbul"),
        ("Łódź Sp. z o.o.", "lodz sp z oo"),
        ("Dupont & Fils", "dupont fils"),
        ("«»", ""),
    ],
)
def test_folding_leaves_out_what_people_vary(text: str, folded: str) -> None:
    assert fold(text) == folded


@settings(deadline=None)
@given(st.text())
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_every_list_is_keyed_by_folded_text() -> None:
    for words in (LEGAL_FORMS, NICKNAMES, PLACEHOLDERS, STREET_TYPES, TITLES, GENERIC_MAILBOXES):
        assert all(word == fold(word) for word in words)


@pytest.mark.parametrize(
    ("name", "country", "rest", "form"),
    [
        ("Dupont SARL", "FR", "dupont", "SARL"),
        ("SARL Dupont", None, "dupont", "SARL"),
        ("Müller GmbH & Co. KG", "DE", "muller", "GmbH & Co. KG"),
        ("Acme Pty Ltd", None, "acme", "Ltd"),
        ("Nordlys AS", "NO", "nordlys", "AS"),
        ("Nordlys AS", "FR", "nordlys as", None),
        ("S A R L Dupont", "FR", "dupont", "SARL"),
        ("SAS", "FR", "sas", None),
        ("AG Insurance", "DE", "ag insurance", None),
    ],
)
def test_the_legal_form_is_told_from_the_name(name: str, country: str | None, rest: str, form: str | None) -> None:
    words, found = split_legal_form(tuple(fold(name).split()), country)
    assert " ".join(words) == rest
    assert (found.canonical if found else None) == form


@pytest.mark.parametrize("text", ["", "-", "N/A", "xxx", "0000", "99999", "Non renseigné", "TEST", "????", "Unbekannt"])
def test_placeholders_are_known(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["Dupont", "12", "3M", "Testut", "75001", "0042", "Na Dupont"])
def test_values_are_not_taken_for_placeholders(text: str) -> None:
    assert not is_placeholder(text)


def test_a_shared_mailbox_is_told_from_a_persons() -> None:
    assert is_generic_mailbox("info@acme.fr")
    assert is_generic_mailbox("compta.paris@acme.fr")
    assert is_generic_mailbox("service-client@acme.fr")
    assert not is_generic_mailbox("jean.dupont@acme.fr")
