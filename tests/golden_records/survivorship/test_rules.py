from typing import Any

import pytest

from golden_records import rulebook
from golden_records.entities import ENTITIES
from golden_records.rulebook import read_document
from golden_records.survivorship.reading import InvalidRules, parse_rules
from tests.golden_records.survivorship.making import GROUPS, rules, shipped_document


def test_every_mistake_of_a_document_is_told_at_once() -> None:
    with pytest.raises(InvalidRules) as caught:
        rules(
            entity="other",
            version="",
            default=["most_trustd"],
            attributes={"nmae": ["longest"], "street": ["longest"], "email": [], "name": ["longest", "longest"]},
            groups={"address": ["minimum"], "place": ["longest"]},
            extra=1,
        )
    told = "\n".join(str(problem) for problem in caught.value.data["problems"])  # type: ignore[attr-defined]  # a list
    for hint in ("'entity' must be 'thing'", "'version'", "'most_trustd'", "'nmae'", "'street'", "attributes.email", "twice"):
        assert hint in told
    for hint in ("can't go by 'minimum'", "'place'", "'extra'"):
        assert hint in told


def test_every_mistake_of_terms_and_trust_is_told_at_once() -> None:
    with pytest.raises(InvalidRules) as caught:
        rules(
            attributes={
                "name": {"by": ["last_confirmd"], "only_if": "good", "younger_than": "soon", "colour": 1},
                "email": {"empty": True, "union": "yes", "valid": "sirene"},
                "score": {"union": True, "by": ["minimum"]},
                "born": {"by": ["minimum"], "empty": "counts"},
            },
            groups={"address": {"valid": "siren"}},
            trust={"nmae": {"crm": 101}, "name": {"crm": {"maximum": 1, "minimum": 5, "over": "1 eon"}, "erp": {"minimum": 3}}, "email": 5},
        )
    told = "\n".join(str(problem) for problem in caught.value.data["problems"])  # type: ignore[attr-defined]  # a list
    for hint in ("'last_confirmd'", "attributes.name.only_if", "attributes.name.younger_than", "'colour'", "attributes.email.empty"):
        assert hint in told
    for hint in ("attributes.email.union", "attributes.email.valid", "can't be a union", "'attributes.born' can't go by 'minimum'"):
        assert hint in told
    for hint in (
        "groups.address.valid",
        "'nmae'",
        "trust.nmae.crm",
        "minimum is above",
        "trust.name.crm.over",
        "add 'over'",
        "'trust.email'",
    ):
        assert hint in told


@pytest.mark.parametrize(("written", "days"), [("90 days", 90), ("1 day", 1), ("18 months", 540), ("2 years", 730), ("3 weeks", 21)])
def test_a_period_is_written_in_words(written: str, days: int) -> None:
    terms = next(unit.terms for unit in rules(attributes={"name": {"younger_than": written}}).units if unit.name == "name")
    assert terms is not None
    assert terms.younger_than == days


@pytest.mark.parametrize("document", [None, [], "text", {}, {"entity": "thing"}, {"entity": "thing", "version": 1, "default": "longest"}])
def test_what_is_no_set_of_rules_is_refused(document: Any) -> None:
    with pytest.raises(InvalidRules):
        parse_rules(document, entity="thing", groups=GROUPS)


def test_an_attribute_without_rules_of_its_own_goes_by_the_default() -> None:
    by = {unit.attributes: [name for name, _ in unit.chain] for unit in rules(attributes={"email": ["longest"]}).units}
    assert by["name",] == ["most_trusted", "most_recent"]
    assert by["email",] == ["longest"]
    assert by["street", "city"] == ["most_trusted", "most_recent"]


@pytest.mark.parametrize("name", sorted(ENTITIES))
def test_the_shipped_rules_cover_the_data_dictionary(name: str) -> None:
    shipped = read_document(ENTITIES[name], rulebook.shipped_document(ENTITIES[name]))
    assert sorted(attribute for unit in shipped.units for attribute in unit.attributes) == sorted(ENTITIES[name].attribute_names)
    assert shipped.version == shipped_document(name)["version"]
