"""`manage.py erase ENTITY CANONICAL_ID --reason ...`: erase a golden record with all its source records, for good."""

from argparse import ArgumentParser
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from golden_records import privacy
from golden_records.change import Change
from golden_records.entities import ENTITIES, entity_type
from golden_records.errors import MdmError
from golden_records.models import WhenSentAgain
from matching.erasure import erase

ACTOR: Final = "command:erase"


class Command(BaseCommand):
    """Erase, or say how much would be."""

    help = "Erase a golden record, all ids that lead to it and all their source records. It can't be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what is erased, why, and what becomes of a record that is sent again."""
        parser.add_argument("entity", choices=list(ENTITIES))
        parser.add_argument("canonical_id", type=UUID)
        parser.add_argument("--reason", required=True, help="kept for ever and told in the feed: a number, and nothing of the person")
        parser.add_argument(
            "--when-sent-again",
            choices=WhenSentAgain.values,
            default=WhenSentAgain.SUPPRESS.value,
            help="suppress: counted, and nothing of it is kept; new: taken as a record that was never there",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what is held, and erase nothing")

    def handle(self, **options: Any) -> None:
        """Say what is erased, holder by holder."""
        entity, canonical_id = entity_type(options["entity"]), options["canonical_id"]
        try:
            if options["dry_run"]:
                subject = privacy.subject_of(entity, canonical_id)
                self._tell("Would erase", subject.golden_ids, privacy.held_by(subject))
                return
            change = Change(actor=ACTOR, reason=options["reason"])
            how = WhenSentAgain(options["when_sent_again"])
            erasure = erase(entity, canonical_id=canonical_id, when_sent_again=how, change=change)
        except MdmError as error:
            raise CommandError(f"{error.message} {error.remedy}".strip()) from error
        self._tell("Erased", (erasure.golden_id, *erasure.other_ids), erasure.counts)

    def _tell(self, done: str, golden_ids: Any, counts: Any) -> None:
        self.stdout.write(f"{done}: {', '.join(map(str, golden_ids))}")
        for name, count in counts.items():
            if count:
                self.stdout.write(f"  {name}: {count}")
