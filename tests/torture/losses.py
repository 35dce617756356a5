"""Workers that are killed in the middle of a bulk load, and a broker that is killed and emptied: nothing is lost, nothing is doubled."""

import random
import time
from collections.abc import Sequence
from typing import Final

from django.db import transaction

from golden_records import sources
from golden_records.models import MatchState
from golden_records.sources import SourceRecordDraft
from matching import runs
from matching.models import MatchRun, RunChunk, RunState
from mdm.embedded import processes
from tests.benchmarks.serving.firms import firm
from tests.torture.clients import put_firm, send_all
from tests.torture.ground import CHANGE, CUSTOMER, Ground, let_leases_end, wait_for
from tests.torture.outcome import Outcome, Scale, each_firm_once, told

CHUNK: Final = 500


def workers_killed_while_loading(ground: Ground, scale: Scale) -> Outcome:
    """A bulk load is matched by a worker that is killed again and again, each time a little further on: all is there, and once."""
    firms = range(scale.bulk // 2)
    _load(ground, firms)
    ground.start_broker()
    ground.start_beat()
    run = runs.start(CUSTOMER, actor="torture")
    chance, kills = random.Random(scale.bulk), 0
    while kills < scale.worker_kills:
        worker = ground.start_worker()
        progressed = _progress(run)
        came_on = wait_for(lambda before=progressed: _progress(run) != before)  # type: ignore[misc]  # bound now
        time.sleep(chance.random())
        processes.kill_group(worker)
        kills += 1
        let_leases_end()
        if not came_on or _progress(run)[0] == RunState.COMPLETED:
            break
    ground.start_worker()
    finished = wait_for(lambda: _progress(run)[0] == RunState.COMPLETED and not _waiting())
    offences = each_firm_once(firms)
    if not finished:
        offences.append(f"{_waiting()} records still wait, the run is {_progress(run)[0]}")
    if kills < scale.worker_kills:
        offences.append(f"the run was over after {kills} kills: load more")
    count = CUSTOMER.goldens.count()
    if count != len(firms):
        offences.append(f"{count} golden records were made for {len(firms)} firms")
    attempts = MatchRun.objects.get(pk=run.pk).attempt
    return Outcome(f"{scale.bulk:,} records, {kills} kills", offences, f"taken up {attempts} times")


def broker_killed_and_emptied(ground: Ground, scale: Scale) -> Outcome:
    """Records come in while the broker is killed, restarted empty, and emptied: all are taken, and all are matched without a hand."""
    ground.start_broker()
    worker = _KeptWorker(ground)
    ground.start_beat()
    port = ground.start_web()
    size = max(10, scale.customers // scale.broker_losses)
    offences: list[str] = []
    answered = None
    for loss in range(scale.broker_losses):
        wave = range(loss * size, (loss + 1) * size)
        if loss % 2:
            ground.empty_broker()
        else:
            ground.kill_broker()
        _load(ground, wave, only="erp")
        answers = send_all(ground, port, [[put_firm(number, "crm") for number in wave]])
        offences += answers.offences
        answered = answers if answered is None else answered
        answered.counts.update(answers.counts if answers is not answered else {})
        if not loss % 2:
            ground.start_broker()
        worker.is_kept()
    begun = time.monotonic()
    if not wait_for(lambda: worker.is_kept() and not _waiting()):
        offences.append(f"{_waiting()} records still wait")
    waited = time.monotonic() - begun
    firms = range(scale.broker_losses * size)
    counts = told(answered.counts) if answered else ""
    words = f"{counts}; the last record was matched {waited:.0f} s after the last loss; the worker ended {worker.ended} times"
    return Outcome(f"{2 * len(firms):,} records, {scale.broker_losses} losses", offences + each_firm_once(firms), words)


class _KeptWorker:
    """A worker that is started again where it ends, as `mdm run` and the containers do: Celery may give up while a broker comes back."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.process, self.ended = ground, ground.start_worker(), 0

    def is_kept(self) -> bool:
        """Start it again if it has ended; True, so that it can stand before what is waited for."""
        if self.process.poll() is not None:
            self.ended += 1
            processes.kill_group(self.process)
            self.process = self.ground.start_worker()
        return True


def _load(ground: Ground, firms: Sequence[int], *, only: str | None = None) -> None:
    """Store firms as both sources have them, waiting to be matched, as an import does."""
    for code, source in ground.sources.items():
        if only not in {None, code}:
            continue
        for start in range(0, len(firms), CHUNK):
            drafts = [SourceRecordDraft(CUSTOMER, source, str(number), firm(number, code)) for number in firms[start : start + CHUNK]]
            with transaction.atomic():
                sources.store(CUSTOMER, [sources.understand(draft) for draft in drafts], change=CHANGE)


def _progress(run: MatchRun) -> tuple[str, int, int, int]:
    """Give how far a run is: its state, its attempt, and the chunks that are made and applied."""
    state, attempt = MatchRun.objects.values_list("state", "attempt").get(pk=run.pk)
    chunks = RunChunk.objects.filter(run=run)
    return state, attempt, chunks.count(), chunks.filter(applied_at__isnull=False).count()


def _waiting() -> int:
    return int(CUSTOMER.records.exclude(match_state=MatchState.MATCHED).count())
