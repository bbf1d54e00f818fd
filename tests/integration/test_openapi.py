"""The description of the interface: whole, valid, and about what serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from marshmallow import Schema, fields
from openapi_spec_validator import OpenAPIV31SpecValidator

from hub.api.openapi.document import document, operations
from hub.api.openapi.operations import Operation
from hub.api.openapi.schemas import Shapes
from hub.api.openapi.told import Answer, Body, Form, Named, Shown, places_of, told, told_of
from hub.api.openapi.views import KEPT
from hub.api.opening import public
from hub.api.parameters import Parameters
from hub.api.streams.asked import SHORT
from hub.api.streams.asking import DATAPOINTS
from hub.app import create_app
from hub.services import Services, scopes
from hub.settings import Settings

APP = create_app(Settings(), cast(Services, None))
TOLD = document(APP)
OPERATIONS = list(operations(APP))


def described() -> list[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of everything."""
    return [(path, how, one) for path, all_ in TOLD["paths"].items() for how, one in all_.items()]


def at(path: str, method: str) -> dict[str, Any]:
    return cast(dict[str, Any], TOLD["paths"][path][method])


def schemas(value: object) -> Iterator[Schema]:
    """The schemas of marshmallow that a shape is made of."""
    match value:
        case Schema():
            yield value
            for field in value.fields.values():
                yield from schemas(getattr(field, "schema", None))
        case Form(schema) | Shown(schema):
            yield from schemas(schema)
        case Named(_, shape) | Body(shape):
            yield from schemas(shape)
        case dict():
            for inner in value.values():
                yield from schemas(inner)


def test_it_is_valid() -> None:
    assert [str(fault) for fault in OpenAPIV31SpecValidator(TOLD).iter_errors()] == []


@pytest.mark.parametrize("endpoint", sorted(APP.view_functions))
def test_every_view_is_told_or_says_that_it_is_not(endpoint: str) -> None:
    view = APP.view_functions[endpoint]
    assert (told_of(view) is None) != (places_of(view) is None)


def other(doc: str | None, *, declared: bool, name: str = "health", part: str = "data") -> Flask:
    """An application of one view."""
    app, bp = Flask("other", static_folder=None), Blueprint(name, __name__)

    def late(**_: str) -> str:
        return ""

    late.__doc__ = doc
    if declared:
        told(answers={200: Answer("It.")})(late)
    bp.get(f"/late/<{part}>/")(public(late))
    app.register_blueprint(bp)
    return app


@pytest.mark.parametrize(
    ("app", "complaint"),
    [
        (other("It.", declared=False), "does not say what it does"),
        (other(None, declared=True), "does not say what it does"),
        (other("It.", declared=True, name="new"), "is at no door"),
        (other("It.", declared=True, part="unheard_of"), "unheard_of"),
    ],
    ids=["not declared", "no docstring", "no door", "an unknown part"],
)
def test_a_view_that_is_not_told_stops_it(app: Flask, complaint: str) -> None:
    with pytest.raises(LookupError, match=complaint):
        document(app)


def test_a_view_that_is_told_is_in_it() -> None:
    (path,) = document(other("It is late.", declared=True))["paths"].items()
    assert path[0] == "/late/{data}/"
    assert path[1]["get"]["summary"] == "It is late"


def test_two_shapes_of_one_name_are_a_fault() -> None:
    shapes = Shapes()
    shapes.of(Named("Thing", {"type": "string"}))
    shapes.of(Named("Thing", {"type": "string"}))
    with pytest.raises(ValueError, match="Thing"):
        shapes.of(Named("Thing", {"type": "number"}))


@pytest.mark.parametrize("of", OPERATIONS, ids=lambda of: f"{of.method} {of.path}")
def test_every_field_says_its_type(of: Operation) -> None:
    query = of.told.query
    asked = query.schema if isinstance(query, Parameters) else None
    for schema in (*schemas(asked), *schemas(of.told.body)):
        for name, field in schema.fields.items():
            shown = Shapes().of(schema)["properties"][field.data_key or name]
            assert shown.keys() & {"type", "anyOf"} or type(field) is fields.Raw, name


@pytest.mark.parametrize("of", OPERATIONS, ids=lambda of: f"{of.method} {of.path}")
def test_the_scope_is_that_of_the_view(of: Operation) -> None:
    shown = at(of.path, of.method.lower())
    named = {scope for one in shown["security"] for needed in one.values() for scope in needed}
    assert named == ({of.opening.scope} if of.opening.scope else set())
    assert (of.opening.scope or "") in shown["description"]


@pytest.mark.parametrize("of", OPERATIONS, ids=lambda of: f"{of.method} {of.path}")
def test_every_parameter_is_explained(of: Operation) -> None:
    shown = at(of.path, of.method.lower()).get("parameters", [])
    assert [each["name"] for each in shown if not each.get("description")] == []


def test_every_scheme_that_is_named_is_described() -> None:
    named = {scheme for *_, one in described() for way in one["security"] for scheme in way}
    assert named == TOLD["components"]["securitySchemes"].keys()


def test_what_a_session_changes_needs_its_token() -> None:
    for _, method, one in described():
        by_session = [way for way in one["security"] if "session" in way]
        assert all(("csrf" in way) == (method != "get") for way in by_session)


def test_every_door_has_its_tag() -> None:
    used = [tag for *_, one in described() for tag in one["tags"]]
    assert {tag["name"] for tag in TOLD["tags"]} == set(used)
    assert len({tag["name"] for tag in TOLD["tags"]}) == len(TOLD["tags"])


def test_names_are_unique_and_good_for_programs() -> None:
    names = [one["operationId"] for *_, one in described()]
    assert len(set(names)) == len(names)
    assert all(name.replace("$", "").isidentifier() for name in names)


def test_a_body_is_that_of_its_schema() -> None:
    body = at("/api/device/", "post")["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/NewDevice"}
    device = TOLD["components"]["schemas"]["NewDevice"]
    assert device["required"] == ["kind", "name"]
    assert device["additionalProperties"] is False
    assert device["properties"]["port"] == {
        "type": ["integer", "null"], "default": None, "minimum": 1, "maximum": 65_535,
    }  # fmt: skip


def test_a_change_requires_nothing_and_takes_back_what_was_told() -> None:
    body = at("/api/device/{device}/", "patch")["requestBody"]["content"]["application/json"]
    assert "required" not in body["schema"]
    assert body["schema"]["properties"]["created"]["readOnly"] is True


def test_a_query_string_is_that_of_its_schema() -> None:
    asked = {one["name"]: one for one in at("/api/group/", "get")["parameters"]}
    assert asked.keys() == {"limit", "after"}
    assert asked["limit"]["schema"] == {
        "type": "integer", "default": 100, "minimum": 1, "maximum": 10_000,
    }  # fmt: skip


def test_every_parameter_of_streams_stands_in_both_its_names() -> None:
    names = {given.name for given in DATAPOINTS}
    assert names >= {*SHORT, *SHORT.values()}


def test_every_scope_opens_something() -> None:
    shown = {of.opening.scope for of in OPERATIONS} - {None}
    idle = {scopes.STREAM_READ, scopes.STATISTIC_WRITE, scopes.TERMINAL}
    assert scopes.SCOPES.keys() - shown <= idle


def test_it_is_served_as_it_is(client: FlaskClient) -> None:
    answer = client.get("/api/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.json == TOLD


def test_it_is_not_sent_again_while_it_is_the_same(client: FlaskClient) -> None:
    etag = client.get("/api/openapi.json").headers["ETag"]
    again = client.get("/api/openapi.json", headers={"If-None-Match": etag})
    assert again.status_code == 304


def test_it_is_made_once(client: FlaskClient) -> None:
    client.get("/api/openapi.json")
    made = client.application.extensions[KEPT]
    client.get("/api/openapi.json")
    assert client.application.extensions[KEPT] is made
