"""A data steward in a process of its own, who decides at random and takes back at random until standard input is closed.

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

import django
from django.db import InterfaceError, OperationalError, connection

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # Django must be set up first

from golden_records.errors import MdmError  # noqa: E402
from golden_records.models import MergeReceipt  # noqa: E402
from matching import review  # noqa: E402
from matching.models import JudgementValue, ReviewTask, TaskState  # noqa: E402


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
