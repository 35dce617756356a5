"""Match configs: shipped ones are valid, and every error of a wrong one is told at once."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from matching.core.config import ConfigErrors, MatchConfig, load_config, parse_config


def test_a_shipped_config_says_the_same_after_a_round_trip(customer: MatchConfig, project: MatchConfig) -> None:
    for config in (customer, project):
        assert parse_config(config.to_document()) == config
        assert 0 < config.review_threshold < config.auto_threshold < 1


def test_every_error_is_told_at_once(customer: MatchConfig) -> None:
    document = customer.to_document()
    document["surprise"] = 1
    document["thresholds"] = {"auto": 0.5, "review": 0.8}
    document["fields"]["phone"]["form"] = "telephone"
    document["comparisons"]["phone"]["fields"] = ["telefax"]
    document["comparisons"]["email"]["levels"]["same"]["m"] = 7
    document["blocking"]["phone"]["parts"] = ["phone backwards"]
    document["vetoes"]["other_lei"]["levels"] = ["unequal"]
    document["prior"]["strangers"] = 3
    with pytest.raises(ConfigErrors) as caught:
        parse_config(document)
    told = "\n".join(caught.value.messages)
    for place in (
        "surprise", "thresholds: review", "fields.phone.form", "comparisons.phone.fields", "comparisons.email.levels.same.m",
        "blocking.phone.parts", "vetoes.other_lei.levels", "prior.strangers",
    ):  # fmt: skip
        assert place in told
    assert "use one of" in told


def test_a_file_that_holds_no_mapping_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text("- just\n- a list\n", encoding="utf-8")
    with pytest.raises(ConfigErrors, match="mapping of sections"):
        load_config(path)


def _messages(document: dict[str, Any]) -> list[str]:
    try:
        parse_config(document)
    except ConfigErrors as errors:
        return errors.messages
    return []


def _places(node: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in inside:
        yield (*above, name)
        yield from _places(value, (*above, name))


@pytest.mark.parametrize("wrong", ["surprising", 17.5, True, -1, ["a"], {"a": 1}, None], ids=repr)
def test_whatever_is_wrong_and_wherever_is_told_and_never_a_crash(customer: MatchConfig, wrong: object) -> None:
    document = customer.to_document()
    refused = 0
    places = list(_places(document))
    for place in places[:: len(places) // 150]:
        damaged = deepcopy(document)
        node: Any = damaged
        for name in place[:-1]:
            node = node[name]
        node[place[-1]] = wrong
        messages = _messages(damaged)
        refused += bool(messages)
        assert all(": " in message for message in messages)
    assert refused > 0


def test_a_key_that_nobody_reads_is_told(customer: MatchConfig) -> None:
    document = customer.to_document()
    document["fields"]["phone"]["from"] = ["phone"]
    document["comparisons"]["phone"]["weight"] = 3
    document["comparisons"]["phone"]["levels"]["same"]["odds"] = 3
    document["blocking"]["phone"]["lokced"] = False
    document["vetoes"]["other_lei"]["except"] = []
    document["clusters"]["size"] = 3
    with pytest.raises(ConfigErrors) as caught:
        parse_config(document)
    told = "\n".join(caught.value.messages)
    for place in (
        "fields.phone.from", "comparisons.phone.weight", "comparisons.phone.levels.same.odds", "blocking.phone.lokced",
        "vetoes.other_lei.except", "clusters.size",
    ):  # fmt: skip
        assert place in told


def test_a_config_has_a_version_that_is_a_whole_number_from_one(customer: MatchConfig) -> None:
    for version in (0, "2", None, True):
        with pytest.raises(ConfigErrors, match="version: a number"):
            parse_config({**customer.to_document(), "version": version})
