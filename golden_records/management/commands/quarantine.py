"""`manage.py quarantine list|show|mend|replay|dismiss`: look after the rows that could not be taken."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from golden_records import quarantine
from golden_records.change import Change
from golden_records.management.telling import errors_as_lines, plain_console
from golden_records.models import QuarantinedRow, QuarantineState
from golden_records.quarantine import Replay


class Command(BaseCommand):
    """List the quarantine, show a row, correct and replay rows, or set them aside."""

    help = "Look after rows that could not be taken: list, show, mend, replay, dismiss."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the five actions."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|mend|replay|dismiss")
        listing = actions.add_parser("list", help="list the rows")
        _add_filters(listing)
        listing.add_argument("--state", choices=QuarantineState.values, default=QuarantineState.OPEN)
        listing.add_argument("--limit", type=int, default=50)
        actions.add_parser("show", help="show a row and what is wrong with it").add_argument("id", type=int)
        mending = actions.add_parser("mend", help="correct values of a row and take it in")
        mending.add_argument("id", type=int)
        mending.add_argument("--set", nargs="+", action="extend", required=True, metavar="COLUMN=VALUE", dest="corrections")
        replaying = actions.add_parser("replay", help="try rows again as they are")
        replaying.add_argument("ids", type=int, nargs="*", metavar="id")
        replaying.add_argument("--all", action="store_true", help="all open rows that pass the filters")
        _add_filters(replaying)
        dismissing = actions.add_parser("dismiss", help="set a row aside for good")
        dismissing.add_argument("id", type=int)
        dismissing.add_argument("--reason", required=True)

    def handle(self, **options: Any) -> None:
        """Do what was asked."""
        with errors_as_lines():
            _ACTIONS[options["action"]](plain_console(), options)


def _add_filters(parser: ArgumentParser) -> None:
    parser.add_argument("--source", help="code of the source system")
    parser.add_argument("--entity")
    parser.add_argument("--job", type=int, help="number of the import")


def _filtered(options: Mapping[str, Any], state: str) -> Any:
    filters = {"source__code": options["source"], "entity": options["entity"], "job_id": options["job"], "state": state}
    rows = QuarantinedRow.objects.filter(**{name: value for name, value in filters.items() if value is not None})
    return rows.select_related("source").order_by("id")


def _list(console: Console, options: Mapping[str, Any]) -> None:
    found = _filtered(options, options["state"])
    table = Table("id", "kind", "import: row", "external id", "value", "problem")
    for row in found[: options["limit"]]:
        head = [str(row.pk), f"{row.source.code} {row.entity}", f"{row.job_id}: {row.row_number}" if row.job_id else "", row.external_id]
        for problem in row.problems:
            table.add_row(*head, problem["value"], f"{problem['field']}: {problem['reason']}")
            head = [""] * len(head)
    console.print(table)
    console.print(f"{min(found.count(), options['limit'])} of {found.count()} {options['state']} row(s)")


def _show(console: Console, options: Mapping[str, Any]) -> None:
    row = QuarantinedRow.objects.select_related("source", "job").filter(pk=options["id"]).first()
    if row is None:
        message = f"There is no quarantined row {options['id']}."
        raise CommandError(message)
    place = f", row {row.row_number} of {row.job.file_name}" if row.job is not None else ""
    console.print(f"{row.source.code} {row.entity}{place}: {row.get_state_display()}")
    _print_problems(console, row)
    table = Table("column", "value")
    for name, value in row.payload.items():
        table.add_row(name, str(value))
    console.print(table)


def _mend(console: Console, options: Mapping[str, Any]) -> None:
    corrections = dict(_pair(text) for text in options["corrections"])
    change = Change(actor="command:quarantine", reason=f"mended: {', '.join(corrections)}")
    _tell(console, quarantine.mend_and_replay(options["id"], corrections, change=change))


def _replay(console: Console, options: Mapping[str, Any]) -> None:
    ids = list(_filtered(options, QuarantineState.OPEN).values_list("id", flat=True)) if options["all"] else options["ids"]
    if not ids and not options["all"]:
        message = "Name the rows, or use --all."
        raise CommandError(message)
    replays = quarantine.replay(ids, change=Change(actor="command:quarantine", reason="replayed"))
    for replay in replays:
        _tell(console, replay)
    taken = sum(replay.outcome is not None for replay in replays)
    console.print(f"{taken} of {len(replays)} row(s) were taken.")


def _dismiss(console: Console, options: Mapping[str, Any]) -> None:
    row = quarantine.dismiss(options["id"], change=Change(actor="command:quarantine", reason=options["reason"]))
    console.print(f"Row {row.pk} is dismissed.")


def _tell(console: Console, replay: Replay) -> None:
    if replay.outcome is not None:
        console.print(f"Row {replay.row.pk} was taken: {replay.outcome}.")
        return
    console.print(f"Row {replay.row.pk} still can't be taken:")
    _print_problems(console, replay.row)


def _print_problems(console: Console, row: QuarantinedRow) -> None:
    table = Table("field", "value", "reason", "remedy")
    for problem in row.problems:
        table.add_row(*(str(problem[name]) for name in ("field", "value", "reason", "remedy")))
    console.print(table)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        message = f"'{text}': write COLUMN=VALUE."
        raise CommandError(message)
    return name, value


_ACTIONS: Final[Mapping[str, Callable[[Console, Mapping[str, Any]], None]]] = MappingProxyType(
    {"list": _list, "show": _show, "mend": _mend, "replay": _replay, "dismiss": _dismiss}
)
