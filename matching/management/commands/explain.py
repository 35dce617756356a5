"""`manage.py explain SOURCE:ID SOURCE:ID`: why two records are one or two, and why they were or were not compared."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from golden_records.entities import ENTITIES, entity_type
from golden_records.errors import MdmError
from matching.core.meeting import Meeting
from matching.pair_explanations import ExplainedRecords, explain_records

_SIGNS: Final = {Meeting.MET: "yes", Meeting.COMMON: "too common", Meeting.CHANCE: "chance"}


class Command(BaseCommand):
    """Explain a pair of source records."""

    help = "Explain any two records: what speaks for and against one entity, and by which blocking rules they meet or why not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the two records and the options."""
        parser.add_argument("left", metavar="SOURCE:ID", help="the source's code and its own id of the record, such as crm:0042")
        parser.add_argument("right", metavar="SOURCE:ID")
        parser.add_argument("--entity", choices=sorted(ENTITIES), default="customer")

    def handle(self, **options: Any) -> None:
        """Print the verdict, the waterfall in words, and the rules."""
        try:
            found = explain_records(entity_type(options["entity"]), _named(options["left"]), _named(options["right"]))
        except MdmError as error:
            raise CommandError(f"{error.message} {error.remedy}".strip()) from error
        _show(found, Console(markup=False, emoji=False, highlight=False))


def _named(text: str) -> tuple[str, str]:
    source, found, external_id = text.partition(":")
    if not found or not source or not external_id:
        message = f"'{text}' is not SOURCE:ID."
        raise CommandError(message)
    return source, external_id


def _show(found: ExplainedRecords, console: Console) -> None:
    told = found.explanation
    console.print(told.verdict)
    evidence = Table(title=f"{told.weight:+.1f} bits, match probability {told.probability:.4f}, config {found.config_version}")
    for column in ("evidence", "left", "right"):
        evidence.add_column(column, overflow="fold")
    evidence.add_column("bits", justify="right")
    for step in told.steps:
        if step.level != "missing":
            evidence.add_row(step.words, step.left or "", step.right or "", f"{step.bits:+.1f}")
    console.print(evidence)
    rules = Table(title="Blocking rules")
    for column in ("rule", "meet", "why"):
        rules.add_column(column, overflow="fold")
    for rule in told.rules:
        rules.add_row(rule.rule, _SIGNS.get(rule.meeting, "no"), rule.reason)
    console.print(rules)
