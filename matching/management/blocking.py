"""How `manage.py blocking` tells what blocking did, and which rules it suggests."""

from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from matching.core.coverage import Coverage
from matching.core.key_texts import key_text
from matching.core.suggest import SAMPLED, Suggestions
from matching.engines.blocking_study import BlockingStudy, RuleStudy, study_document
from matching.engines.local import MatchResult


def document_of(study: BlockingStudy, result: MatchResult) -> dict[str, Any]:
    """Give a study for programs: rows of the table as record ids, and common keys with their values."""
    document = study_document(study, np.arange(result.prepared.size))
    for number, rule in enumerate(document["rules"]):
        for key in rule["left_out"]["commonest"]:
            key["text"] = _text(result, number, key["record_id"], key["key"])
    return document


def show_study(study: BlockingStudy, result: MatchResult, console: Console) -> None:
    """Print what each rule costs and finds, what was left out, the commonest keys, and what all rules miss."""
    console.print(
        f"{study.records:,} records, {study.candidates:,} pairs compared" + (": the table is compared whole" if study.whole else "")
    )
    used = [rule for rule in study.rules if rule.keys]
    if len(used) < len(study.rules):
        console.print(f"Rules without any key: {', '.join(rule.name for rule in study.rules if not rule.keys)}", soft_wrap=True)
    console.print(_costs(used))
    if any(rule.common_keys or rule.left_out.lone.pairs for rule in used):
        console.print(_left_out(used))
        console.print(_common_keys(study, result))
    console.print(coverage_words(study.coverage), soft_wrap=True)


def coverage_words(found: Coverage) -> str:
    """Say in a sentence how many matches all rules miss, and how sure that is."""
    if found.counted is not None:
        return (
            f"The rules find about {found.found:,.0f} matches and miss {found.counted:,.0f}, which were found by comparing all pairs. "
            f"Without, the estimate would be {found.missed:,.0f}."
        )
    if np.isinf(found.high):
        return f"The rules find about {found.found:,.0f} matches. What they miss can't be told: all rules look at one thing."
    least, most = found.recall_interval
    return (
        f"The rules find about {found.found:,.0f} matches and miss about {found.missed:,.0f} ({found.low:,.0f} to {found.high:,.0f}): "
        f"{found.recall:.2%} found ({least:.2%} to {most:.2%}), by capture-recapture between {', '.join(found.lists)}."
    )


def show_suggestions(found: Suggestions, console: Console) -> None:
    """Print the rules that are worth having, what they bring, and the lines to paste into a match config."""
    sample = f", on a sample of {found.sampled:,} records" if found.sampled == SAMPLED else ""
    console.print(
        f"{found.tried:,} further rules were tried{sample}. With them {found.known:,.0f} matches are known, "
        f"of which the present rules find {found.found:,.0f} in {found.pairs:,.0f} pairs.",
        soft_wrap=True,
    )
    if not found.rules:
        console.print("None of them is worth its cost.")
        return
    table = _table("Rules worth having, most matches per pair first", ("rule",), ("further pairs", "further matches", "found then"))
    so_far = found.found
    for rule in found.rules:
        so_far += rule.matches
        table.add_row(rule.rule.name, f"{rule.pairs:,.0f}", f"{rule.matches:,.0f}", f"{so_far / max(found.known, 1):.2%}")
    console.print(table)
    console.print("blocking:")
    for rule in found.rules:
        console.print(f"  {rule.words}", soft_wrap=True)


def _costs(rules: list[RuleStudy]) -> Table:
    numbers = ("keys", "pairs", "share", "seconds", "matches", "only it")
    table = _table("What each rule costs and finds", ("rule", "looks at"), numbers)
    for rule in rules:
        figures = (f"{rule.keys:,}", f"{rule.pairs:,}", f"{rule.share:.1%}", f"{rule.seconds:.2f}", f"{rule.matches:,.0f}")
        table.add_row(rule.name, rule.words, *figures, f"{rule.only_matches:,.0f}")
    return table


def _left_out(rules: list[RuleStudy]) -> Table:
    numbers = ("limit", "common keys", "records", "pairs left out", "came back", "would match", "at most", "lone pairs", "would match")
    table = _table("What was left out", ("rule", "refined by"), numbers)
    for rule in rules:
        common, lone = rule.left_out.common, rule.left_out.lone
        if rule.common_keys or lone.pairs:
            limit = f"{rule.limit:,}" + (f" of {rule.allowed:,}" if rule.limit < rule.allowed else "")
            keys = (limit, f"{rule.common_keys:,}", f"{rule.common_records:,}", f"{common.pairs:,}", f"{common.came_back:,}")
            rest = (f"{common.matches:,.0f}", f"{common.most:,.0f}", f"{lone.pairs:,}", f"{lone.matches:,.0f}")
            table.add_row(rule.name, ", ".join(rule.refined_by) or "none", *keys, *rest)
    return table


def _common_keys(study: BlockingStudy, result: MatchResult, most: int = 20) -> Table:
    listed = [(number, key) for number, rule in enumerate(study.rules) for key in rule.left_out.commonest]
    table = _table("The commonest keys", ("rule", "key"), ("records", "pairs", "came back"))
    for number, key in sorted(listed, key=lambda found: -found[1].records)[:most]:
        text = _text(result, number, key.row, key.key)
        table.add_row(study.rules[number].name, text, f"{key.records:,}", f"{key.pairs:,}", f"{key.came_back:,}")
    return table


def _text(result: MatchResult, number: int, row: int, key: int) -> str:
    config = result.model.config
    return key_text(result.prepared, row, config.blocking[number], key, config.entity)


def _table(title: str, texts: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(title=title)
    for name in texts:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table
