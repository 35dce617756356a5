"""Every POST of the API that changes something can be sent again safely."""

from collections.abc import Iterator
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from api.scopes import READ
from golden_records.entities import ENTITIES
from tests.api.calling import schema

# What a POST may do without a key, and why. A new one must be `idempotent`, or stand here with its reason.
ASKS_ONLY: Final = {"resolve-cross-references", "match-explanations", "merge-previews", "split-previews", "move-previews"}
SAFE_BY_ITSELF: Final = {"source-records": "a record is known by its source and external id, and the same again is unchanged"}
HEADER: Final = "Idempotency-Key"


def posts(resolver: Any = None, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every route below /api that takes POST, with its view."""
    for entry in (resolver or get_resolver()).url_patterns:
        address = where + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from posts(entry, address)
        elif isinstance(entry, URLPattern) and isinstance(entry.pattern, RoutePattern) and address.startswith("api/"):
            view = getattr(entry.callback, "view_class", None) or getattr(entry.callback, "cls", None)
            if hasattr(view, "post"):
                yield str(entry.name), view


def test_every_post_that_changes_something_takes_an_idempotency_key() -> None:
    found = dict(posts())
    assert found.keys() >= ASKS_ONLY | SAFE_BY_ITSELF.keys()
    without = {name for name, view in found.items() if not getattr(view.post, "is_idempotent", False)}
    assert without == ASKS_ONLY | SAFE_BY_ITSELF.keys()


def test_what_only_asks_needs_no_more_than_the_right_to_read() -> None:
    assert {name for name, view in posts() if name in ASKS_ONLY and view.scopes["POST"] != READ} == set()


def test_the_schema_declares_the_key_and_the_answers_that_come_of_it() -> None:
    for operation in _keyed_operations():
        assert {"400", "409", "422"} <= set(operation["responses"]), operation["operationId"]
    keyed = sum(1 for _, view in posts() if getattr(view.post, "is_idempotent", False))
    assert len(list(_keyed_operations())) == keyed


def test_no_kept_answer_holds_a_value_of_a_person() -> None:
    # Answers are kept for days, where no erasure looks for values.
    personal = {spec.name for entity in ENTITIES.values() for spec in entity.attributes if spec.personal}
    for operation in _keyed_operations():
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert personal.isdisjoint(_members(answers, set())), operation["operationId"]


def _keyed_operations() -> Iterator[Any]:
    for methods in schema()["paths"].values():
        operation = methods.get("post", {})
        if any(parameter["name"] == HEADER for parameter in operation.get("parameters", ())):
            yield operation


def _members(document: Any, seen: set[str]) -> Iterator[str]:
    """The names of all members that a document of these schemas may have."""
    if isinstance(document, list):
        for each in document:
            yield from _members(each, seen)
    elif isinstance(document, dict):
        yield from document.get("properties", {})
        reference = str(document.get("$ref", "")).rpartition("/")[2]
        if reference and reference not in seen:
            yield from _members(schema()["components"]["schemas"][reference], seen | {reference})
        for each in document.values():
            yield from _members(each, seen)
