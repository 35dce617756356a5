"""`manage.py messages`: gather the texts that people read, and compile what they are in French."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mdm.translating import catalogue
from mdm.translating.checks import faults


class Command(BaseCommand):
    """Writes mdm/locale anew and names what is still to be translated; exit code 1 where there is anything."""

    help = "Gather the texts of the pages into mdm/locale, compile them, and name what is not translated or wrongly so."

    def handle(self, *args: Any, **options: Any) -> None:
        """Gather, write, compile, check."""
        del args, options
        texts = catalogue.renew()
        found = faults(texts)
        for fault in found:
            self.stdout.write(fault)
        self.stdout.write(f"{len(texts)} texts in {catalogue.PO}.")
        if found:
            raise CommandError(f"{len(found)} faults: mend them in the .po and run it again.")
