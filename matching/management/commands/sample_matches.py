"""`manage.py sample_matches ENTITY`: send a random sample of what the engine put together, or left apart, to review."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand
from rich.table import Table

from golden_records.change import Change
from golden_records.entities import ENTITIES, entity_type
from golden_records.management.telling import errors_as_lines, plain_console
from matching.checking import MOST, draw_sample, order
from matching.left_apart import OTHERWISE
from matching.models import CheckKind

_SIZE: Final = 200
_OF: Final = {CheckKind.TOGETHER: "put together", CheckKind.APART: "left apart (estimated)"}


class Command(BaseCommand):
    """Draw a sample and open its checks."""

    help = (
        "Draw a random sample of pairs that the engine put together by itself, and open a review task on each, of the kind 'check': how "
        "right are matches? With --apart, of pairs that it left apart without a question: how many matches are missed? No pair is asked "
        "twice; the same seed over the same pairs gives the same sample."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("entity", help=f"one of {', '.join(ENTITIES)}")
        parser.add_argument("--size", type=int, default=_SIZE, help=f"pairs to draw, {MOST:,} at most (%(default)s)")
        parser.add_argument("--apart", action="store_true", help="draw from what was left apart, below the review threshold")
        parser.add_argument("--seed", type=int, default=None, help="to draw the same sample again")

    def handle(self, **options: Any) -> None:
        """Draw, and say what was drawn of what."""
        console = plain_console()
        with errors_as_lines():
            entity = entity_type(options["entity"])
            change = Change(actor="command:sample_matches", reason="")
            kind = CheckKind.APART if options["apart"] else CheckKind.TOGETHER
            sample = draw_sample(order(entity, size=options["size"], seed=options["seed"], kind=kind, change=change).pk)
        table = Table("probability", "pairs", "drawn")
        for number, band in enumerate(sample.bands):
            if band["pairs"]:
                named = (
                    "kept apart otherwise" if kind == CheckKind.APART and number == OTHERWISE else f"{band['lower']:g} to {band['upper']:g}"
                )
                table.add_row(named, f"{band['pairs']:,}", f"{band['drawn']:,}")
        console.print(table)
        drawn, there = (sum(band[name] for band in sample.bands) for name in ("drawn", "pairs"))
        console.print(
            f"Sample {sample.pk} of {entity.name}, seed {sample.seed}: {drawn:,} checks are open, of {there:,} pairs {_OF[kind]}."
        )
