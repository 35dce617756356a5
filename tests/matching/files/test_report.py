"""The report: everything in one page, whatever is in the files."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from matching.core.thresholds import Aim
from matching.files.accuracy import accuracy, judged
from matching.files.evaluating import match_labelled
from matching.files.report import report, warnings, write_report
from matching.files.running import FileOptions, MatchedFiles, match_files
from matching.files.writing import UnwritableFile, write_table
from matching.templatetags.files_report import percent
from tests.matching.files.making import english, people, write_csv

VOID = {"meta", "br", "link", "img", "input", "hr"}


class _Balanced(HTMLParser):
    """Reads a page and notices tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {"src", "onload", "onclick"} & {name for name, _ in attrs}
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(matched: MatchedFiles) -> str:
    return report(matched, FileOptions())


def test_the_page_stands_alone(page: str) -> None:
    assert set(re.findall(r"https?://[^\"'\s<)]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in page
    assert "url(" not in re.sub(r"url\(#", "", page)


def test_the_page_is_whole(page: str) -> None:
    reader = _Balanced()
    reader.feed(page)
    assert reader.open == []
    assert "script" not in reader.seen


def test_the_page_says_what_was_read_and_how_columns_were_taken(page: str) -> None:
    assert "CSV, cp1252, semicolon" in page
    assert "Records are linked across both files and inside each of them." in page
    assert "Nom complet" in page
    assert "--map" in page


def test_the_page_says_what_came_out_and_what_was_learnt(page: str) -> None:
    for words in ("records in", "clusters across both files", "records merged inside crm.csv", "What was learnt", "Cluster sizes"):
        assert words in page


def test_values_are_never_markup(tmp_path: Path) -> None:
    rows = [{**english(person), "last_name": "<script>alert(1)</script>"} for person in people(30)]
    path = write_csv(
        tmp_path / "<b>odd.csv", [*rows, *[{**row, "customer_id": f"x{place}", "town": "<i>"} for place, row in enumerate(rows)]]
    )
    page = report(match_files(paths=[path], options=FileOptions()), FileOptions())
    assert "<script" not in page
    assert "<i>" not in page
    assert "&lt;b&gt;odd.csv" in page


def test_a_small_file_warns_that_little_could_be_learnt(tmp_path: Path) -> None:
    matched = match_files(paths=[write_csv(tmp_path / "a.csv", [english(person) for person in people(8)])], options=FileOptions())
    assert any("too few matches" in warning for warning in warnings(matched))


def test_labels_add_how_right_it_is(tmp_path: Path) -> None:
    rows = [{**english(person), "cluster": person["number"]} for person in people(60)]
    rows += [{**row, "customer_id": f"x{place}", "dob": "", "email": ""} for place, row in enumerate(rows[:30])]
    matched, truth = match_labelled(path=write_csv(tmp_path / "a.csv", rows), options=FileOptions())
    assert "cluster" not in matched.together.table.column_names
    scored = accuracy(matched, truth, judged(matched, truth))
    assert scored.figures.pairs_f1 > 0.9
    assert len(scored.scores.weights) == len(scored.scores.true) == scored.figures.candidates
    assert scored.scores.reliability.pairs.sum() == scored.figures.candidates
    assert sum(rule.found for rule in scored.rules) >= 30
    page = report(matched, FileOptions(), scored)
    assert "How right it is" in page
    assert "95 % interval" in page
    assert "Vouched for" in page
    assert "Thresholds by the labels" in page


def test_labels_choose_the_thresholds_for_a_stated_precision(tmp_path: Path) -> None:
    rows = [{**english(person), "cluster": person["number"]} for person in people(60)]
    rows += [{**row, "customer_id": f"x{place}", "dob": "", "email": ""} for place, row in enumerate(rows[:40])]
    matched, truth = match_labelled(path=write_csv(tmp_path / "a.csv", rows), options=FileOptions())
    found = judged(matched, truth, Aim(precision=0.9))
    chosen = (found.true & (1 / (1 + 2.0**-found.weights) >= found.choice.thresholds.auto - 1e-9)).sum()
    assert chosen == found.choice.same == found.choice.answers == 40
    assert found.choice.thresholds.review < found.choice.thresholds.auto
    never = judged(matched, truth, Aim(precision=0.99))
    assert never.choice.thresholds.auto == 1
    assert "No auto threshold carries" in report(matched, FileOptions(), accuracy(matched, truth, never))


def test_the_worst_errors_are_shown_with_why(tmp_path: Path) -> None:
    rows = [{**english(person), "cluster": person["number"]} for person in people(60)]
    false = [{**row, "customer_id": f"x{place}", "cluster": f"other {place}"} for place, row in enumerate(rows[:3])]
    missed = [
        {**english(person), "cluster": rows[place]["cluster"], "customer_id": f"y{place}"} for place, person in enumerate(people(3, seed=9))
    ]
    matched, truth = match_labelled(path=write_csv(tmp_path / "a.csv", [*rows, *false, *missed]), options=FileOptions())
    scored = accuracy(matched, truth, judged(matched, truth))
    assert len(scored.false_merges) == 3
    assert all(pair.probability > 0.5 for pair in scored.false_merges)
    assert len(scored.missed) == 3
    assert all(pair.reason.startswith("against") for pair in scored.missed)


def test_an_output_that_cannot_be_written_is_told(matched: MatchedFiles, tmp_path: Path) -> None:
    with pytest.raises(UnwritableFile, match="no folder"):
        write_report(matched, FileOptions(), tmp_path / "no folder" / "report.html")
    with pytest.raises(UnwritableFile, match="no folder"):
        write_table(matched.attributes, tmp_path / "no folder" / "c.parquet")


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0.0 %"), (1, "100.0 %"), (0.5, "50.0 %"), (0.9995, "99.950 %"), (0.9999999, "over 99.999 %"), (0.0000001, "under 0.001 %"),
    ],
)  # fmt: skip
def test_a_share_is_never_rounded_to_everything_or_nothing(share: float, words: str) -> None:
    assert percent(share) == words
