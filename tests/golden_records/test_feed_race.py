"""Writers, sealers and readers all at once: no event is missed, and each golden record's are told in the order of its changes."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event as Signal
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction

from golden_records import outbox, sealing
from golden_records.models import ChangeEvent, EventType, Seal
from golden_records.outbox import Event
from tests.factories import a_change

Seen = list[tuple[UUID, int]]


@dataclass(frozen=True)
class Race:
    """Writers change a few golden records, with commits at random moments."""

    writers: int
    events_each: int
    sealers: int
    goldens: tuple[UUID, ...] = field(default_factory=lambda: tuple(uuid4() for _ in range(5)))
    done: Signal = field(default_factory=Signal)

    def run(self) -> list[Seen]:
        """Run it to the end, and give what each of two readers saw."""
        with ThreadPoolExecutor(self.writers + self.sealers + 2) as pool:
            readers = [pool.submit(self._read, seed) for seed in range(2)]
            sealers = [pool.submit(self._seal) for _ in range(self.sealers)]
            for writer in [pool.submit(self._write, seed) for seed in range(self.writers)]:
                writer.result()
            sealing.seal()
            self.done.set()
            for sealer in sealers:
                sealer.result()
            return [reader.result() for reader in readers]

    def _write(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - a schedule, no secret
        for _ in range(self.events_each):
            whose = chance.choice(self.goldens)
            with transaction.atomic():
                outbox.publish([Event("customer", EventType.UPDATED, whose, _next_version(whose))], change=a_change())
                time.sleep(chance.uniform(0, 0.004))
        connections.close_all()

    def _seal(self) -> None:
        while not self.done.is_set():
            sealing.seal()
        connections.close_all()

    def _read(self, seed: int) -> Seen:
        chance = random.Random(seed)  # noqa: S311 - as above
        seen: Seen = []
        seq, finished = 0, False
        while not finished:
            all_is_sealed = self.done.is_set()
            page = outbox.sealed_after(seq, limit=chance.randint(1, 40))
            seen += [(event.golden_id, event.golden_version) for event in page.events]
            finished, seq = all_is_sealed and page.is_last, page.seq
        connections.close_all()
        return seen


def _next_version(golden_id: UUID) -> int:
    """Lock, as golden records are locked while they change, and give the number of the change."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [golden_id.int % (1 << 60)])
    return ChangeEvent.objects.filter(golden_id=golden_id).count() + 1


def misses_nothing(race: Race) -> bool:
    told = race.writers * race.events_each
    for seen in race.run():
        assert len(seen) == told
        for whose in race.goldens:
            versions = [version for golden_id, version in seen if golden_id == whose]
            assert versions == list(range(1, len(versions) + 1))
    return list(Seal.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, told + 1))


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_readers_beside_writers_and_sealers_miss_nothing() -> None:
    assert misses_nothing(Race(writers=4, events_each=25, sealers=2))


@pytest.mark.slow
@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_readers_beside_eight_writers_miss_none_of_thousands() -> None:
    assert misses_nothing(Race(writers=8, events_each=500, sealers=3))
