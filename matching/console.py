"""How matching commands speak on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from matching.summary import Summary


def show(console: Console, summaries: Sequence[Summary], seconds: float) -> None:
    """Print what came out, and in what time."""
    table = Table(title=f"Matched in {seconds:.1f} s")
    table.add_column("entity type")
    for title in ("records in", "golden records out", "pairs for review"):
        table.add_column(title, justify="right")
    for row in summaries:
        table.add_row(row.entity.name, f"{row.records:,}", f"{row.golden_records:,}", f"{row.for_review:,}")
    console.print(table)
