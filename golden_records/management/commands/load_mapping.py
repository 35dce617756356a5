"""`manage.py load_mapping SOURCE ENTITY FILE`: say how a source's own columns are read."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from golden_records.change import Change
from golden_records.management.telling import errors_as_lines
from golden_records.mapping import load_document
from golden_records.row_kinds import ROW_KINDS
from golden_records.source_systems import save_mapping, source_system


class Command(BaseCommand):
    """Load the mapping of one source and entity type from YAML; every mistake of it is told at once."""

    help = "Load the mapping of a source's columns to the data dictionary from YAML."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare source, entity and file."""
        parser.add_argument("source", help="code of the source system")
        parser.add_argument("entity", choices=sorted(ROW_KINDS), help="what the rows are")
        parser.add_argument("file", type=Path)

    def handle(self, **options: Any) -> None:
        """Check the document and keep it."""
        try:
            text = options["file"].read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            message = f"{options['file']}: {error}"
            raise CommandError(message) from error
        change = Change(actor="command:load_mapping", reason=f"loaded from {options['file'].name}")
        with errors_as_lines(), transaction.atomic():
            mapping = save_mapping(source_system(options["source"]), options["entity"], load_document(text), change=change)
        self.stdout.write(f"{mapping.source.code} {mapping.entity}: {len(mapping.document['attributes'])} attributes are mapped.")
