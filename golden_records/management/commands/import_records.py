"""`manage.py import_records SOURCE ENTITY FILE`: take a source's export in."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from golden_records.change import Change
from golden_records.importing import ImportOptions, import_file
from golden_records.management.telling import count_line, errors_as_lines, import_progress, plain_console
from golden_records.readers.rows import ReadOptions
from golden_records.row_kinds import ROW_KINDS
from golden_records.source_systems import source_system

_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|"}


class Command(BaseCommand):
    """Import a file of CSV, NDJSON or Parquet; the same command goes on with an import that was interrupted."""

    help = "Import a file of CSV, NDJSON or Parquet. Run it again to go on after an interruption; the same file twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare source, entity, file and the options."""
        parser.add_argument("source", help="code of the source system")
        parser.add_argument("entity", choices=sorted(ROW_KINDS), help="what the rows are")
        parser.add_argument("file", type=Path)
        parser.add_argument("--encoding", help="of a text file, where it is not found out rightly: utf-8, cp1252, utf-16-le ...")
        parser.add_argument("--delimiter", help="of a CSV file: one character, or tab")
        parser.add_argument("--chunk-rows", type=int, default=500, help="rows in one transaction (%(default)s)")
        parser.add_argument("--restart", action="store_true", help="begin an interrupted import again from the first row")

    def handle(self, **options: Any) -> None:
        """Import, and say what became of the rows."""
        console = plain_console()
        delimiter = _DELIMITERS.get(options["delimiter"], options["delimiter"])
        how = ImportOptions(ReadOptions(options["encoding"], delimiter), options["chunk_rows"], options["restart"])
        change = Change(actor="command:import_records", reason=f"import of {options['file'].name}")
        with errors_as_lines(), import_progress(console, options["file"].name) as progress:
            source = source_system(options["source"])
            job = import_file(source, options["entity"], options["file"], change=change, options=how, progress=progress)
        console.print(count_line(job), soft_wrap=True)
        if job.quarantined:
            filters = f"--source {source.code} --entity {job.entity}"
            console.print(
                f"To see what is wrong with the {job.quarantined:,} quarantined: manage.py quarantine list {filters}", soft_wrap=True
            )
