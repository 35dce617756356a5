"""The match config that files are matched by."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from matching.core.config import ConfigErrors
from matching.files.columns import Together, bring_together
from matching.files.configs import NothingToCompare, UnreadableConfig, arrange, read_config
from matching.files.reading import FileTable

OWN = """
entity: boat
version: 1
thresholds: {auto: 0.9, review: 0.3}
fields:
  hull: {form: compact, of: [Hull No]}
  owner: {form: person, of: [family_name]}
comparisons:
  hull: {kind: code}
  owner: {kind: text}
blocking:
  hull: {parts: [hull]}
"""


def _together(**columns: list[str]) -> Together:
    table = pa.table(columns)
    return bring_together([FileTable(Path("a.csv"), "CSV", table, np.arange(table.num_rows))], {}, "customer")


def test_a_config_of_ones_own_finds_columns_by_name_and_by_meaning(tmp_path: Path) -> None:
    path = tmp_path / "boats.yml"
    path.write_text(OWN, encoding="utf-8")
    arranged = arrange(_together(**{"Hull No": ["F-12", "F-13"], "Nachname": ["Morel", "Petit"]}), read_config(str(path)), "customer")
    assert arranged.sources == {"Hull No": "Hull No", "family_name": "Nachname"}
    assert arranged.table["family_name"].to_pylist() == ["Morel", "Petit"]


def test_the_shipped_config_gets_full_names_in_their_parts() -> None:
    arranged = arrange(
        _together(**{"Nom complet": ["Anna Morel", "Paul Petit"], "Ville": ["Lyon", "Metz"]}), read_config("customer"), "customer"
    )
    assert arranged.table["family_name"].to_pylist() == ["morel", "petit"]
    assert arranged.sources["city"] == "Ville"


def test_every_error_of_a_config_is_told_at_once_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "boats.yml"
    path.write_text(OWN.replace("compact", "squeezed").replace("kind: text", "kind: guess"), encoding="utf-8")
    with pytest.raises(ConfigErrors) as wrong:
        read_config(str(path))
    assert len(wrong.value.messages) == 2
    assert all(message.startswith("boats.yml: ") for message in wrong.value.messages)


@pytest.mark.parametrize("content", [None, "fields: [", "- a\n- b\n"])
def test_what_is_no_config_is_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "boats.yml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises((UnreadableConfig, ConfigErrors), match=r"boats\.yml"):
        read_config(str(path))


def test_columns_that_tell_nothing_of_anybody_are_an_error_with_a_remedy() -> None:
    with pytest.raises(NothingToCompare) as nothing:
        arrange(_together(id=["1", "2"]), None, "customer")
    assert "--map" in nothing.value.remedy


@pytest.mark.parametrize(("ids", "kept"), [(["2", "1"], True), (["1", "1"], False)])
def test_only_ids_that_name_each_row_once_order_the_rows(ids: list[str], kept: bool) -> None:  # noqa: FBT001 - a column of the table
    arranged = arrange(_together(customer_id=ids, name=["Novatech SARL", "Lafont SA"]), None, "customer")
    assert ("id" in arranged.table.column_names) is kept
