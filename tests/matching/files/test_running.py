"""One file or two in, clusters out."""

from pathlib import Path

import numpy as np

from matching.core.decide import Outcome
from matching.files.pairs import reasons
from matching.files.running import FileOptions, MatchedFiles, match_files
from matching.files.writing import clusters_table, pairs_table
from tests.matching.files.making import people, write_csv


class _Told:
    def __init__(self) -> None:
        self.stages: list[str] = []

    def start(self, words: str) -> None:
        self.stages.append(words)

    def advance(self, done: int) -> None:
        assert done > 0


def test_records_are_found_across_two_files_and_inside_each(matched: MatchedFiles) -> None:
    rows = clusters_table(matched).to_pylist()
    cluster = {(row["file"], row["record_id"]): row["cluster_id"] for row in rows}
    across = [cluster["crm.csv", f"C{number:05}"] == cluster["erp.csv", f"9{number:05}"] for number in range(20, 120)]
    inside = [cluster["crm.csv", f"C{number:05}"] == cluster["crm.csv", f"D{number}"] for number in range(15)]
    assert np.mean(across) > 0.95
    assert np.mean(inside) > 0.9
    assert len({*cluster.values()}) > 110


def test_files_that_have_an_entity_once_are_joined_across_only(systems: tuple[Path, Path]) -> None:
    found = match_files(paths=systems, options=FileOptions(one_per_file=True))
    held = [(row["file"], row["cluster_id"]) for row in clusters_table(found).to_pylist()]
    assert len(held) == len(set(held))
    assert len({cluster for _, cluster in held}) < len(held) - 30


def test_every_record_is_in_the_result_once_with_a_confidence(matched: MatchedFiles) -> None:
    table = clusters_table(matched)
    assert table.num_rows == 235
    assert table.column_names == ["file", "row", "record_id", "cluster_id", "confidence"]
    assert all(0 < share <= 1 for share in table["confidence"].to_pylist())


def test_cluster_ids_are_numbered_without_gaps(matched: MatchedFiles) -> None:
    found = sorted(set(clusters_table(matched)["cluster_id"].to_pylist()))
    assert found == list(range(1, len(found) + 1))


def test_the_order_of_rows_is_no_part_of_the_result(systems: tuple[Path, Path], tmp_path: Path) -> None:
    lines = systems[0].read_text(encoding="utf-8").splitlines()
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join([lines[0], *reversed(lines[1:])]), encoding="utf-8")
    found = []
    for path in (systems[0], turned):
        rows = clusters_table(match_files(paths=[path], options=FileOptions())).to_pylist()
        groups: dict[int, set[str]] = {}
        for row in rows:
            groups.setdefault(row["cluster_id"], set()).add(row["record_id"])
        found.append(sorted(map(sorted, groups.values())))
    assert found[0] == found[1]


def test_doubtful_pairs_are_in_two_clusters_the_most_probable_first(matched: MatchedFiles) -> None:
    pairs, labels = matched.result.pairs, matched.result.clusters.labels
    chosen = matched.doubtful
    assert (labels[pairs.left[chosen]] != labels[pairs.right[chosen]]).all()
    assert (np.diff(pairs.probability[chosen]) <= 0).all()
    assert (pairs.outcome[chosen] != Outcome.NO_MATCH).all()


def test_each_stage_is_told_as_it_begins(systems: tuple[Path, Path]) -> None:
    told = _Told()
    match_files(paths=systems, options=FileOptions(), stages=told)
    assert told.stages[:4] == ["reading crm.csv", "reading erp.csv", "understanding columns", "preparing"]
    assert told.stages[-1] == "clustering"


def test_a_pair_is_put_into_words_for_and_against(matched: MatchedFiles) -> None:
    pairs = matched.result.pairs
    every = np.arange(len(pairs.left))
    told = reasons(pairs, every, matched.result.model)
    assert len(told) == len(every)
    best = told[int(np.argmax(pairs.weight))]
    assert best.startswith("for: same full name, ")
    assert "against" not in best


def test_what_the_registers_tell_apart_is_doubtful_and_told_with_both_rows(tmp_path: Path) -> None:
    firms = [
        {"company": f"{person['family']} Conseil SARL", "siren": f"7{place:08}", "vat": f"FR1{place:010}", "town": person["city"],
         "street": f"{person['house']} {person['street']}", "phone": person["phone"]}
        for place, person in enumerate(people(60))
    ]  # fmt: skip
    others = [{**firm, "siren": f"8{4711 * (place + 9):08}"} for place, firm in enumerate(firms[:5])]
    matched = match_files(paths=[write_csv(tmp_path / "firms.csv", firms + others)], options=FileOptions())
    rows = pairs_table(matched).to_pylist()
    assert {(row["left_row"], row["right_row"]) for row in rows} == {(number, 60 + number) for number in range(1, 6)}
    assert all("veto: two different registration numbers" in row["reason"] for row in rows)
    assert (rows[0]["left_siren"], rows[0]["left_company"]) != (rows[0]["right_siren"], None)


def test_without_doubtful_pairs_their_table_is_empty_and_has_its_columns(matched: MatchedFiles) -> None:
    table = pairs_table(matched)
    assert table.num_rows == len(matched.doubtful)
    assert {"left_file", "left_row", "right_row", "probability", "reason", "left_email", "right_email"} <= set(table.column_names)


def test_a_file_of_names_alone_is_matched_by_them(tmp_path: Path) -> None:
    names = [{"restaurant": f"{person['family']} {person['street']}"} for person in people(90)]
    rows = clusters_table(match_files(paths=[write_csv(tmp_path / "names.csv", names + names[:10])], options=FileOptions())).to_pylist()
    assert all(rows[place]["cluster_id"] == rows[90 + place]["cluster_id"] for place in range(10))
    assert len({row["cluster_id"] for row in rows}) > 80
