"""Match configs: shipped ones are valid, and every error of a wrong one is told at once."""

from pathlib import Path

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
