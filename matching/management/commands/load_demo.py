"""`manage.py load_demo`: the demonstration firm, from its files to golden records."""

import time
from io import StringIO
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from rich.console import Console

from golden_records.entities import ENTITIES
from matching import console
from matching.management.commands.match import match_now
from matching.summary import summary_of

_DEMO: Final = Path(settings.BASE_DIR) / "fixtures" / "demo"
_FILES: Final = (
    ("crm", "customer", "crm_accounts.csv"),
    ("erp", "customer", "erp_partners.csv"),
    ("crm", "project", "crm_opportunities.csv"),
    ("erp", "project", "erp_projets.csv"),
    ("erp", "project_fact", "erp_faits_mensuels.csv"),
)


class Command(BaseCommand):
    """Import the demonstration firm's extracts and match them; run again, it changes nothing."""

    help = "Load the demonstration data and match it."

    def handle(self, **_: Any) -> None:
        """Sources, mappings, files, matching."""
        terminal = Console()
        begun = time.monotonic()
        call_command("load_sources", _DEMO / "sources.yml", stdout=StringIO())
        for source, entity, _file in _FILES:
            call_command("load_mapping", source, entity, _DEMO / "mappings" / f"{source}_{entity}.yml", stdout=StringIO())
        for source, entity, file in _FILES:
            call_command("import_records", source, entity, _DEMO / file)
        for entity_type in ENTITIES.values():
            match_now(entity_type, terminal)
        console.show(
            terminal,
            [summary_of(entity_type) for entity_type in ENTITIES.values()],
            f"From files to golden records in {time.monotonic() - begun:.1f} s",
        )
