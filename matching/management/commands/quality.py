"""`manage.py quality ENTITY`: what people's answers say of the quality of matching."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from golden_records.entities import ENTITIES, entity_type
from golden_records.management.telling import errors_as_lines, plain_console
from matching.management.aims import add_aim_options, aim_of
from matching.measuring import measure
from matching.quality_words import advice_words, precision_words, recall_words


class Command(BaseCommand):
    """Measure, and tell."""

    help = (
        "Say how right automatic matches, thresholds and blocking rules are and how many matches are missed, by the answers of stewards, "
        "each figure with its interval; and which thresholds would spare questions."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("entity", help=f"one of {', '.join(ENTITIES)}")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")
        add_aim_options(parser)

    def handle(self, **options: Any) -> None:
        """Measure and print; nothing is changed."""
        with errors_as_lines():
            found = measure(entity_type(options["entity"]), aim_of(options))
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        _tell(found, plain_console())


def _tell(found: dict[str, Any], console: Console) -> None:
    answers = found["answers"]
    console.print(
        f"{found['config']}: {answers['same']:,} answers 'same', {answers['different']:,} 'different', {answers['unsure']:,} 'unsure'"
    )
    for line in (*precision_words(found), *recall_words(found), *advice_words(found)):
        console.print(line, soft_wrap=True)
    curve = found["curve"]
    if curve["thresholds"]:
        table = Table("threshold", "precision", "between", "recall", "between", title="From each threshold on")
        for threshold, precision, recall in zip(curve["thresholds"], curve["precision"], curve["recall"], strict=True):
            table.add_row(f"{threshold:g}", *_share(precision), *_share(recall))
        console.print(table)
    if found["rules"]:
        rules = Table("blocking rule", "wrong", "answers", "precision", "between", "recall", "between", "only it: wrong", "of")
        for rule in found["rules"]:
            counts = (f"{rule['wrong']:,}", f"{rule['answers']:,}")
            alone = (f"{rule['only_wrong']:,}", f"{rule['only']:,}")
            rules.add_row(rule["name"], *counts, *_share(rule["precision"]), *_share(rule["recall"]), *alone)
        console.print(rules)


def _share(share: dict[str, Any]) -> tuple[str, str]:
    return f"{share['share']:.4f}", f"{share['low']:.3f} and {share['high']:.3f}"
