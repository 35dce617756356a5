"""A record is found under the same blocking keys whether its keys are made alone, text by text, or with those of a table."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.core.blocking import blocking_keys
from matching.core.config import load_config
from matching.core.hashing import hash_one, hash_texts
from matching.core.keys import TRANSFORM_NAMES
from matching.core.prepare import prepare
from matching.core.prepare_few import forms_of_table
from matching.core.record_keys import TRANSFORMS, record_keys
from matching.core.texts import buffer_of, text_buffer
from tests.matching.core.conftest import CONFIGS, Record, table
from tests.matching.core.test_scoring_laws import ATTRIBUTES

DRAWN = 40


@pytest.mark.parametrize("name", ["customer", "project"])
@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1_000_000))
def test_keys_are_the_same_alone_and_among_many(name: str, seed: int) -> None:
    chosen, config = random.Random(seed), load_config(CONFIGS / f"{name}.yml")  # noqa: S311  # picks values, keeps no secret
    wanted = sorted({attribute for field in config.fields for attribute in field.of})
    values = list(ATTRIBUTES.values())
    # Each attribute has a kind of text of its own, whatever it is called.
    drawn: list[Record] = [
        {each: chosen.choice(ATTRIBUTES.get(each, values[place % len(values)])) for place, each in enumerate(wanted)} for _ in range(DRAWN)
    ]
    # Far more rows than these, so that the table is taken a column at a time.
    every = table([*drawn, *({wanted[0]: f"filler {number}"} for number in range(300))])
    keys = blocking_keys(prepare(every, config), config)
    for row in range(DRAWN):
        own = keys.row == row
        alone = record_keys(forms_of_table(every.slice(row, 1), config).of(0), config)
        assert alone == set(zip(keys.rule[own].tolist(), keys.key[own].tolist(), strict=True))
        assert len(alone) == own.sum()


def test_every_transform_has_a_form_for_one_text() -> None:
    assert {*TRANSFORMS, "words", "token"} == TRANSFORM_NAMES


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")), min_size=1, max_size=5))
def test_one_text_has_the_hash_that_it_has_among_many(texts: list[str]) -> None:
    texts.append("long " * 2_000)
    column = table([{"legal_name": text} for text in texts])["legal_name"].combine_chunks()
    assert [hash_one(text) for text in texts] == hash_texts(*text_buffer(column)).tolist() == hash_texts(*buffer_of(texts)).tolist()
