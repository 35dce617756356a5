"""Carrying a mapping to stored records, step by step; those that changed are matched anew."""

import time

from golden_records import remapping
from golden_records.models import MappingRun, StepwiseState


def work_on(run_id: int, *, seconds: float) -> MappingRun:
    """Carry a run on, to its end or for about `seconds`: killed at any point, it goes on after the last step that was done.

    Records that change wait to be matched; the sweep, or whoever looks for them, finds them.
    """
    until = time.monotonic() + seconds
    while True:
        run = remapping.step(run_id)
        if run.state != StepwiseState.RUNNING or time.monotonic() >= until:
            return run
