"""`manage.py verify`: check everything that must always hold, over the whole database."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from matching.verifying import CHECKS, MOST_NAMED, Finding, verify


class Command(BaseCommand):
    """Name every offence against the invariants; ends with 1 where there is one."""

    help = "Check the invariants over the whole database. Exit code 1 where one does not hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--json", action="store_true", help="one line of JSON per check")
        parser.add_argument("--check", action="append", choices=[check.name for check in CHECKS], help="only this one; may be repeated")
        parser.add_argument("--most", type=int, default=MOST_NAMED, help="offences named per check; all are counted")

    def handle(self, **options: Any) -> None:
        """Tell each check as it ends."""
        chosen = [check for check in CHECKS if not options["check"] or check.name in options["check"]]
        offences = 0
        for finding in verify(checks=chosen, most_named=options["most"]):
            offences += finding.count
            for line in [_as_json(finding)] if options["json"] else _as_lines(finding):
                self.stdout.write(line)
        if offences:
            message = f"{offences} offence(s)."
            raise CommandError(message, returncode=1)


def _as_json(finding: Finding) -> str:
    told = {"check": finding.check.name, "holds": finding.check.holds, "offences": finding.count, "seconds": round(finding.seconds, 3)}
    return json.dumps({**told, "named": [asdict(offence) for offence in finding.offences]})


def _as_lines(finding: Finding) -> list[str]:
    verdict = f"{finding.count} OFFENCE(S)" if finding.count else "holds"
    lines = [f"{finding.check.name}: {verdict} ({finding.seconds:.1f} s). {finding.check.holds}"]
    for offence in finding.offences:
        named = ", ".join(f"{name} {value}" for name, value in offence.ids.items())
        lines.append(f"    {offence.entity} {named}: {offence.told} {offence.remedy}".replace("     ", "    "))
    if finding.count > len(finding.offences):
        lines.append(f"    and {finding.count - len(finding.offences)} more")
    return lines
