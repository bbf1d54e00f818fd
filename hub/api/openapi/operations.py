"""One operation as OpenAPI writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from hub.api.openapi import securing
from hub.api.openapi.doors import Door
from hub.api.openapi.headers import RATE
from hub.api.openapi.schemas import Shapes
from hub.api.openapi.told import JSON, Answer, Body, Given, Told
from hub.api.opening import Opening
from hub.api.parameters import Parameters
from hub.values import Document

OF_BODIES: Final = {400, 408, 413, 415}
COUNTED: Final = ("plant", "session", "grant")
HEADERS_AT: Final = "#/components/headers/"
REFUSALS_AT: Final = "#/components/responses/"
SHOWN: Final = ("json", "form-data")
BESIDE: Final = {401: ("WWW-Authenticate",), 429: ("Retry-After",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method of one path does. ``name`` is unique; ``parts`` are those of the path."""

    name: str
    path: str
    method: str
    summary: str
    text: str = ""
    told: Told
    door: Door
    opening: Opening
    parts: Sequence[Given] = ()


def written(of: Operation, shapes: Shapes) -> Document:
    """The operation object."""
    sentences = (of.text, securing.words(of.opening))
    found: Document = {
        "operationId": of.name.replace(".", "_"),
        "tags": [of.door.tag],
        "summary": of.summary.rstrip("."),
        "description": "\n\n".join(filter(None, sentences)),
        "security": securing.security(of.opening, of.method),
        "responses": _answers(of, shapes),
    }
    if parameters := _parameters(of, shapes):
        found["parameters"] = parameters
    if of.told.body:
        found["requestBody"] = _body(of.told.body, shapes)
    return found


def _parameters(of: Operation, shapes: Shapes) -> list[Document]:
    query = of.told.query
    if isinstance(query, Parameters):
        asked = shapes.parameters(query.schema)
    else:
        asked = [_given(each, shapes) for each in query]
    others = [_given(each, shapes) for each in (*of.parts, *of.told.given)]
    return [*others, *asked]


def _given(of: Given, shapes: Shapes) -> Document:
    found: Document = {
        "name": of.name,
        "in": of.place,
        "description": of.text,
        "required": of.place == "path",
        "schema": shapes.of(of.shape),
    }
    if of.many:
        found["schema"] = {"type": "array", "items": found["schema"]}
        found |= {"style": "form", "explode": True}
    return found


def _body(of: Body, shapes: Shapes) -> Document:
    found: Document = {"content": _content(of, shapes), "required": of.required}
    return found | ({"description": of.text} if of.text else {})


def _content(of: Body | Answer, shapes: Shapes) -> Document:
    """What each media type holds; those that are neither JSON nor forms say no more than their
    name."""
    told = None if of.shape is None else shapes.of(of.shape)
    return {kind: {"schema": told} if kind.endswith(SHOWN) and told else {} for kind in of.types}


def _answers(of: Operation, shapes: Shapes) -> Document:
    """All answers by status."""
    answers: dict[int, Document] = {
        status: _refusal(of, status, shapes) for status in _refusals(of)
    }
    for status, answer in of.told.answers.items():
        counted = RATE if of.door.counted or of.opening.by in COUNTED else ()
        answers[status] = _answer(answer, (*answer.headers, *counted), shapes)
    return {str(status): answers[status] for status in sorted(answers)}


def _refusals(of: Operation) -> set[int]:
    """The statuses of refusals: what is said, and what follows from what is taken."""
    found = {503} | set(of.told.refuses) | securing.refusals(of.opening, of.method)
    if of.told.query:
        found.add(400)
    if of.told.body:
        found |= OF_BODIES
    if "{" in of.path:
        found.add(404)
    if of.opening.by != "public":
        found.add(429)
    return found


def _refusal(of: Operation, status: int, shapes: Shapes) -> Document:
    """The usual refusal of a door, which stands among the components."""
    shape = of.door.others.get(status, of.door.refusal)
    phrase, name = HTTPStatus(status).phrase, f"{shape.name}{status}"
    if name not in shapes.refusals:
        told = Answer(f"{phrase}.", shape)
        shapes.refusals[name] = _answer(told, BESIDE.get(status, ()), shapes)
    return {"$ref": REFUSALS_AT + name}


def _answer(told: Answer, headers: Sequence[str], shapes: Shapes) -> Document:
    found: Document = {"description": told.text}
    if told.shape is not None or tuple(told.types) != (JSON,):
        found["content"] = _content(told, shapes)
    if headers:
        found["headers"] = {name: {"$ref": HEADERS_AT + name} for name in headers}
    return found
