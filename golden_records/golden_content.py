"""What a golden record holds: what survives of its source records and overrides, and where it comes from."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from golden_records.entities import EntityType
from golden_records.models import GoldenState
from golden_records.pins import Entry, pins_of
from golden_records.survivorship.members import Member
from golden_records.survivorship.pins import Lapse
from golden_records.survivorship.rules import SurvivorshipRules
from golden_records.survivorship.survive import Survived, Winner, survive

Content = dict[str, Any]


def day_of(moment: datetime) -> date:
    """Give the day that survivorship goes by: that of UTC, whatever the clock of the machine shows."""
    return moment.astimezone(UTC).date()


def last_day_of(due: date | None, today: date) -> date:
    """Give a day for which the values of a golden record were computed: today, but where the day has changed them since."""
    return today if due is None else min(today, due - timedelta(days=1))


def content_of(
    entity: EntityType, rules: SurvivorshipRules, members: Sequence[Member], pins: Sequence[Entry], day: date
) -> tuple[Content, Sequence[Lapse]]:
    """Give what an active golden record with these active members and overrides holds on a day, and the overrides that are over."""
    survived = survive(rules, members, pins=pins_of(entity, pins) if pins else (), day=day)
    over = {lapse.pin for lapse in survived.lapsed}
    return {
        **survived.values,
        "state": GoldenState.ACTIVE,
        "successor_id": None,
        "lineage": {name: _origin(winner, rules) for name, winner in survived.winners.items()},
        "completeness": round(_known(survived) / len(survived.values), 4),
        "member_count": len(members),
        "pins": [entry for entry in pins if entry["id"] not in over] or None,
        "due_on": survived.due,
    }, survived.lapsed


def differing(before: Mapping[str, Any], content: Mapping[str, Any]) -> list[str]:
    """Name what a golden record holds otherwise than it should.

    That a later version of the rules decides the same is no difference: lineage names the version that decided.
    """
    names = [name for name, value in content.items() if before[name] != value]
    if names == ["lineage"] and _undated(before["lineage"]) == _undated(content["lineage"]):
        return []
    return sorted(names)


def _known(survived: Survived) -> int:
    # Those with a value have a winner; only where somebody said that there is none are there more winners.
    return sum(survived.values[name] is not None for name in survived.winners)


def _origin(winner: Winner, rules: SurvivorshipRules) -> dict[str, object]:
    told: dict[str, object] = {"record": winner.record_id, "source": winner.source, "rule": winner.rule, "rules": rules.version}
    if winner.pin is not None:
        told["pin"] = winner.pin
    if winner.also:
        told["also"] = list(winner.also)
    return told


def _undated(lineage: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {key: value for key, value in origin.items() if key != "rules"} for name, origin in lineage.items()}
