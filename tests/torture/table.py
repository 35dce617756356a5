"""The checks, in the order in which they are run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.torture import races
from tests.torture.ground import Ground
from tests.torture.outcome import Outcome, Scale


@dataclass(frozen=True)
class Check:
    """A statement that must hold, and how it is tried on an installation whose database is empty."""

    name: str
    holds: str
    run: Callable[[Ground, Scale], Outcome]


CHECKS: Final = (
    Check(
        "same customers at once",
        "Two sources send the same customers at the same moment: one golden record each, and no error reaches a client.",
        races.same_customers_at_once,
    ),
    Check(
        "stewards and lost connections",
        "The same while stewards merge, unmerge and judge, and connections are ended: every invariant holds.",
        races.beside_stewards_and_killed_connections,
    ),
)
