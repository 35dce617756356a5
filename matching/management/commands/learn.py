"""`manage.py learn [ENTITY]`: what the stewards' answers would change in matching, and putting it in force."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from golden_records.entities import ENTITIES, EntityType, entity_type
from golden_records.errors import MdmError
from matching.core.thresholds import Aim
from matching.learning import Lesson, NothingToLearnFrom, publish, study
from matching.management.aims import add_aim_options, aim_of


class Command(BaseCommand):
    """Show what matching learns from the stewards' answers; with --publish, put it in force for the next run."""

    help = "Refine the match model and choose its thresholds from the stewards' answers; changes nothing without --publish."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("entity", nargs="?", help=f"one of {', '.join(ENTITIES)}; all of them by default")
        add_aim_options(parser)
        parser.add_argument("--publish", action="store_true", help="put it in force as a new version")

    def handle(self, **options: Any) -> None:
        """Study each entity type, tell, and publish when asked."""
        width = None if self.stdout.isatty() else 120
        console = Console(file=self.stdout, width=width)  # type: ignore[arg-type]  # it writes as files do
        aim = aim_of(options)
        try:
            for entity in [entity_type(options["entity"])] if options["entity"] else list(ENTITIES.values()):
                _learn(entity, aim, console, in_force=options["publish"], alone=bool(options["entity"]))
        except MdmError as error:
            raise CommandError(f"{error.message} {error.remedy}".strip()) from error


def _learn(entity: EntityType, aim: Aim, console: Console, *, in_force: bool, alone: bool) -> None:
    try:
        lesson = study(entity, aim)
    except NothingToLearnFrom as error:
        if alone:
            raise
        console.print(error.message)
        return
    _tell(entity, lesson, aim, console)
    if in_force:
        active = publish(entity, lesson)
        console.print(f"In force now: {entity.name}@{active.version}. The next matching run looks at every pair again by it.")
    else:
        console.print("Nothing was changed. With --publish this is put in force as a new version.")


def _tell(entity: EntityType, lesson: Lesson, aim: Aim, console: Console) -> None:
    console.print(f"[bold]{entity.name}@{lesson.active.version}[/bold]: {lesson.same} answers 'same', {lesson.different} 'different'")
    levels = Table("pairs", "comparison", "level", "m before", "m after", "u before", "u after", "bits before", "bits after")
    for moved in lesson.moved():
        shares = (f"{share:.3g}" for share in (*moved.m, *moved.u))
        levels.add_row(moved.stratum, moved.comparison, moved.level, *shares, *(f"{bits:+.1f}" for bits in moved.bits))
    console.print(levels if levels.row_count else "No level moves by a tenth of a bit.")
    for title, told in (("before", lesson.before), ("after", lesson.after)):
        console.print(_calibration(title, told.calibration))
    thresholds = Table("", "before", "after")
    rows = (("auto threshold", "auto"), ("review threshold", "review"))
    for words, name in rows:
        thresholds.add_row(words, *(f"{getattr(told.thresholds, name):.3f}" for told in (lesson.before, lesson.after)))
    thresholds.add_row("pairs left to people", *(f"{told.doubtful:,}" for told in (lesson.before, lesson.after)))
    console.print(thresholds)
    console.print(_promise(lesson, aim))


def _calibration(title: str, found: Any) -> Table:
    table = Table("from", "to", "answers", "predicted", "said same", "between", title=f"Answered pairs without a veto, {title}")
    columns = (found.lower, found.upper, found.pairs, found.predicted, found.share, found.low, found.high)
    for lower, upper, pairs, predicted, share, low, high in zip(*columns, strict=True):
        table.add_row(f"{lower:.2f}", f"{upper:.2f}", f"{pairs}", f"{predicted:.3f}", f"{share:.3f}", f"{low:.2f} and {high:.2f}")
    return table


def _promise(lesson: Lesson, aim: Aim) -> str:
    choice, sure = lesson.choice, f"{aim.confidence:.0%} sure"
    told = f"Precision of {choice.same} of {choice.answers} answers: at least {choice.precision_bound:.4f} ({sure}); "
    if choice.more_needed == 0:
        told += f"that carries {aim.precision:g}. "
    elif choice.more_needed is None:
        told += f"answers like these do not carry {aim.precision:g}, however many: the auto threshold stays. "
    else:
        told += f"not enough answers for {aim.precision:g}: {choice.more_needed:,} more needed; the auto threshold stays. "
    if choice.low_answers:
        return told + f"Below the review threshold at most {choice.lost_bound:.1f} matches are lost ({sure}, {choice.low_answers} answers)."
    return told + "Too few answers near the review threshold: it stays."
