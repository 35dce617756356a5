"""`manage.py create_api_key NAME --source crm --scope ingest --scope read`: make a key and show it once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from api.keys import create_key
from api.scopes import SCOPES
from golden_records.change import Change
from golden_records.errors import MdmError

ACTOR = "command:create_api_key"


class Command(BaseCommand):
    """Makes an API key."""

    help = "Make an API key. It is printed once: only its digest is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare name, source and scopes."""
        parser.add_argument("name", metavar="NAME", help="the program that will use the key, e.g. 'crm-connector'")
        parser.add_argument("--source", help="code of the only source system whose records the key may write; left out: any")
        scopes = "; ".join(f"{name}: {meaning.rstrip('.').lower()}" for name, meaning in SCOPES.items())
        parser.add_argument("--scope", action="append", required=True, choices=sorted(SCOPES), help=f"may be given again ({scopes})")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key; print it alone on standard output, so that a script can take it."""
        del args
        change = Change(actor=ACTOR, reason="API key created")
        try:
            issued = create_key(name=options["name"], source=options["source"], scopes=options["scope"], change=change)
        except MdmError as error:
            raise CommandError(f"{error.message} {error.remedy}") from error
        self.stderr.write(f"Key '{issued.row.name}'. Keep it now: it can't be shown again.")
        self.stdout.write(issued.secret)
