"""What the queue shows of a task in its cells."""

from decimal import Decimal
from typing import Final

from django.core.exceptions import ObjectDoesNotExist
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _t

from golden_records.admin import cells
from matching.models import ReviewTask, TaskState

_SCALES: Final = ((Decimal(1_000_000), 1, "M"), (Decimal(1_000), 0, "k"))


def stake(task: ReviewTask) -> str:
    """The revenue of the projects behind a task, in few figures, with all of them behind it."""
    if not task.value_at_stake:
        return format_html('<span class="mdm-quiet">{}</span>', "—")
    exact = formats.number_format(task.value_at_stake, 0, force_grouping=True)
    return format_html('<span class="mdm-number" title="{}">{}</span>', exact, money(task.value_at_stake))


def money(value: Decimal) -> str:
    """An amount in few figures: 1.2 M, 340 k, 900."""
    scale, digits, unit = next((row for row in _SCALES if value >= row[0]), (Decimal(1), 0, ""))
    return f"{formats.number_format(value / scale, digits)} {unit}".strip()


def status(task: ReviewTask) -> str:
    """The state, with the answer and who gave it; of an open one what it waits for, whose it is, and who has it."""
    if task.state == TaskState.DECIDED and task.decided_by is not None:
        answer = cells.pill(str(task.answer), task.get_answer_display())
        return format_html('{} <span class="mdm-quiet">{}</span>', answer, cells.cut(task.decided_by.get_username()))
    if task.state != TaskState.OPEN:
        return cells.pill(task.state, task.get_state_display())
    told = [(text,) for text in _waits_for(task)]
    return format_html_join(" ", "{}", told) or cells.pill("open", _t("open"))


def _waits_for(task: ReviewTask) -> list[str]:
    told: list[str] = []
    if task.awaits_second:
        told.append(cells.pill("second", _t("second steward")))
    if task.deferred_until is not None and task.deferred_until > timezone.localdate():
        told.append(cells.pill("deferred", _t("until %(day)s") % {"day": formats.date_format(task.deferred_until, "SHORT_DATE_FORMAT")}))
    holder = _holder(task)
    if holder:
        told.append(cells.pill("claimed", _t("%(name)s is at it") % {"name": holder}))
    if task.assignee is not None:
        told.append(
            format_html('<span class="mdm-quiet">{}</span>', _t("for %(name)s") % {"name": cells.cut(task.assignee.get_username())})
        )
    return told


def _holder(task: ReviewTask) -> str:
    try:
        claim = task.claim
    except ObjectDoesNotExist:
        return ""
    return cells.cut(claim.user.get_username()) if claim.until > timezone.now() else ""
