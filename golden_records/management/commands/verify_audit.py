"""`manage.py verify_audit`: that nobody changed, removed, put in or reordered what was told and done."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from golden_records.chain_checks import CHECKS
from golden_records.heads import differences
from golden_records.offences import Offence


class Command(BaseCommand):
    """Checks both chains from their beginning, and names each place that does not hold; ends with 1 where there is one."""

    help = "Verify the audit log and the change feed: every entry that was changed, removed, put in or reordered is named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--against", type=Path, action="append", default=[], help="a head from `audit_head`; may be repeated")

    def handle(self, **options: Any) -> None:
        """Tell each check as it ends."""
        offences = 0
        for name, found in [(check.name, check.find()) for check in CHECKS] + [_against(path) for path in options["against"]]:
            named = list(found)
            offences += len(named)
            self.stdout.write(f"{name}: {f'{len(named)} OFFENCE(S)' if named else 'holds'}")
            for offence in named:
                self.stdout.write(f"    {_line(offence)}")
        if offences:
            message = f"{offences} offence(s)."
            raise CommandError(message, returncode=1)


def _against(path: Path) -> tuple[str, Iterator[Offence]]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))["chains"]
        return f"head of {path}", differences(dict(kept))
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path} is not a head of the audit log ({type(error).__name__}). Give a file that `manage.py audit_head` wrote."
        raise CommandError(message) from None


def _line(offence: Offence) -> str:
    ids = ", ".join(f"{name} {value}" for name, value in offence.ids.items())
    return f"{offence.entity} {ids}: {offence.told} {offence.remedy}".strip()
