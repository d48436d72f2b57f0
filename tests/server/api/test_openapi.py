"""The OpenAPI document says what the handlers do."""

import re
from typing import Any

import jsonschema_rs
import pytest

from cavalcade.domain.errors import ErrorCode
from cavalcade.domain.session import FEATURES
from cavalcade.server.api import schemas
from cavalcade.server.api.handlers import HANDLERS
from cavalcade.server.api.openapi import document
from cavalcade.server.http import problems
from cavalcade.wire.place_files import PlaceCollection
from cavalcade.wire.schema import Schemas
from tests.server.conftest import PUBLIC_URL, Running, bearer

CALLS = {
    ("post", "/api/sessions"),
    ("post", "/api/sessions/{session_id}/preview"),
    ("post", "/api/sessions/{session_id}/join"),
    ("get", "/api/sessions/{session_id}"),
    ("get", "/api/sessions/{session_id}/nearby"),
    ("get", "/api/sessions/{session_id}/messages"),
    ("get", "/api/sessions/{session_id}/places.gpx"),
    ("get", "/api/sessions/{session_id}/places.geojson"),
    ("patch", "/api/sessions/{session_id}"),
    ("delete", "/api/sessions/{session_id}/participants/me"),
    ("delete", "/api/sessions/{session_id}"),
}


def references(value: object) -> set[str]:
    """Every `$ref` anywhere in a value."""
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*(references(item) for item in value.values()))
    return set().union(*(references(item) for item in value)) if isinstance(value, list) else set()


def test_has_every_call_of_the_contract() -> None:
    made = document(HANDLERS, PUBLIC_URL)
    assert {(method, path) for path, methods in made["paths"].items() for method in methods} == CALLS
    assert made["openapi"].startswith("3.1")
    assert made["servers"] == [{"url": PUBLIC_URL}]


def test_every_reference_leads_somewhere() -> None:
    made = document(HANDLERS, PUBLIC_URL)
    names = set(made["components"]["schemas"])
    assert {reference.removeprefix("#/components/schemas/") for reference in references(made)} <= names


def test_calls_with_a_token_say_that_it_may_be_refused() -> None:
    for methods in document(HANDLERS, PUBLIC_URL)["paths"].values():
        for call in methods.values():
            if call["security"]:
                assert "401" in call["responses"]


def test_answers_to_retry_say_when() -> None:
    for methods in document(HANDLERS, PUBLIC_URL)["paths"].values():
        for call in methods.values():
            for status in {"429", "503"} & set(call["responses"]):
                assert "Retry-After" in call["responses"][status]["headers"]


def test_every_code_has_a_kind_of_problem() -> None:
    assert {str(code) for code in ErrorCode} <= set(problems.KINDS)


async def test_is_served(server: Running) -> None:
    answer = await server.http.get("/api/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert {(method, path) for path, methods in answer.json()["paths"].items() for method in methods} >= CALLS


async def test_the_page_is_all_from_here_and_runs_under_its_policy(server: Running) -> None:
    page = await server.http.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<(script|style)>|\son\w+=|style=", page.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert address.startswith("/api/")
        assert (await server.http.get(address)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (schemas.Created, ("POST", "/api/sessions", None)),
        (schemas.Preview, ("POST", "/api/sessions/{id}/preview", {"code": "{code}"})),
        (schemas.Joined, ("POST", "/api/sessions/{id}/join", {"code": "{code}"})),
        (schemas.View, ("GET", "/api/sessions/{id}", None)),
        (schemas.Nearby, ("GET", "/api/sessions/{id}/nearby?radius_m=5", None)),
        (schemas.Messages, ("GET", "/api/sessions/{id}/messages?limit=5", None)),
        (PlaceCollection, ("GET", "/api/sessions/{id}/places.geojson", None)),
        (schemas.Changed, ("PATCH", "/api/sessions/{id}", {"name": "x"})),
        (schemas.Problem, ("GET", "/api/sessions/zzzzzzzzzz", None)),
        (schemas.Health, ("GET", "/healthz", None)),
        (schemas.Ready, ("GET", "/readyz", None)),
    ],
)
async def test_answers_are_of_the_types_documented(
    server: Running, kind: type, call: tuple[str, str, dict[str, str] | None]
) -> None:
    created = await server.create()
    method, path, body = call
    filled: Any = body and {name: value.replace("{code}", created["code"]) for name, value in body.items()}
    path = path.replace("{id}", created["session"]["id"])
    answer = await server.http.request(method, path, json=filled, headers=bearer(created))
    jsonschema_rs.validate(strict(kind), answer.json())


def strict(kind: type) -> dict[str, Any]:
    """The schema of a type, which here allows nothing beside what it documents."""
    schemas = Schemas()
    reference = schemas.reference(kind)
    for component in schemas.components.values():
        if component.get("type") == "object":
            component["additionalProperties"] = False
    return {**reference, "components": {"schemas": schemas.components}}


def test_every_body_that_a_feature_gives_as_an_example_is_of_its_documented_type() -> None:
    schemas = Schemas()
    for _, payload, command in [example for feature in FEATURES for example in feature.asked]:
        schema = {**schemas.command(type(command)), "components": {"schemas": schemas.components}}
        jsonschema_rs.validate(schema, payload)
