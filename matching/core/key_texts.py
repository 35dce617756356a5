"""Blocking keys in words: what a rule looks at, and what a record says there."""

from itertools import product
from typing import Final

import numpy as np
import pyarrow as pa

from matching.core.columns import Column
from matching.core.declarations import BlockingRule, KeyPart
from matching.core.keys import SHORTEST_TOKEN, TRANSFORMS, rule_keys
from matching.core.prepare import Prepared

TRANSFORMED: Final = {
    "whole": "{field}", "prefix": "start of {field} ({size})", "suffix": "end of {field} ({size})",
    "sound": "sound of {field}", "joined": "{field} without spaces", "words": "words of {field}", "token": "a word of {field}",
}  # fmt: skip


def part_words(part: KeyPart) -> str:
    """Say what a part of a rule looks at: 'first 3 letters of family'."""
    return TRANSFORMED[part.transform].format(field=part.field.replace("_", " "), size=part.size)


def rule_words(rule: BlockingRule) -> str:
    """Say what records must agree on to meet by a rule."""
    return " + ".join(part_words(part) for part in rule.parts)


def part_texts(prepared: Prepared, row: int, part: KeyPart) -> tuple[str, ...]:
    """Give what a record says at a part of a rule: nothing where that is missing, several texts where each word counts."""
    column = prepared.columns[part.field]
    code = int(column.codes[row])
    if code < 0:
        return ()
    if part.transform == "token":
        words = column.tokens.words
        ids = [int(word) for word in column.tokens.ids[code] if word >= 0 and words.lengths[word] >= SHORTEST_TOKEN]
        return tuple(words.strings[word] for word in ids)
    text = column.values[code].as_py()
    if part.transform == "words":
        return (" ".join(sorted(set(text.split()))),)
    if part.transform == "whole":
        return (text,)
    made = TRANSFORMS[part.transform](Column(np.zeros(1, np.int32), pa.array([text])), part.size)[0].as_py()
    return (made,) if made else ()


def key_text(prepared: Prepared, row: int, rule: BlockingRule, key: int, entity: str) -> str:
    """Give a key as people can read it, from a record that has it; empty where the record has it no longer."""
    keys = rule_keys(prepared.rows(np.array([row])), rule, entity)[1].tolist()
    if key not in keys:
        return ""
    # Whole parts stand before words in the order of keys, and the last part with words changes fastest.
    texts = {part: part_texts(prepared, row, part) for part in rule.parts}
    spread = list(product(*(texts[part] for part in rule.parts if part.transform == "token")))[keys.index(key)]
    words = iter(spread)
    return " + ".join(next(words) if part.transform == "token" else texts[part][0] for part in rule.parts)
