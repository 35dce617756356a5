from typing import Any

import pytest

from golden_records.entities import ENTITIES
from golden_records.rulebook import rules_of
from golden_records.survivorship.rules import InvalidRules, parse_rules
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
    shipped = rules_of(ENTITIES[name])
    assert sorted(attribute for unit in shipped.units for attribute in unit.attributes) == sorted(ENTITIES[name].attribute_names)
    assert shipped.version == shipped_document(name)["version"]
