"""`manage.py roles`: what each role may do, what its group lacks after an upgrade, and granting that."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from golden_records.change import Change
from golden_records.people import tell_of_group
from matching.access import ROLES, ensure_groups, grant, lacking


class Command(BaseCommand):
    """Make the groups that are missing. Groups that exist are left as people made them, unless `--grant` is given."""

    help = "Make the groups of the roles that are missing; say what a role lacks (--check), or give it that (--grant)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the ways to ask."""
        parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 where a role lacks something")
        parser.add_argument("--grant", nargs="*", metavar="ROLE", help="give these roles, or all, what they lack")

    def handle(self, **options: Any) -> None:
        """Do what was asked."""
        if options["grant"] is not None:
            self._grant(options["grant"] or list(ROLES))
        elif not options["check"]:
            ensure_groups()
        lacks = lacking()
        for lack in lacks:
            told = "has no group yet" if not lack.is_there else f"lacks {', '.join(lack.missing)}"
            self.stdout.write(f"{lack.role}: {told}")
        if not lacks:
            self.stdout.write("Every role has what the table says.")
        elif options["check"]:
            raise CommandError("Some roles lack something: manage.py roles --grant", returncode=1)

    @transaction.atomic
    def _grant(self, roles: list[str]) -> None:
        unknown = sorted(set(roles) - ROLES.keys())
        if unknown:
            raise CommandError(f"There is no role {', '.join(unknown)}. Known are: {', '.join(ROLES)}.")
        given = [lack for lack in lacking() if lack.role in roles]
        grant(roles)
        change = Change(actor="command:roles", reason="granted what the role lacked")
        for lack in given:
            tell_of_group(lack.role, granted=lack.missing, withdrawn=(), change=change)
