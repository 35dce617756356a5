"""Queries whose SQL is made once: for the few that every record asks, making it costs Django more than asking costs the database.

A query is written as any other, with `column__any=Given("name")` in the place of what changes from one time to the next:

    _BY_ID = Remembered(lambda: CustomerRecord.objects.filter(id__any=Given("ids")).values_list("id", "version"))
    _BY_ID.rows(ids=[1, 2, 3])
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db import connection

from golden_records.models.lookups import Given
from golden_records.planned import planned_cursor

Row: TypeAlias = Sequence[Any]
Converters: TypeAlias = tuple[tuple[int, Sequence[Callable[..., Any]], Any], ...]


@dataclass(frozen=True, slots=True)
class _Statement:
    """The SQL of a query, its parameters (some of which are `Given`), and what makes Python values of its columns."""

    sql: str
    parameters: tuple[Any, ...]
    converters: Converters


class Remembered:
    """One query of `values_list`, with values that are given each time it is asked."""

    def __init__(self, query: Callable[[], Any]) -> None:
        """Keep the query; its SQL is made when it is first asked, for each kind of database."""
        self._query = query
        self._statements: dict[str, _Statement] = {}

    def rows(self, **given: Collection[Any]) -> list[Row]:
        """Ask, with what is given, and give all rows as `values_list` would."""
        converters = self._statement.converters
        found = self.as_read(**given)
        return [_converted(row, converters) for row in found] if converters else found

    def as_read(self, **given: Collection[Any]) -> list[Row]:
        """Ask, with what is given, and give all rows as the driver reads them; `converted` makes of one what `rows` gives."""
        statement = self._statement
        parameters: list[Any] = [part.prepared(given[part.name]) if isinstance(part, Given) else part for part in statement.parameters]
        with planned_cursor(sum(map(len, given.values()))) as cursor:
            cursor.execute(statement.sql, parameters)
            return cursor.fetchall()  # type: ignore[no-any-return]

    def converted(self, row: Row) -> Row:
        """Make Python values of a row of `as_read`."""
        return _converted(row, self._statement.converters)

    @property
    def _statement(self) -> _Statement:
        made = self._statements.get(connection.vendor)
        if made is None:
            compiler = self._query().query.get_compiler(connection=connection)
            sql, parameters = compiler.as_sql()
            found: Mapping[int, tuple[Sequence[Callable[..., Any]], Any]] = compiler.get_converters([part for part, *_ in compiler.select])
            converters = tuple((place, each, expression) for place, (each, expression) in found.items())
            made = self._statements[connection.vendor] = _Statement(sql, tuple(parameters), converters)
        return made


def _converted(row: Row, converters: Converters) -> Row:
    values = list(row)
    for place, each, expression in converters:
        for convert in each:
            values[place] = convert(values[place], expression, connection)
    return values
