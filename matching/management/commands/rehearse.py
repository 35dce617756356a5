"""`manage.py rehearse ENTITY CONFIG.yml`: what a match config would do to all records, before anything is done, and publishing it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from golden_records.change import Change
from golden_records.entities import ENTITIES, EntityType, entity_type
from golden_records.management.telling import errors_as_lines, plain_console
from matching import rehearsing, runs
from matching.foreseen import foreseen
from matching.models import MatchRun, RunState
from matching.rehearsal_lines import csv_lines, lines, merges, splits, values

_EXAMPLES: Final = 5
_COUNTS: Final = (
    ("would_merge", "golden records would be absorbed by another"),
    ("would_split", "golden records would lose some of their source records"),
    ("would_move_records", "source records would move"),
    ("would_begin", "golden records would be new"),
    ("would_change_value", "golden records would change a value"),
)


class Command(BaseCommand):
    """Rehearse a match config, publish a rehearsal, or write the config in force to be changed."""

    help = (
        "Run a match config over all records without writing, and list which golden records would merge, split or change value. "
        "Publishing applies exactly that."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("entity", help=f"one of {', '.join(ENTITIES)}")
        parser.add_argument("config", nargs="?", type=Path, metavar="CONFIG.yml", help="the config to rehearse")
        parser.add_argument("--template", action="store_true", help="print the config in force, to be changed and rehearsed")
        parser.add_argument("--output", type=Path, metavar="changes.csv", help="write every change that is foreseen")
        parser.add_argument(
            "--publish", action="store_true", help="put it in force and apply what was shown; of the last rehearsal without a file"
        )
        parser.add_argument("--discard", action="store_true", help="throw the last rehearsal away")
        parser.add_argument("--reason", default="", help="why; needed to publish")

    def handle(self, **options: Any) -> None:
        """Do what was asked, and say what came out."""
        console = plain_console()
        with errors_as_lines():
            entity = entity_type(options["entity"])
            if options["template"]:
                self.stdout.write(rehearsing.text_in_force(entity), ending="")
                return
            change = Change(actor="command:rehearse", reason=options["reason"])
            run = _rehearsed(entity, options["config"], change, console) if options["config"] else _last(entity)
            if options["discard"]:
                rehearsing.discard(run.pk, change=change)
                console.print(f"Rehearsal {run.pk} is thrown away.")
                return
            _tell(run, console, options["output"])
            if options["publish"]:
                rehearsing.publish(run.pk, change=change)
                _applied(run, console)
            else:
                console.print("Nothing was changed. With --publish and a --reason just this is applied.")


def _rehearsed(entity: EntityType, path: Path, change: Change, console: Console) -> MatchRun:
    if not path.is_file():
        message = f"There is no file {path}."
        raise CommandError(message)
    config = rehearsing.read(entity, path.read_text(encoding="utf-8"))
    run = rehearsing.start(entity, config, change=change)
    run = runs.work_on(run.pk, say=lambda step: console.print(f"{entity.name}: {step}"))
    if run.state != RunState.REHEARSED:
        message = f"Rehearsal {run.pk} is {run.get_state_display()}: {run.error or 'a worker has it; look again in a moment'}"
        raise CommandError(message)
    return run


def _last(entity: EntityType) -> MatchRun:
    run = MatchRun.objects.filter(entity=entity.name, state=RunState.REHEARSED).first()
    if run is None:
        message = f"No rehearsal of {entity.name} waits. Name a config file to rehearse one."
        raise CommandError(message)
    return run


def _tell(run: MatchRun, console: Console, output: Path | None) -> None:
    found, change = foreseen(run), Change(actor="command:rehearse", reason="")
    console.print(f"Rehearsal {run.pk} of {run.config}: {run.counts.get('records', 0):,} source records")
    for name, words in _COUNTS:
        console.print(f"{run.counts.get(name, 0):>12,} {words}", soft_wrap=True)
    examples = [*merges(found, _EXAMPLES), *splits(found, _EXAMPLES), *values(found, change, _EXAMPLES)]
    if examples:
        table = Table("change", "golden record", "other", "source records", "attribute", "before", "after", title="Examples")
        for line in examples:
            other = line.other_name or ("a new one" if line.change == "split" else "")
            cells = (line.change, line.name, other, line.source_records, line.attribute, line.before, line.after)
            table.add_row(*("" if cell is None else str(cell) for cell in cells))
        console.print(table)
    if output is not None:
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_lines(lines(found, change)))
        console.print(f"output: {output}", soft_wrap=True)


def _applied(run: MatchRun, console: Console) -> None:
    run = runs.work_on(run.pk, say=lambda step: console.print(f"{run.entity}: {step}"))
    if run.state != RunState.COMPLETED:
        message = f"Run {run.pk} is {run.get_state_display()}: a worker carries it on. {run.error}".strip()
        raise CommandError(message)
    left = run.counts.get("left", 0)
    console.print(f"In force now: {run.config}. {run.counts.get('moved', 0):,} source records moved or stayed as shown.")
    if left:
        console.print(f"{left:,} source records have changed since, and were left as they are: the next matching run looks at them.")
