"""Which pytest-xdist worker runs which test, where a run uses two databases at once."""

from collections.abc import Callable
from itertools import islice
from typing import Final

import pytest
from xdist.scheduler import LoadScheduling
from xdist.workermanage import WorkerController

# A worker starts a test only when it knows the next one, so it must always hold two.
LOW_WATER: Final = 2
HIGH_WATER: Final = 4


class DatabaseScheduling(LoadScheduling):
    """Gives a worker the tests of its own database first, then the tests that need none.

    Tests without a database go to whichever worker is free first: they even out what the two databases take.
    """

    collection: list[str] | None

    def __init__(self, config: pytest.Config, *, worker_database: Callable[[str], str]) -> None:
        super().__init__(config)
        self.worker_database = worker_database
        self.database_of_test: list[str | None] = []

    def schedule(self) -> None:
        """Start the distribution; called again when a worker joins."""
        if self.collection is None:
            if not self._check_nodes_have_same_collection():
                return
            self.collection = next(iter(self.node2collection.values()))
            self.database_of_test = [_database_in(test_id) for test_id in self.collection]
            self.pending[:] = sorted(range(len(self.collection)), key=lambda index: self.database_of_test[index] is None)
        for node in self.nodes:
            self.check_schedule(node)

    def check_schedule(self, node: WorkerController, duration: float = 0) -> None:
        """Refill a worker that runs dry, and let it go when nothing is left that it may run."""
        del duration
        held = self.node2pending[node]
        if node.shutting_down or len(held) > LOW_WATER:
            return
        mine = (None, self.worker_database(node.gateway.id))
        tests = list(islice((index for index in self.pending if self.database_of_test[index] in mine), HIGH_WATER - len(held)))
        if tests:
            taken = set(tests)
            self.pending[:] = [index for index in self.pending if index not in taken]
            held.extend(tests)
            node.send_runtest_some(tests)
        else:
            node.shutdown()


def _database_in(test_id: str) -> str | None:
    """The database named in a test's parameters: an id is all that the controller knows of a test."""
    _, _, parameters = test_id.partition("[")
    names = parameters.rstrip("]").split("-")
    return next((name for name in ("sqlite", "postgresql") if name in names), None)
