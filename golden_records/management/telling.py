"""What the commands have in common: errors as one line with its remedy, and progress where somebody looks at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.management.base import CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from golden_records.errors import MdmError
from golden_records.importing import Progress as Told
from golden_records.imports import COUNTS
from golden_records.models import ImportJob

_LINE_EVERY_SECONDS: Final = 5.0


def plain_console() -> Console:
    """Write to the standard output what is given, as it is: values of records are no markup."""
    return Console(markup=False, emoji=False, highlight=False)


@contextmanager
def errors_as_lines() -> Iterator[None]:
    """Let a domain error end the command with its message and remedy, without a traceback."""
    try:
        yield
    except MdmError as error:
        raise CommandError("\n".join(part for part in (error.message, error.remedy) if part)) from error


@contextmanager
def import_progress(console: Console, name: str) -> Iterator[Told]:
    """Show how far an import is: a bar on a terminal, elsewhere a line now and then."""
    if not console.is_terminal:
        yield _Lines(console, name)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        yield _Bar(bar, bar.add_task(name, total=None))


class _Bar:
    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar, self._task = bar, task

    def __call__(self, job: ImportJob, about: int) -> None:
        self._bar.update(self._task, completed=job.rows_done, total=max(about, job.rows_done))


class _Lines:
    def __init__(self, console: Console, name: str) -> None:
        self._console, self._name, self._told_at = console, name, timezone.now()

    def __call__(self, job: ImportJob, about: int) -> None:
        now = timezone.now()
        if (now - self._told_at).total_seconds() >= _LINE_EVERY_SECONDS:
            self._told_at = now
            self._console.print(f"{self._name}: {job.rows_done:,} of about {about:,} rows")


def count_line(job: ImportJob) -> str:
    """Say what became of the rows of an import; the parts add up to what was received."""
    counts = {name: getattr(job, name) for name in COUNTS}
    parts = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number) or "none"
    origin = f"{job.source.code} {job.entity}" if job.source else job.actor
    return f"{job.file_name} → {origin}: {sum(counts.values()):,} rows received: {parts}"
