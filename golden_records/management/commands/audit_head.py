"""`manage.py audit_head`: the heads of the chains, to be kept where nobody who can write to this database can."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from golden_records import sealing
from golden_records.chain import CHAINS
from golden_records.heads import heads


class Command(BaseCommand):
    """Seals what waits, and writes the last place and hash of each chain."""

    help = "Write the head of the audit log and of the change feed, to be kept elsewhere; `verify_audit --against FILE` compares."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--output", type=Path, help="the file; standard output where it is left out")

    def handle(self, **options: Any) -> None:
        """Write the heads."""
        for chain in CHAINS:
            sealing.seal(chain)
        written = json.dumps({"at": timezone.now().isoformat(), "chains": heads()}, indent=2)
        if options["output"]:
            options["output"].write_text(written + "\n", encoding="utf-8")
        else:
            self.stdout.write(written)
