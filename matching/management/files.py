"""What the commands on files have in common: their options, and a bar per stage."""

import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from golden_records.readers.rows import ReadOptions
from matching.core.recognise import ATTRIBUTES
from matching.files.configs import AUTO
from matching.files.running import FileOptions, Stages

_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|"}


def add_file_options(parser: ArgumentParser, *, report: bool = True) -> None:
    """Declare what can be said of files, and of the report on them where there is one."""
    parser.add_argument("--map", nargs="+", action="extend", default=[], metavar="column=attribute", dest="mapping",
                        help="what a column means where it is not found out rightly; column=ignore leaves it out")  # fmt: skip
    parser.add_argument("--config", default=AUTO, metavar="auto|customer|project|FILE",
                        help="the match config: made for the columns (%(default)s), a shipped one, or a YAML file")  # fmt: skip
    parser.add_argument("--entity", choices=sorted(ATTRIBUTES), help="what the records are, for --config auto; guessed where not given")
    parser.add_argument("--one-per-file", action="store_true", help="no file has an entity twice: only rows of different files are joined")
    if report:
        parser.add_argument("--report", metavar="report.html", help="write a report with plots: one page, for any browser")
    parser.add_argument("--encoding", help="of text files, where it is not found out rightly: utf-8, cp1252, utf-16-le ...")
    parser.add_argument("--delimiter", help="of CSV files: one character, or tab")


def file_options(options: Mapping[str, Any]) -> FileOptions:
    """Read the options; raises `CommandError` for a mapping that is none."""
    delimiter = _DELIMITERS.get(options["delimiter"], options["delimiter"])
    mapping = dict(_pair(text) for text in options["mapping"])
    return FileOptions(mapping, options["config"], options["entity"], ReadOptions(options["encoding"], delimiter), options["one_per_file"])


def _pair(text: str) -> tuple[str, str]:
    column, found, attribute = text.rpartition("=")
    if not found or not column or not attribute:
        message = f"--map needs column=attribute, not '{text}'."
        raise CommandError(message)
    return column, attribute


@contextmanager
def stage_bars(console: Console) -> Iterator[Stages]:
    """Show a bar per stage on a terminal, elsewhere a line when each is done."""
    if not console.is_terminal:
        lines = _Lines(console)
        yield lines
        lines.end()
        return
    with Progress(
        TextColumn("{task.description:<24}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[rows]}"), console=console
    ) as bars:
        shown = _Bars(bars)
        yield shown
        shown.end()


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def start(self, words: str) -> None:
        self.end()
        self._task = self._bars.add_task(words, total=None, rows="")

    def advance(self, done: int) -> None:
        if self._task is not None:
            self._bars.update(self._task, rows=f"{done:,} rows")

    def end(self) -> None:
        if self._task is not None:
            self._bars.update(self._task, total=1, completed=1)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._words = ""
        self._since = time.monotonic()

    def start(self, words: str) -> None:
        self.end()
        self._words, self._since = words, time.monotonic()

    def advance(self, done: int) -> None:
        """Say nothing: the line comes when the stage is done."""

    def end(self) -> None:
        if self._words:
            self._console.print(f"{self._words}: {time.monotonic() - self._since:.1f} s", soft_wrap=True)
            self._words = ""
