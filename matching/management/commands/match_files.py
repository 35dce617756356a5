"""`manage.py match_files A.csv [B.csv] --output clusters.parquet`: the engine on any files, without the database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from golden_records.management.telling import errors_as_lines, plain_console
from matching.files.report import numbers, warnings, write_report
from matching.files.running import match_files
from matching.files.writing import clusters_table, pairs_table, write_table
from matching.management.files import add_file_options, file_options, stage_bars

_MOST_FILES = 2


class Command(BaseCommand):
    """Find out which rows of one or two files are the same, and write clusters, doubtful pairs and a report."""

    help = (
        "Match the rows of one file, or of two: across both and inside each. Reads CSV in any encoding and delimiter, NDJSON and Parquet; "
        "guesses what columns mean; needs no database."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the files and the options."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="one file, or two")
        parser.add_argument("--output", type=Path, required=True, metavar="clusters.parquet", help="Parquet, or CSV where it ends so")
        parser.add_argument("--pairs", type=Path, metavar="pairs.parquet", help="write the doubtful pairs, with both rows and why")
        add_file_options(parser)

    def handle(self, **options: Any) -> None:
        """Match, write, and say what came out."""
        if len(options["files"]) > _MOST_FILES:
            message = "One file or two can be matched. Put further ones together first, with equal columns."
            raise CommandError(message)
        console, said = plain_console(), file_options(options)
        with errors_as_lines(), stage_bars(console) as stages:
            matched = match_files(paths=options["files"], options=said, stages=stages)
            stages.start("writing")
            write_table(clusters_table(matched), options["output"])
            if options["pairs"]:
                write_table(pairs_table(matched), options["pairs"])
            if options["report"]:
                stages.start("drawing the report")
                write_report(matched, said, Path(options["report"]))
        for number, words in numbers(matched):
            console.print(f"{number:>12} {words}", soft_wrap=True)
        for warning in warnings(matched):
            console.print(f"Note: {warning}", soft_wrap=True)
        for name in ("output", "pairs", "report"):
            if options[name]:
                console.print(f"{name}: {options[name]}", soft_wrap=True)
