"""Programs are started so that nothing which happens at that moment is forgotten."""

import subprocess
import sys

# What Python does around a fork is interrupted by a Ctrl-C, as it may be in `logging`, which holds a lock there.
INTERRUPTED = """
import os, signal, sys
from mdm.embedded import processes

def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)

os.register_at_fork(after_in_parent=interrupt)
try:
    processes.start([sys.executable, "-c", "pass"])
except KeyboardInterrupt:
    print("heard")
else:
    print("forgotten")
"""
LISTENING = """
import sys
from pathlib import Path
from mdm.embedded import processes

log = Path(sys.argv[1])
with log.open("wb") as output:
    code = "import signal; print(len(signal.pthread_sigmask(signal.SIG_BLOCK, [])))"
    processes.start([sys.executable, "-c", code], log=output).wait()
print(log.read_text())
"""


def _said(program: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_ctrl_c_while_a_program_starts_is_heard() -> None:
    assert _said(INTERRUPTED) == "heard"


def test_a_program_that_was_started_hears_signals_itself(tmp_path: object) -> None:
    assert _said(LISTENING, f"{tmp_path}/log") == "0"
