"""No text that a person reads is left out of the catalogue: a heuristic over templates, admin pages, models and forms."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import PACKAGES, ROOT, modules, name_of, parsed

# What stands in a template and is the same in every language: names of formats, of programs and of units.
NO_TEXT: Final = frozenset({"mdm", "YAML", "CSV", "JSON", "km", "id", "UTC"})
# Texts that are no words of a language: examples of ids, names of icons, and the text behind a tag that holds `>`.
NO_WORDS: Final = frozenset({"crm:0042", "erp:C-17", "task_alt", "mdm-login"})
# Pages that commands write, for who runs them: in English, as what commands print.
OF_COMMANDS: Final = "matching/templates/matching/files/"
READ_ATTRIBUTES: Final = frozenset({"alt", "aria-label", "aria-description", "placeholder", "title"})
READ_ARGUMENTS: Final = frozenset(
    {"verbose_name", "verbose_name_plural", "label", "help_text", "description", "short_description", "empty_label", "title"}
)
# Titles and labels that are ids, or that no person reads: the file, and what stands there.
NOT_READ: Final[frozenset[tuple[str, str]]] = frozenset()

_TRANSLATED: Final = re.compile(r"{%\s*(?:blocktranslate|blocktrans)\b.*?{%\s*end(?:blocktranslate|blocktrans)\s*%}", re.DOTALL)
_TAG: Final = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
_WORD: Final = re.compile(r"[^\W\d_]{2,}")


class _Text(HTMLParser):
    """Collects the words of text nodes and of attributes that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style"}
        self.found += [value for name, value in attrs if name in READ_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def unwrapped(template: str) -> list[str]:
    """The texts of a template that no tag translates."""
    reader = _Text()
    reader.feed(_TAG.sub("", _TRANSLATED.sub("", template)))
    lines = [line.strip() for text in reader.found for line in text.splitlines()]
    return [line for line in lines if set(_WORD.findall(line)) - NO_TEXT and line not in NO_WORDS]


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>{% translate 'Saved.' %}</p>", []),
        ("<p>Saved.</p>", ["Saved."]),
        ("<input placeholder='Name {{ n }}'>", ["Name"]),
        ("<p>{% blocktranslate %}All {{ n }}{% endblocktranslate %} · mdm</p><style>a {}</style>", []),
    ],
)
def test_an_unwrapped_text_is_found(template: str, found: list[str]) -> None:
    assert unwrapped(template) == found


def test_every_text_of_a_template_is_translated() -> None:
    templates = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.html")) if OF_COMMANDS not in name_of(path)]
    assert templates != []
    assert {name_of(path): found for path in templates if (found := unwrapped(path.read_text(encoding="utf-8")))} == {}


def _is_text(node: ast.expr | None) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(_is_text(part) for part in node.values)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(set(_WORD.findall(node.value)) - NO_TEXT)


def _said(path: Path) -> Iterator[ast.expr]:
    """What a file tells people: labels and titles given by name, messages, and the labels of choices."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg in READ_ARGUMENTS)
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "messages":
                yield from node.args[1:]
            if getattr(node.func, "id", getattr(node.func, "attr", "")) in {"_", "gettext", "gettext_lazy", "ngettext"}:
                yield from (argument for argument in node.args if isinstance(argument, ast.JoinedStr))
        if isinstance(node, ast.ClassDef) and any(getattr(base, "attr", "") == "TextChoices" for base in node.bases):
            yield from (
                each.value.elts[1]
                for each in node.body
                if isinstance(each, ast.Assign) and isinstance(each.value, ast.Tuple) and len(each.value.elts) > 1
            )


def _is_a_page(path: Path) -> bool:
    return bool({"admin", "models", "reports"} & set(path.parts)) or path.name in {
        "admin.py",
        "models.py",
        "apps.py",
        "unfold.py",
        "forms.py",
    }


def test_every_label_title_and_message_is_translated() -> None:
    found = {
        (name_of(path), ast.unparse(node))
        for path in modules(*PACKAGES)
        if _is_a_page(path.relative_to(ROOT))
        for node in _said(path)
        if _is_text(node)
    }
    assert sorted(found - NOT_READ) == []
