"""`manage.py evaluate FILE.parquet`: how good the engine is on a labelled file."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from golden_records.errors import MdmError
from matching.core.recognise import ATTRIBUTES
from matching.engines.labelled import evaluate_file


class Command(BaseCommand):
    """Match a labelled Parquet file without the database and print how right the result is."""

    help = "Match a labelled Parquet file and print precision, recall, time and memory. The labels are for scoring only."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("file", metavar="FILE.parquet")
        parser.add_argument("--entity", choices=sorted(ATTRIBUTES), default="customer")
        parser.add_argument("--map", nargs="+", action="extend", default=[], metavar="column=attribute", dest="mapping")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run, print, and turn errors into a line and an exit code."""
        try:
            mapping = dict(_pair(text) for text in options["mapping"])
            figures = evaluate_file(options["file"], entity=options["entity"], mapping=mapping)
        except MdmError as error:
            raise CommandError(f"{error.message} {error.remedy}".strip()) from error
        if options["as_json"]:
            self.stdout.write(json.dumps(figures))
            return
        for name, value in figures.items():
            self.stdout.write(f"{name:<18} {value:,.4f}" if isinstance(value, float) else f"{name:<18} {value:,}")


def _pair(text: str) -> tuple[str, str]:
    column, found, attribute = text.partition("=")
    if not found or not column or not attribute:
        message = f"--map needs column=attribute, not '{text}'."
        raise CommandError(message)
    return column, attribute
