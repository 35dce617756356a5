"""The texts that people read, gathered out of code, templates and declarations."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from gettext import GNUTranslations
from pathlib import Path
from typing import Any, Final

import django
import django_filters
import simple_history
import unfold
from babel.messages.extract import extract
from django.apps import apps
from django.utils.translation.template import templatize

from golden_records.entities import ENTITIES
from golden_records.saying import NAMES, REASONS, SENTENCE
from golden_records.survivorship.strategies import STRATEGIES
from matching.active_config import shipped_config
from matching.core.comparators import COMPARATORS
from matching.core.explain import WORDS
from matching.core.key_texts import TRANSFORMED
from mdm.translating.sentences import sentences

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("api", "golden_records", "matching", "mdm")
_CONTEXT: Final = (1, "c")
KEYWORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("_", "_t", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (_CONTEXT, 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (_CONTEXT, 2, 3)),
}
_UNUSED: Final = tuple(f"unfold/contrib/{part}/" for part in ("constance", "import_export", "guardian", "inlines", "location_field"))
_TRANSLATED_ELSEWHERE: Final = (django, django_filters, simple_history)


@dataclass(frozen=True, slots=True)
class Text:
    """One text to be translated: `id` is a pair where it has a plural; `place` is the file that says it."""

    id: str | tuple[str, ...]
    context: str | None
    place: str


def gather() -> Iterator[Text]:
    """Every text of the project, of its declarations, and of django-unfold as far as Django itself does not translate it."""
    for package in PACKAGES:
        yield from _of_files(ROOT / package, ROOT)
    yield from _of_declarations()
    known = _known_elsewhere()
    folder = Path(str(unfold.__file__)).parent
    for text in _of_files(folder, folder.parent):
        if _singular(text) not in known and not text.place.startswith(_UNUSED):
            yield text


def _of_files(folder: Path, root: Path) -> Iterator[Text]:
    for path in sorted(folder.rglob("*")):
        if "migrations" in path.parts or path.suffix not in {".py", ".html"}:
            continue
        source = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            source = "\n".join(line.lstrip() for line in templatize(source, origin=str(path)).splitlines())
        for _line, found, _comments, context in extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS):
            if found:
                yield Text(found, context, path.relative_to(root).as_posix())


def _of_declarations() -> Iterator[Text]:
    """What match configs, comparators and survivorship rules call things: said in English by the API, and in words on pages."""
    for name, entity in ENTITIES.items():
        config = shipped_config(entity)
        place = f"matching/configs/{name}.yml"
        for comparison in config.comparisons:
            yield Text(comparison.label, None, place)
            yield from (Text(level.words, None, place) for level in comparison.levels)
        yield from (Text(veto.words, None, place) for veto in config.vetoes)
        yield from (Text(each.name.replace("_", " "), None, place) for each in config.fields)
        yield from (Text(rule.name.replace("_", " "), None, place) for rule in config.blocking)
    for comparator in COMPARATORS.values():
        yield from (Text(level.words, None, "matching/core/comparators.py") for level in comparator.levels)
    yield from (Text(words, None, "matching/core/explain.py") for words in WORDS)
    yield from (Text(words, SENTENCE, "matching/core/key_texts.py") for words in TRANSFORMED.values() if words != "{field}")
    yield from (Text(name.replace("_", " "), None, "golden_records/survivorship/strategies.py") for name in STRATEGIES)
    yield from (Text(name, None, "golden_records/saying.py") for name in NAMES)
    yield from (Text(reason, SENTENCE, "golden_records/saying.py") for reason in REASONS)
    yield from (Text(text, SENTENCE, place) for text, place in sentences(ROOT))
    yield from _of_models()


def _of_models() -> Iterator[Text]:
    """The names of columns and tables that Django made of their Python names."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in PACKAGES:
            names: list[object] = [field.verbose_name for field in model._meta.concrete_fields]
            names += [model._meta.verbose_name] if not model.__name__.startswith("Historical") else []
            yield from (Text(name, None, f"{model._meta.app_label}/models") for name in names if isinstance(name, str))


def _known_elsewhere() -> set[str]:
    known: set[str] = set()
    for package in _TRANSLATED_ELSEWHERE:
        for path in Path(str(package.__file__)).parent.rglob("locale/fr/LC_MESSAGES/django.mo"):
            with path.open("rb") as compiled:
                catalogue = GNUTranslations(compiled)
            known |= {key if isinstance(key, str) else key[0] for key in catalogue._catalog}  # type: ignore[attr-defined]  # noqa: SLF001 - it has no public list
    return known


def _singular(text: Text) -> str:
    return text.id if isinstance(text.id, str) else text.id[0]
