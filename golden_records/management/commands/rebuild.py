"""`manage.py rebuild ENTITY ID ...`: compute golden records again from their source records."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db import transaction

from golden_records import golden
from golden_records.change import Change
from golden_records.entities import ENTITIES, entity_type


class Command(BaseCommand):
    """Apply the survivorship rules anew; what comes out as it was is not written."""

    help = "Compute golden records again from their source records."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the entity type and the ids."""
        parser.add_argument("entity", choices=list(ENTITIES))
        parser.add_argument("ids", nargs="+", type=UUID, metavar="canonical_id")

    def handle(self, **options: Any) -> None:
        """Rebuild, and say how many came out different."""
        with transaction.atomic():
            change = Change(actor="command:rebuild", reason="computed again from the source records")
            changed = golden.rebuild(entity_type(options["entity"]), options["ids"], change=change)
        self.stdout.write(f"{len(changed)} of {len(options['ids'])} came out different.")
