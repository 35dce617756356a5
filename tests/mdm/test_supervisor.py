import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mdm.embedded.supervisor import Program, Supervisor

DEADLINE_SECONDS = 20
WATCH = """
import os, sys, time
from pathlib import Path
from mdm.embedded.supervisor import Program, Supervisor
folder = Path(sys.argv[1])
child = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
supervisor = Supervisor(environment=os.environ, logs=folder, say=print)
supervisor.start(Program("sleeper", (sys.executable, "-c", child, str(folder / "pid"))))
supervisor.run()
"""


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _watching(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A supervisor in a process of its own, and the process that it watches."""
    supervisor = subprocess.Popen([sys.executable, "-c", WATCH, str(folder)])
    written = folder / "pid"
    _until(lambda: written.exists() and written.read_text() != "")
    return supervisor, int(written.read_text())


def test_a_program_that_dies_is_started_again_and_its_last_words_are_shown(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(environment=os.environ, logs=tmp_path, say=said.append)
    starts = tmp_path / "starts"
    program = f"open({str(starts)!r}, 'a').write('x'); print('out of luck'); raise SystemExit(3)"
    supervisor.start(Program("unlucky", (sys.executable, "-c", program)))
    _until(starts.exists)

    def interrupt_after_the_second_start() -> None:
        _until(lambda: starts.read_text() == "xx")
        os.kill(os.getpid(), signal.SIGINT)

    interrupter = threading.Thread(target=interrupt_after_the_second_start)
    interrupter.start()
    supervisor.run()
    interrupter.join()
    assert "unlucky ended unexpectedly (code 3); starting it again in 1 s." in said[0]
    assert "out of luck" in said[0]


def test_a_supervisor_that_is_told_to_stop_ends_its_programs_first(tmp_path: Path) -> None:
    supervisor, child = _watching(tmp_path)
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(DEADLINE_SECONDS) == 0
    assert not _exists(child)


def test_a_killed_supervisor_leaves_no_program_behind(tmp_path: Path) -> None:
    supervisor, child = _watching(tmp_path)
    supervisor.kill()
    supervisor.wait()
    _until(lambda: not _exists(child))
