"""Keeps a few programs running side by side until it is told to stop."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from mdm.embedded import processes

FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0
# Who ran this long and then died is started again at once: it does work, as a rule.
STEADY_SECONDS: Final = 60.0
LOG_BYTES_KEPT: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Program:
    """One program to keep running; `name` is also the name of its log."""

    name: str
    command: Sequence[str]


@dataclass(slots=True)
class _Child:
    program: Program
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    start_again_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Starts programs, starts those again that die, and stops all of them in reverse order.

    `environment` is what the programs get, `logs` the folder of their output, `say` is called with a line for the person who watches.
    """

    environment: Mapping[str, str]
    logs: Path
    say: Callable[[str], None]
    _children: list[_Child] = field(default_factory=list)
    _stop_asked: bool = False

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program and keep it under watch from now on."""
        log = self.logs / f"{program.name}.log"
        if log.exists() and log.stat().st_size > LOG_BYTES_KEPT:
            log.replace(log.with_suffix(".log.old"))
        child = _Child(program, log)
        self._children.append(child)
        return self._launch(child)

    def run(self) -> None:
        """Watch the programs until SIGINT or SIGTERM, then stop them. A second signal kills them at once."""
        handlers = {number: signal.signal(number, self._ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self._stop_asked:
                for child in self._children:
                    self._look_after(child)
                time.sleep(0.1)
        finally:
            self.stop()
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Stop every program, the last started first; returns when all are gone."""
        while self._children:
            child = self._children.pop()
            if child.process is not None:
                processes.stop(child.process)

    def _launch(self, child: _Child) -> subprocess.Popen[bytes]:
        with child.log.open("ab") as output:
            child.process = processes.start(child.program.command, log=output, environment=self.environment)
        child.started_at = time.monotonic()
        return child.process

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_again_at:
                self._launch(child)
        elif child.process.poll() is not None:
            if now - child.started_at > STEADY_SECONDS:
                child.pause = FIRST_PAUSE_SECONDS
            # Its own children may hold its port or go on working: the next one must not meet them.
            processes.kill_group(child.process)
            self.say(
                f"{child.program.name} ended unexpectedly (code {child.process.returncode}); starting it again in {child.pause:.0f} s."
                f" The end of {child.log}:\n{processes.last_lines(child.log)}"
            )
            child.process = None
            child.start_again_at = now + child.pause
            child.pause = min(2 * child.pause, LONGEST_PAUSE_SECONDS)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._stop_asked:
            for child in self._children:
                if child.process is not None:
                    os.killpg(child.process.pid, signal.SIGKILL)
        self._stop_asked = True
