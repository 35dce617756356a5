"""A program that calls the API as its schema says, and holds every answer against that schema."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import yaml
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]  # has no types
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SCHEMA_FILE: Final = Path(__file__).resolve().parents[2] / "api" / "v1" / "schema.yml"
SCHEMA_URI: Final = "urn:mdm:schema"
ACME: Final = {
    "kind": "organisation",
    "legal_name": "Acme Conseil",
    "registration_id": "732829320",
    "vat_id": "FR44732829320",
    "city": "Lyon",
    "postcode": "69002",
    "country": "FR",
}
"""An organisation with a real checksum: SIREN, and the VAT id that follows from it."""


@dataclass(frozen=True)
class Caller:
    """Calls the API with one key, or with none."""

    key: str | None = None
    client: Client = field(default_factory=Client)

    def get(self, address: str, *, query: Mapping[str, Any] | None = None, **headers: str) -> Any:
        """GET an address below /api/v1."""
        answer = self.client.get(f"/api/v1{address}", data=query, headers=self._headers(headers))
        return checked("get", answer)

    def put(self, address: str, body: Any, **headers: str) -> Any:
        """PUT a body: bytes as they are, anything else as JSON."""
        return checked("put", self._send("put", address, body, headers))

    def post(self, address: str, body: Any, **headers: str) -> Any:
        """POST a body: bytes as they are, anything else as JSON."""
        return checked("post", self._send("post", address, body, headers))

    def delete(self, address: str, *, query: Mapping[str, Any] | None = None, **headers: str) -> Any:
        """DELETE an address below /api/v1."""
        answer = self.client.delete(f"/api/v1{address}", query_params=query, headers=self._headers(headers))
        return checked("delete", answer)

    def patch(self, address: str, body: Any, **headers: str) -> Any:
        """PATCH with a body as JSON."""
        return checked("patch", self._send("patch", address, body, headers))

    def send_customer(self, source: str, external_id: str, **attributes: Any) -> Any:
        """PUT a customer record."""
        return self.put(record_address(source, "customer", external_id), {"attributes": attributes})

    def send_project(self, source: str, external_id: str, **attributes: Any) -> Any:
        """PUT a project record."""
        return self.put(record_address(source, "project", external_id), {"attributes": attributes})

    def _send(self, method: str, address: str, body: Any, headers: Mapping[str, str]) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        send = getattr(self.client, method)
        return send(f"/api/v1{address}", data=content, content_type="application/json", headers=self._headers(headers))

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return bearer | {name.replace("_", "-"): value for name, value in more.items()}


def record_address(source: str, entity: str, external_id: str) -> str:
    """Give the address of a source record."""
    return f"/source-records/{quote(source)}/{entity}/{quote(external_id, safe='')}"


def checked(method: str, answer: Any) -> Any:
    """Give the answer back if the schema declares it: its status, its content type and every member of its body."""
    operation = _operation(method, answer)
    if operation is None:
        return answer
    declared = operation["responses"].get(str(answer.status_code))
    assert declared is not None, f"The schema does not declare {answer.status_code} for {operation['operationId']}: {answer.content!r}"
    if answer.status_code in {204, 304}:
        assert answer.content == b""
        return answer
    content = declared["content"].get(answer.headers["Content-Type"])
    assert content is not None, f"{answer.headers['Content-Type']} is not declared: {declared}"
    pointer = _pointer_to(method, answer, content["schema"])
    errors = list(_validator(pointer).iter_errors(answer.json()))
    assert not errors, f"{operation['operationId']} answered what its schema does not say: {errors[0].message}\n{answer.json()}"
    return answer


def problem_of(answer: Any, status: int, code: str) -> Any:
    """Give the problem document, having seen that it is one, with this status and code."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.content
    document = answer.json()
    assert (document["status"], document["code"], document["type"]) == (status, code, f"/problems/{code}")
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == f"/requests/{answer.headers['X-Request-ID']}"
    return document


@cache
def schema() -> Any:
    """Read the committed schema."""
    return yaml.safe_load(SCHEMA_FILE.read_text(encoding="utf-8"))


def template_of(answer: Any) -> str | None:
    """Give the path of the schema that an answer came from; None where no route had the address."""
    match = answer.resolver_match
    return None if match is None else re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{match.route}")


def _operation(method: str, answer: Any) -> Any:
    return schema()["paths"].get(template_of(answer), {}).get(method)


def _pointer_to(method: str, answer: Any, content: Any) -> str:
    if "$ref" in content:
        return str(content["$ref"])
    path = str(template_of(answer)).replace("~", "~0").replace("/", "~1")
    media = str(answer.headers["Content-Type"]).replace("/", "~1")
    return f"#/paths/{path}/{method}/responses/{answer.status_code}/content/{media}/schema"


@cache
def _validator(pointer: str) -> Draft202012Validator:
    resource = Resource.from_contents(schema(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(SCHEMA_URI, resource)
    return Draft202012Validator({"$ref": f"{SCHEMA_URI}{pointer}"}, registry=registry, format_checker=FormatChecker())
