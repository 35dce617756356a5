"""What thresholds shall give, as options of commands."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from matching.core.thresholds import Aim


def add_aim_options(parser: ArgumentParser) -> None:
    """Declare the precision and the loss that thresholds are chosen for, and how sure both must be."""
    usual = Aim()
    parser.add_argument(
        "--precision", type=_share, default=usual.precision, help="share of automatic matches that must be true (%(default)s)"
    )
    parser.add_argument("--loss", type=_share, default=usual.loss, help="share of all matches that may be lost below the questions")
    parser.add_argument("--confidence", type=_share, default=usual.confidence, help="how sure that must be (%(default)s)")


def aim_of(options: Mapping[str, Any]) -> Aim:
    """Read the options."""
    return Aim(options["precision"], options["loss"], options["confidence"])


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share < 1:
        raise ValueError
    return share
