"""`manage.py blocking`: what each blocking rule costs, finds and leaves out, what all miss, and which would be worth having."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console

from golden_records.entities import ENTITIES, EntityType
from golden_records.management.telling import errors_as_lines, plain_console
from matching.active_config import active_config
from matching.core.suggest import suggest
from matching.engines.blocking_study import study_blocking
from matching.engines.local import MatchResult, match
from matching.files.running import match_files
from matching.management.blocking import document_of, show_study, show_suggestions
from matching.management.files import add_file_options, file_options
from matching.population import population


class Command(BaseCommand):
    """Study the blocking rules on the records of an entity type, or on a file; writes nothing."""

    help = "Show for each blocking rule its cost, what it alone finds and what it leaves out, and an estimate of what all miss."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to study and how to tell it."""
        parser.add_argument("records", nargs="?", choices=sorted(ENTITIES), default="customer", metavar="ENTITY",
                            help="the records of an entity type, as they are now (%(default)s)")  # fmt: skip
        parser.add_argument("--file", type=Path, metavar="FILE", help="a file instead: CSV, NDJSON or Parquet; needs no database")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")
        parser.add_argument("--suggest", nargs="?", choices=("more", "anew"), const="more",
                            help="propose rules: to add to the present ones, or anew, with what they would cost and find")  # fmt: skip
        add_file_options(parser, report=False)

    def handle(self, **options: Any) -> None:
        """Match, study, and print."""
        with errors_as_lines():
            result = _matched(options)
        console = _wide(plain_console())
        if options["suggest"]:
            found = suggest(result.prepared, result.model, result.candidates if options["suggest"] == "more" else None)
            show_suggestions(found, console)
            return
        study = study_blocking(result)
        if options["as_json"]:
            self.stdout.write(json.dumps(document_of(study, result), allow_nan=False))
            return
        show_study(study, result, console)


def _matched(options: dict[str, Any]) -> MatchResult:
    if options["file"]:
        return match_files(paths=[options["file"]], options=file_options(options)).result
    entity: EntityType = ENTITIES[options["records"]]
    active = active_config(entity)
    return match(population(entity).attributes, active.config, model=active.model)


def _wide(console: Console) -> Console:
    """Leave the tables their width where nobody looks at a terminal."""
    if not console.is_terminal:
        console.width = 180
    return console
