"""Starting programs that must not outlive us."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

PR_SET_PDEATHSIG: Final = 1
LOOPBACK: Final = "127.0.0.1"


class ServerStartError(RuntimeError):
    """A program that we need did not start; `log` holds what it said."""

    def __init__(self, program: str, log: str) -> None:
        super().__init__(f"{program} did not start:\n{log}")


@dataclass(frozen=True, slots=True)
class Account:
    """The user a program runs as, where it refuses to run as root or need not."""

    uid: int
    gid: int


def start(
    command: Sequence[str], *, log: IO[bytes] | None = None, environment: Mapping[str, str] | None = None, account: Account | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own, with its output in `log`, or on our own where there is none.

    On Linux the kernel sends it SIGTERM when this process ends in whatever way, so that a killed supervisor or test run leaves
    nothing behind. Its own group keeps a Ctrl-C at the terminal from reaching it before we stop it in order.
    """
    # A Ctrl-C in what Python itself does around a fork would be told and forgotten there: it is kept back until the program has started.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TO_STOP)
    try:
        # Not safe in a process with other threads; callers start their programs before they have any.
        return subprocess.Popen(  # noqa: S603  # the commands are the project's own
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            start_new_session=True,
            preexec_fn=_in_the_child(os.getpid(), before),  # noqa: PLW1509  # see above
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_TO_STOP: Final = frozenset({signal.SIGINT, signal.SIGTERM})


def _in_the_child(parent: int, mask: set[int | signal.Signals]) -> Callable[[], None]:
    library = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def before_it_starts() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if library is None:
            return
        library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        # The parent may have died between the fork and the call above; then no signal would ever come.
        if os.getppid() != parent:
            os._exit(1)

    return before_it_starts


def stop(process: subprocess.Popen[bytes], *, patience: float = 30, how: signal.Signals = signal.SIGTERM) -> None:
    """End a program: ask, wait `patience` seconds, then kill it with everything that it started. Returns when it is gone."""
    if process.poll() is None:
        process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and what is left of its process group, also where the program itself ended already."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(ready: Callable[[], bool], *, process: subprocess.Popen[bytes], log: Path, seconds: float = 30) -> None:
    """Wait until a started program answers; raises ServerStartError with the end of its log when it ends or stays silent."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            kill_group(process)
            raise ServerStartError(str(process.args), last_lines(log))
        time.sleep(0.02)


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-count:])


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = LOOPBACK) -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port
