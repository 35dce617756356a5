"""A data steward in a process of its own, who decides, splits, moves and takes back at random until standard input is closed.

What the service refuses (somebody else was first, a judgement stands against it, come again) is part of the work; a lost connection
too. Anything else is an offence.
"""

import json
import random
import select
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import django
from django.db import InterfaceError, OperationalError, connection

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # Django must be set up first

from golden_records.change import Change  # noqa: E402
from golden_records.errors import MdmError  # noqa: E402
from golden_records.models import MergeReceipt, MoveReceipt  # noqa: E402
from matching import regrouping, review  # noqa: E402
from matching.models import JudgementValue, ReviewTask, TaskState  # noqa: E402
from matching.regroup_plan import Regrouping, RegroupKind  # noqa: E402
from matching.regroup_preview import look  # noqa: E402
from tests.torture.clients import DOUBTFUL  # noqa: E402
from tests.torture.ground import CUSTOMER  # noqa: E402


def main(seed: int) -> None:
    """Work until told to stop."""
    chance = random.Random(seed)
    user = User.objects.get(username="steward")
    actions: tuple[tuple[str, Callable[[], object]], ...] = (
        ("same", lambda: _decide(chance, user, JudgementValue.SAME)),
        ("same", lambda: _decide(chance, user, JudgementValue.SAME)),
        ("different", lambda: _decide(chance, user, JudgementValue.DIFFERENT)),
        ("taken back", lambda: _take_back(chance, user)),
        ("taken back", lambda: _take_back(chance, user)),
        ("unmerged", lambda: _unmerge(chance, user)),
        ("split off", lambda: _take_out(chance, user, RegroupKind.SPLIT)),
        ("moved", lambda: _take_out(chance, user, RegroupKind.MOVE)),
        ("put back", lambda: _put_back(chance, user)),
    )
    counts: Counter[str] = Counter()
    offences: list[str] = []
    print("ready", flush=True)
    while not _told_to_stop():
        name, act = chance.choice(actions)
        counts[_tried(name, act, offences)] += 1
    print(json.dumps({"counts": counts, "offences": offences}))


def _tried(name: str, act: Callable[[], object], offences: list[str]) -> str:
    try:
        return name if act() else "nothing to do"
    except MdmError as error:
        return f"refused: {error.code}"
    except (InterfaceError, OperationalError):
        connection.close()
        return "lost"
    except Exception as error:  # noqa: BLE001 - what is not foreseen is what is looked for
        offences.append(f"{name}: {type(error).__name__}: {error}")
        return "failed"


def _decide(chance: random.Random, user: User, answer: JudgementValue) -> bool:
    task = _any(chance, list(ReviewTask.objects.filter(state=TaskState.OPEN).values_list("pk", flat=True)))
    return task is not None and bool(review.decide(task, answer=answer, user=user))


def _take_back(chance: random.Random, user: User) -> bool:
    task = _any(chance, list(ReviewTask.objects.filter(state=TaskState.DECIDED).values_list("pk", flat=True)))
    return task is not None and bool(review.undo(task, user=user))


def _unmerge(chance: random.Random, user: User) -> bool:
    merge = _any(chance, list(MergeReceipt.objects.filter(undone_at__isnull=True).values_list("pk", flat=True)))
    return merge is not None and bool(review.undo_merge(merge, user=user))


def _take_out(chance: random.Random, user: User, kind: RegroupKind) -> bool:
    """Take a doubtful record that was merged into another golden record out of it by hand, to one of its own or to another's."""
    merged = MergeReceipt.objects.filter(undone_at__isnull=True).values_list("survivor_id", flat=True)
    doubtful = CUSTOMER.records.filter(external_id__endswith=DOUBTFUL, golden__isnull=False)
    record = _any(chance, list(doubtful.filter(golden_id__in=list(merged)).values_list("pk", flat=True)))
    if record is None:
        return False
    golden_id = doubtful.values_list("golden_id", flat=True).get(pk=record)
    other = None
    if kind is RegroupKind.MOVE:
        others = list(doubtful.exclude(golden_id=golden_id).order_by("pk").values_list("golden_id", flat=True)[:_NEAR])
        other = chance.choice(others) if others else None
        if other is None:
            return False
    wish, change = Regrouping(kind, golden_id, other, (record,)), _by(user, f"{kind.value} of record {record}")
    seen = look(CUSTOMER, wish, change=change)
    return bool(regrouping.carry_out(CUSTOMER, wish, fingerprint=seen.fingerprint, change=change, confirmed=True))


def _put_back(chance: random.Random, user: User) -> bool:
    move = _any(chance, list(MoveReceipt.objects.filter(undone_at__isnull=True).values_list("pk", flat=True)))
    return move is not None and bool(regrouping.undo_move(move, change=_by(user, f"undo of {move}")))


def _by(user: User, reason: str) -> Change:
    return Change(actor=f"steward:{user.get_username()}", reason=reason, user_id=user.pk)


_NEAR: Final = 40
"""Golden records that a record may be moved to: few, so that stewards get in each other's way."""


def _any(chance: random.Random, ids: list[int]) -> int | None:
    if ids:
        return chance.choice(ids)
    time.sleep(0.05)
    return None


def _told_to_stop() -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable)


if __name__ == "__main__":
    main(int(sys.argv[1]))
