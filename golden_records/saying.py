"""What the program wrote in English, said in the language of the page: names of things, and sentences with values in them.

Names and reasons are kept in English, and errors are raised in it, since programs and histories read them too. The catalogue knows
sentences as patterns, under a context of their own: one that was made of a pattern is told in the words of its translation.
"""

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from babel.messages.mofile import read_mo
from django.conf import settings
from django.utils.translation import get_language, gettext, pgettext

SENTENCE: Final = "sentence"
"""The context of sentences in the catalogue."""

NAMES: Final = (
    # entity types, and what else is imported and kept
    *("customer", "project", "project fact", "report"),
    # how a golden value was chosen, beside the strategies
    *("only value", "override", "union", "no value"),
    # steps and counts of runs
    *("plan", "apply", "done", "rehearsed", "read", "learn", "prepare", "block", "compare", "cluster", "decide", "records", "waiting"),
    *("would begin", "would change value", "would merge", "would move records", "would split", "learned from", "pairs", "candidates"),
    *("created", "linked", "moved", "merged", "split", "asked", "keys", "terms", "score", "train", "reconcile", "decisions", "questions"),
    "compare and train",
    # sections of a match config
    *("thresholds", "prior", "strata", "fields", "comparisons", "vetoes", "clusters", "version", "entity"),
    *("exhaustive below", "pairs per record", "least yield"),
    # what an erasure empties
    *("reports", "review", "evidence", "blocking keys", "attempts to match", "plans and errors of runs", "change events", "audit log"),
    *(
        "overrides",
        "marks of golden records",
        "golden records",
        "source records",
        "project facts",
        "quarantine",
        "merges",
        "answers of webhooks",
        "idempotency",
    ),
    # whether a blocking rule brings two records together
    *("met", "common", "chance", "different", "missing"),
    # what libraries say in no French, or in odd French
    *("Username", "Authenticator code", "access attempt expiration", "access attempt expirations"),
    # permissions
    *("Can erase golden records, for good", "Can publish survivorship rules", "Can rehearse and publish match configs"),
    "Can do alone what takes two stewards",
)
"""Names that the program gives to things, as people read them."""

REASONS: Final = (
    "Column {column}: {problem}",
    "as shipped",
    "a report was made",
    "a report was read",
    "a report was read through the API",
    "matching run {number}",
    "match config {version}",
    "import of {file}",
    "loaded from {file}",
    "mended: {columns}",
    "mended in quarantine",
    "replayed",
    "called back to be matched",
    "all parents were looked at anew",
    "the day has changed what survives",
    "sources confirmed what they had sent",
    "computed again from the source records",
    "API key created",
    "API key revoked",
    "subscribed",
    "unsubscribed",
    "webhook changed",
    "secret rotated",
    "{reason}: published golden records follow the evidence",
    "'{answer}' on review task {task}: {comment}",
    "'{answer}' on review task {task}",
    "undo of '{answer}' on review task {task}",
    "undo of split or move {number}",
    "event {seq} set aside: {reason}",
    "{reason} (alone, where it takes two)",
)
"""The reasons that the program gives where no person wrote one, as patterns."""

# Babel reads the context of a compiled catalogue as bytes.
_CONTEXTS: Final = (SENTENCE, SENTENCE.encode())
_PLACE: Final = re.compile(r"{(\w+)}")
_NEXT: Final = r"\. [A-Z]"
"""Where the next sentence begins: no value reaches into it."""

_WORD: Final = re.compile(r"[a-z][a-z ]*")


def named(name: str) -> str:
    """A name of the program, as `project_fact`, in the words of the page's language."""
    words = name.replace("_", " ")
    return gettext(words) if words else ""


def said(text: str) -> str:
    """A sentence, or several, of the program in the page's language; what people wrote stays as it is."""
    language = get_language() or settings.LANGUAGE_CODE
    return text if not text or language == settings.LANGUAGE_CODE else _said(text, language)


def parts_said(text: str) -> str:
    """What a blocking rule looks at, as `street + start of name (3)`."""
    return " + ".join(gettext(part) if _WORD.fullmatch(part) else said(part) for part in text.split(" + "))


@lru_cache(maxsize=2048)
def _said(text: str, language: str) -> str:
    for pattern, original in _patterns(language):
        if (found := pattern.fullmatch(text)) is not None:
            given = {name: _value_said(value, language) for name, value in found.groupdict().items()}
            return pgettext(SENTENCE, original).format_map(given)
    first, mark, rest = text.partition(". ")
    return f"{_said(first + '.', language)} {_said(rest, language)}" if mark and rest else text


def _value_said(value: str, language: str) -> str:
    """A value within a sentence: a name of the program, a sentence of its own, or what it is."""
    if _WORD.fullmatch(value):
        return gettext(value)
    return _said(value, language) if value.endswith(".") else value


@cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """The sentences of a language's catalogue: those with the most words of their own first, so that the nearest one is taken."""
    originals: list[str] = []
    for folder in settings.LOCALE_PATHS:
        path = Path(folder) / language / "LC_MESSAGES" / "django.mo"
        if path.exists():
            with path.open("rb") as compiled:
                originals += [
                    str(message.id) for message in read_mo(compiled) if message.id and message.context in (SENTENCE, SENTENCE.encode())
                ]
    originals.sort(key=lambda original: -len(_PLACE.sub("", original)))
    return [(_pattern(original), original) for original in originals]


def _pattern(original: str) -> re.Pattern[str]:
    parts = _PLACE.split(original)
    return re.compile(
        "".join(f"(?P<{part}>(?:(?!{_NEXT}).)+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts)), re.DOTALL
    )
