"""The blocking keys of one record, rule by rule: the same numbers as `keys.rule_keys` gives a table, without its columns of one row."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

import pyarrow as pa

from matching.core.columns import words_of
from matching.core.declarations import BlockingRule, KeyPart, MatchConfig
from matching.core.hashing import GOLDEN_RATIO, hash_one, mix_one
from matching.core.keys import SHORTEST_TOKEN, rule_seed, sounds

_SIGN: Final = 1 << 63


def record_keys(forms: Mapping[str, str | None], config: MatchConfig) -> set[tuple[int, int]]:
    """Give the keys (number of the rule, key) of a record, of whose match forms what is missing is None or empty."""
    return {
        (number, key - (1 << 64) if key >= _SIGN else key)
        for number, rule in enumerate(config.blocking)
        if all(forms[part.field] for part in rule.parts)
        for key in _keys_of(rule, config.entity, forms)
    }


def _keys_of(rule: BlockingRule, entity: str, forms: Mapping[str, str | None]) -> Iterable[int]:
    hashes = [rule_seed(entity, rule.name)]
    # The words of a text come last, as each gives a key.
    for part in sorted(rule.parts, key=_is_token):
        further = _numbers_of(part, str(forms[part.field]))
        hashes = [mix_one(one * GOLDEN_RATIO + other) for one in hashes for other in further]
    return hashes


def _is_token(part: KeyPart) -> bool:
    return part.transform == "token"


def _numbers_of(part: KeyPart, text: str) -> list[int]:
    """Give the numbers of what a rule makes of a text: none where it makes nothing of it."""
    if part.transform == "token":
        return [hash_one(word) for word in words_of(text) if len(word.encode()) >= SHORTEST_TOKEN]
    if part.transform == "words":
        return [mix_one(sum(map(hash_one, words_of(text))))]
    made = TRANSFORMS[part.transform](text, part.size)
    return [hash_one(made)] if made else []


def _whole(text: str, _: int) -> str | None:
    return text


def _prefix(text: str, size: int) -> str | None:
    return text[:size] if len(text) >= size else None


def _suffix(text: str, size: int) -> str | None:
    return text[-size:] if len(text) >= size else None


def _joined(text: str, _: int) -> str | None:
    return text.replace(" ", "")


@lru_cache(maxsize=20_000)
def _sound(text: str, size: int) -> str | None:
    return sounds(pa.array([text], pa.string()), size)[0].as_py()  # type: ignore[no-any-return]


TRANSFORMS: Final[Mapping[str, Callable[[str, int], str | None]]] = {
    "whole": _whole, "prefix": _prefix, "suffix": _suffix, "joined": _joined, "sound": _sound,
}  # fmt: skip
"""What a blocking rule may make of one text, as `keys.TRANSFORMS` do of columns."""
