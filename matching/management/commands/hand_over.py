"""`manage.py hand_over ENTITY CANONICAL_ID --output FILE.json`: all that is held of somebody, for a request for access."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from golden_records import privacy
from golden_records.entities import ENTITIES, entity_type
from golden_records.errors import MdmError


class Command(BaseCommand):
    """Write a file that only its owner may read."""

    help = "Write all that is held of a golden record and its source records to a JSON file, by holder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare whom it is about, and the file, which must not be there yet."""
        parser.add_argument("entity", choices=list(ENTITIES))
        parser.add_argument("canonical_id", type=UUID)
        parser.add_argument("--output", required=True, type=Path, metavar="FILE.json")

    def handle(self, **options: Any) -> None:
        """Write the file, and say how much is in it."""
        try:
            subject = privacy.subject_of(entity_type(options["entity"]), options["canonical_id"])
        except MdmError as error:
            raise CommandError(f"{error.message} {error.remedy}".strip()) from error
        document: dict[str, Any] = {
            "entity": subject.entity.name,
            "canonical_ids": subject.golden_ids,
            "held": privacy.hand_over(subject),
        }
        try:
            options["output"].touch(mode=0o600, exist_ok=False)
        except OSError as error:
            message = f"{options['output']} can't be written: {error.strerror}."
            raise CommandError(message) from error
        options["output"].write_text(json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        for name, rows in document["held"].items():
            self.stdout.write(f"{name}: {len(rows)}")
