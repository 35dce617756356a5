"""`manage.py revoke_api_key NAME`: make a key useless, for good."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from api.keys import revoke_key
from golden_records.change import Change
from golden_records.errors import MdmError

ACTOR = "command:revoke_api_key"


class Command(BaseCommand):
    """Revokes an API key."""

    help = "Revoke an API key: every process refuses it within a second."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the name."""
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke the key."""
        del args
        try:
            row = revoke_key(name=options["name"], change=Change(actor=ACTOR, reason="API key revoked"))
        except MdmError as error:
            raise CommandError(f"{error.message} {error.remedy}") from error
        self.stdout.write(f"Key '{row.name}' is revoked since {row.revoked_at:%Y-%m-%d %H:%M:%S} UTC.")
