"""The schema is what the API does: committed, complete and served."""

import re
from io import StringIO
from typing import Any

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client

from golden_records.entities import ENTITIES
from tests.api.calling import SCHEMA_FILE, schema


def operations() -> list[tuple[str, str, Any]]:
    return [(path, method, operation) for path, methods in schema()["paths"].items() for method, operation in methods.items()]


def test_the_committed_schema_is_the_one_that_the_code_makes() -> None:
    made = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=made)
    assert made.getvalue() == SCHEMA_FILE.read_text(encoding="utf-8"), (
        "The API has changed: manage.py spectacular --validate --fail-on-warn --file api/v1/schema.yml"
    )


def test_it_is_openapi_3_1_with_a_key_for_every_operation() -> None:
    assert schema()["openapi"].startswith("3.1")
    assert schema()["components"]["securitySchemes"] == {
        "key": {"type": "http", "scheme": "bearer", "description": "A key made by `manage.py create_api_key`."}
    }
    assert all(operation["security"] == [{"key": []}] for _, _, operation in operations())


def test_every_operation_has_a_name_a_summary_and_its_problems() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    for _, _, operation in operations():
        assert operation["summary"]
        assert operation["description"]
        assert {"401", "403", "406", "500", "503"} <= set(operation["responses"])
        for status, answer in operation["responses"].items():
            assert answer["description"] or status in {"200", "201"}
            if int(status) >= 400:
                assert set(answer["content"]) == {"application/problem+json"}


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=ENTITIES)
def test_every_attribute_of_the_data_dictionary_is_declared(entity: Any) -> None:
    components = schema()["components"]["schemas"]
    for name in (f"{entity.name.title()}Attributes", f"{entity.name.title()}AttributesSentRequest"):
        assert tuple(components[name]["properties"]) == entity.attribute_names


def test_every_parameter_says_what_it_means() -> None:
    for _, _, operation in operations():
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (operation["operationId"], parameter["name"])


def test_the_schema_is_served_to_all(client: Client) -> None:
    answer = client.get("/api/v1/schema")
    assert answer.status_code == 200
    assert yaml.safe_load(answer.content) == schema()
    assert client.get("/api/v1/schema?format=json").json() == schema()


def test_the_docs_page_loads_nothing_from_outside(client: Client) -> None:
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    text = page.content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    files = [address for address in loaded if not address.startswith("data:")]
    assert files
    assert all(address.startswith("/static/") for address in files), files
    assert all(finders.find(address.removeprefix("/static/")) for address in files)
    assert not re.findall(r"https?://", text)
    assert "/api/v1/schema" in text
