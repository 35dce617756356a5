"""What could deceive who reads a value is made visible or marked, and nothing else is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_records.deceiving import made_visible, pieces, scripts_of, strange_letters
from golden_records.templatetags.mdm import value

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"


@pytest.mark.parametrize(
    "text", ["Café Ürün", "Пейпал", "株式会社 ABC", "Ελλάδα", FAMILY, WALES, "\u2764\ufe0f", "می\u200cخواهم", "line\nline"]
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert made_visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a‹U+202E›b"),
        ("pay\u200bpal", "pay‹U+200B›pal"),
        ("pay\u200dpal", "pay‹U+200D›pal"),
        ("a\u2028b", "a‹U+2028›b"),
        ("\u3164", "‹U+3164›"),
        ("x\U000e0041", "x‹U+E0041›"),
        ("z\u0300\u0301\u0302\u0303", "z\u0300\u0301\u0302‹U+0303›"),
    ],
)
def test_what_is_not_seen_is_named(text: str, shown: str) -> None:
    assert made_visible(text) == shown


@pytest.mark.parametrize(
    ("text", "script", "places"),
    [
        ("P\u0430ypal SAS", "CYRILLIC", [1]),
        ("\u0420\u0430\u0443\u0440\u0430l", "LATIN", [5]),
        ("\u0420\u043e\u0440 Music", "CYRILLIC", [0, 1, 2]),
        ("G\u03bfogle", "GREEK", [1]),
        ("\uff41pple", "FULLWIDTH", [0]),
    ],
)
def test_a_letter_that_passes_for_another_is_marked(text: str, script: str, places: list[int]) -> None:
    assert strange_letters(text) == dict.fromkeys(places, script)
    assert scripts_of(pieces(text)) == [script]


@pytest.mark.parametrize("text", ["Müller & Söhne", "ООО Газпром", "東京 Tower", "Σίγμα Consulting", "naïve", "5 µm", "Łódź"])
def test_a_name_of_one_script_or_of_several_words_is_not(text: str) -> None:
    assert strange_letters(text) == {}


@given(st.text(max_size=200))
def test_marking_loses_nothing_and_naming_leaves_nothing_unseen(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == text
    assert made_visible(made_visible(text)) == made_visible(text)
    assert "\u202e" not in made_visible(text)


def test_a_value_of_ten_thousand_characters_is_cut_and_can_be_opened() -> None:
    shown = value("x" * 10_000)
    assert sum(len(piece.text) for piece in shown["start"]) == 160
    assert shown["length"] == 10_000
    assert value("x" * 100)["start"] == ()


def test_a_value_says_which_letters_pass_for_others() -> None:
    assert "Cyrillic" in value("P\u0430ypal")["warning"]
    assert value("Paypal")["warning"] == ""
