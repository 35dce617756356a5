"""Documents that people write: each mistake has its line, two versions have their difference."""

from golden_records.documents import DiffLine, Mistake, difference, mistakes

TEXT = """entity: customer
thresholds:
  auto: 3
  review: 0.3
attributes:
  email: [longst]
  phone: [longest]
rules:
  - {name: a}
"""


def test_a_mistake_is_where_its_path_is() -> None:
    assert mistakes(TEXT, ["thresholds.auto: a number from 0 to 1 is needed", "entity: it is customer"]) == [
        Mistake(1, "entity: it is customer"),
        Mistake(3, "thresholds.auto: a number from 0 to 1 is needed"),
    ]


def test_a_path_that_is_missing_is_where_its_section_is() -> None:
    assert mistakes(TEXT, ["thresholds.most.least: missing"])[0].line == 2


def test_names_in_quotes_tell_the_place_and_what_is_nowhere_has_none() -> None:
    found = mistakes(TEXT, ["'email' names 'longst'; the strategies are longest", "Say why the rules change."])
    assert [mistake.line for mistake in found] == [None, 6]


def test_of_a_text_that_is_no_yaml_the_line_where_reading_ended_is_told() -> None:
    assert mistakes("a: 1\nb: [c\n", ["This is no YAML"])[0].line == 3
    assert mistakes("", ["thresholds: missing"])[0].line is None


def test_versions_that_say_the_same_do_not_differ() -> None:
    assert difference(TEXT, TEXT) == []
    found = difference(TEXT, TEXT.replace("auto: 3", "auto: 0.9"))
    assert DiffLine("removed", "-  auto: 3") in found
    assert DiffLine("added", "+  auto: 0.9") in found
    assert found[0].kind == "place"
