"""How matching commands speak on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from matching.summary import Summary


def show(console: Console, summaries: Sequence[Summary], title: str) -> None:
    """Print what came out."""
    table = Table(title=title)
    table.add_column("entity type")
    for column in ("records in", "golden records out", "pairs for review"):
        table.add_column(column, justify="right")
    for row in summaries:
        table.add_row(row.entity.name, f"{row.records:,}", f"{row.golden_records:,}", f"{row.for_review:,}")
    console.print(table)
