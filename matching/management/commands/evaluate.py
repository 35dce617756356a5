"""`manage.py evaluate FILE`: how good the engine is on a labelled file."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console

from golden_records.management.telling import errors_as_lines
from matching.engines.labelled import LABELS
from matching.files.accuracy import accuracy
from matching.files.evaluating import figures, match_labelled
from matching.files.report import write_report
from matching.management.files import add_file_options, file_options, stage_bars


class Command(BaseCommand):
    """Match a labelled file without the database and print how right the result is."""

    help = "Match a labelled file and print precision, recall, time and memory. The labels are for scoring only."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV, NDJSON or Parquet")
        parser.add_argument("--labels", default=LABELS, metavar="COLUMN", help="equal values mark one entity (%(default)s)")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")
        add_file_options(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        """Run, print, and turn errors into a line and an exit code."""
        said = file_options(options)
        with errors_as_lines(), stage_bars(Console(stderr=True, quiet=not self.stdout.isatty())) as stages:
            matched, truth = match_labelled(path=options["file"], options=said, labels=options["labels"], stages=stages)
            found = figures(matched, truth)
            if options["report"]:
                stages.start("drawing the report")
                write_report(matched, said, Path(options["report"]), accuracy(matched, truth))
        if options["as_json"]:
            self.stdout.write(json.dumps(found))
            return
        for name, value in found.items():
            self.stdout.write(f"{name:<18} {value:,.4f}" if isinstance(value, float) else f"{name:<18} {value:,}")
