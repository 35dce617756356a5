"""A lookup of our own: whether a column is any of many values."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.db.models import Field, ForeignKey, Lookup

from golden_records.planned import array

_WITHOUT_QUOTES: Final = frozenset({"bigint", "uuid"})


@dataclass(frozen=True, slots=True)
class Given:
    """Stands in a query for values that are given when it is asked; `prepared` makes them what the database is handed."""

    name: str
    prepared: Callable[[Iterable[Any]], Any] = list


@ForeignKey.register_lookup
@Field.register_lookup
class AnyOf(Lookup):
    """`column__any=values`: what `column__in` says, with one parameter for all values (an array, or a JSON document on SQLite).

    With `in`, every value is a place in the statement: of a thousand, writing and reading that costs more than finding the rows.
    The values may be `Given` later, in a query that is asked again and again (`golden_records.remembered`).
    """

    lookup_name = "any"

    def get_prep_lookup(self) -> Any:
        """Give the values, in whatever they came."""
        return self.rhs if isinstance(self.rhs, Given) else list(self.rhs)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Compare with an array, which is of the column's type (without its length, to which a cast would cut the values)."""
        column, parameters = self.process_lhs(compiler, connection)
        kind = self.lhs.output_field.db_type(connection).partition("(")[0]
        plain = isinstance(self.rhs, Given) and kind in _WITHOUT_QUOTES
        told = Given(self.rhs.name, array) if plain else self.rhs
        return f"{column} = ANY(%s::{kind}[])", [*parameters, told]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Compare with the values of a JSON document, each as the column stores it."""
        column, parameters = self.process_lhs(compiler, connection)
        field = self.lhs.output_field

        def document(values: Iterable[Any]) -> str:
            return orjson.dumps([field.get_db_prep_value(value, connection) for value in values]).decode()

        told = Given(self.rhs.name, document) if isinstance(self.rhs, Given) else document(self.rhs)
        return f"{column} IN (SELECT value FROM json_each(%s))", [*parameters, told]  # noqa: S608  # a column's name
