"""`manage.py load_sources FILE.yml`: make the source systems, or change their name, trust or country."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from golden_records.change import Change
from golden_records.management.telling import errors_as_lines
from golden_records.source_systems import save_source


class Command(BaseCommand):
    """Load source systems: a mapping from codes to name, trust (0 to 100) and country."""

    help = "Load source systems from YAML: a mapping from codes to {name, trust, country}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the file."""
        parser.add_argument("file", type=Path)

    def handle(self, **options: Any) -> None:
        """Save them all, or none."""
        change = Change(actor="command:load_sources", reason=f"loaded from {options['file'].name}")
        with errors_as_lines(), transaction.atomic():
            for code, settings in _read(options["file"]).items():
                source = save_source(code, settings, change=change)
                self.stdout.write(f"{source.code}: {source.name}, trust {source.trust}, {source.country}")


def _read(path: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        message = f"{path}: {error}"
        raise CommandError(message) from error
    if not isinstance(document, dict) or not all(isinstance(settings, dict) for settings in document.values()):
        message = f"{path}: write one entry per source: its code, with name, trust and country below."
        raise CommandError(message)
    return {str(code): settings for code, settings in document.items()}
