"""`manage.py settle_hierarchy`: bring the hierarchy up to the change feed, or look at all of it anew."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand

from golden_records import sealing
from golden_records.hierarchy.links import with_hierarchy
from matching import hierarchy

_LONG: Final = 10 * 365 * 86_400.0


class Command(BaseCommand):
    """A worker does this by itself, seconds after a change."""

    help = "Bring the parents of golden customers up to what sources and stewards tell."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --all."""
        parser.add_argument("--all", action="store_true", help="Settle every golden record that names a parent, or ever did.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Settle, and tell how many were looked at."""
        del args
        sealing.seal()
        for entity in with_hierarchy():
            hierarchy.follow(entity, seconds=_LONG)
            looked_at = hierarchy.settle_all(entity) if options["all"] else 0
            self.stdout.write(f"{entity.name}: settled up to the feed's end" + (f", {looked_at} looked at" if options["all"] else ""))
