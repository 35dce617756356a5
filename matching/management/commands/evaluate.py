"""`manage.py evaluate FILE`: how good the engine is on a labelled file."""

import json
from argparse import ArgumentParser
from math import isnan
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console

from golden_records.management.telling import errors_as_lines
from matching.core.declarations import Thresholds
from matching.engines.labelled import LABELS
from matching.files.accuracy import Scores, accuracy, judged
from matching.files.evaluating import figures, match_labelled
from matching.files.report import write_report
from matching.management.aims import add_aim_options, aim_of
from matching.management.files import add_file_options, file_options, stage_bars


class Command(BaseCommand):
    """Match a labelled file without the database and print how right the result is."""

    help = "Match a labelled file and print precision, recall, time and memory. The labels are for scoring only."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV, NDJSON or Parquet")
        parser.add_argument("--labels", default=LABELS, metavar="COLUMN", help="equal values mark one entity (%(default)s)")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")
        add_aim_options(parser)
        add_file_options(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        """Run, print, and turn errors into a line and an exit code."""
        said = file_options(options)
        aim = aim_of(options)
        with errors_as_lines(), stage_bars(Console(stderr=True, quiet=not self.stdout.isatty())) as stages:
            matched, truth = match_labelled(path=options["file"], options=said, labels=options["labels"], stages=stages)
            found = figures(matched, truth)
            stages.start("judging the scores")
            scores = judged(matched, truth, aim)
            if options["report"]:
                stages.start("drawing the report")
                write_report(matched, said, Path(options["report"]), accuracy(matched, truth, scores))
        found |= _told(scores, matched.config.thresholds)
        if options["as_json"]:
            self.stdout.write(json.dumps(found | {"calibration": _bins(scores)}))
            return
        for name, value in found.items():
            self.stdout.write(f"{name:<18} {value:,.4f}" if isinstance(value, float) else f"{name:<18} {value:,}")


def _told(scores: Scores, now: Thresholds) -> dict[str, float | int]:
    """Say how far probabilities are from the truth, and which thresholds are in force and would be chosen by the labels."""
    return {
        "calibration_error": round(scores.reliability.error, 6),
        "auto_now": now.auto,
        "auto_by_labels": round(scores.choice.thresholds.auto, 6),
        "precision_bound": round(scores.choice.precision_bound, 6),
        "review_now": now.review,
        "review_by_labels": round(scores.choice.thresholds.review, 6),
    }


def _bins(scores: Scores) -> list[dict[str, float | None]]:
    """Give the bins of the calibration, each with what third records vouch for; None where none says anything."""
    table, checked = scores.reliability, scores.vouched
    columns = {name: getattr(table, name).tolist() for name in ("lower", "upper", "pairs", "trials", "predicted", "share", "low", "high")}
    columns |= {"settled": checked.settled.tolist(), "said": checked.said.tolist()}
    columns |= {"vouched_low": checked.low.tolist(), "vouched_high": checked.high.tolist()}
    rows = zip(*columns.values(), strict=True)
    return [{name: None if isnan(value) else value for name, value in zip(columns, row, strict=True)} for row in rows]
