"""`manage.py match`: match what waits, here and now."""

import time
from argparse import ArgumentParser
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from golden_records.entities import ENTITIES, EntityType, entity_type
from golden_records.management.telling import errors_as_lines
from matching import console, runs
from matching.engines import choice
from matching.engines.choice import ENGINES, Engine
from matching.models import RunState
from matching.summary import summary_of

_LOOK_AGAIN_SECONDS: Final = 1.0


class Command(BaseCommand):
    """Match the source records of each entity type, or of one; goes on with a run that was interrupted."""

    help = "Match source records into golden records."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--entity", help=f"one of {', '.join(ENTITIES)}; all of them by default")
        parser.add_argument("--engine", choices=ENGINES, default=settings.MATCH_ENGINE, help="%(default)s by default")
        parser.add_argument("--master", default=settings.SPARK_MASTER, help="where Spark runs: local[2], spark://host:7077, yarn, ...")

    def handle(self, **options: Any) -> None:
        """Run, and say what came out."""
        terminal = Console()
        begun = time.monotonic()
        with errors_as_lines():
            entities = [entity_type(options["entity"])] if options["entity"] else list(ENTITIES.values())
            engine = choice.engine(options["engine"], master=options["master"], memory_mib=settings.MATCH_MEMORY_MIB)
        for entity in entities:
            match_now(entity, terminal, engine)
        console.show(terminal, [summary_of(entity) for entity in entities], f"Matched in {time.monotonic() - begun:.1f} s")


def match_now(entity: EntityType, terminal: Console, engine: Engine | None = None) -> None:
    """Match an entity type to the end, with an engine, else with that of the settings; where a worker has the run already, wait for it."""
    run = runs.start(entity, actor="command:match")
    with terminal.status(entity.name) as status:
        while run.state in (RunState.QUEUED, RunState.RUNNING):
            run = runs.work_on(run.pk, say=lambda step: status.update(f"{entity.name}: {step}"), engine=engine)
            if run.state == RunState.RUNNING:
                time.sleep(_LOOK_AGAIN_SECONDS)
    if run.state == RunState.FAILED:
        raise CommandError(f"Matching of {entity.name} failed: {run.error}")
