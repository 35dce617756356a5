"""The checks, in the order in which they are run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.torture import losses, orders, races
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
    Check(
        "workers killed",
        "Workers are killed while a bulk load is matched: no record is lost, none is in two golden records, none is made twice.",
        losses.workers_killed_while_loading,
    ),
    Check(
        "broker killed and emptied",
        "The broker is killed and emptied while records come in: all are accepted, and all are matched afterwards.",
        losses.broker_killed_and_emptied,
    ),
    Check(
        "any order",
        "The same records in any order, one by one or in bulk, by one, two or four at once: after the sweep what one batch gives.",
        orders.any_order,
    ),
)
