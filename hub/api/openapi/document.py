"""The description of the interface: the routes that serve, and what is told beside their views."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Final

from flask import Flask
from werkzeug.routing import Rule

from hub.api.openapi import addresses, securing
from hub.api.openapi.doors import DOORS, door_of
from hub.api.openapi.headers import HEADERS
from hub.api.openapi.operations import Operation, written
from hub.api.openapi.schemas import OPENAPI, Shapes
from hub.api.openapi.told import places_of, told_of
from hub.api.opening import Opening, opening_of
from hub.values import Document

VERSION: Final = "1.0"
ABOUT: Final = (
    "A data hub for sensors, instruments and field measurements. Everything here is told by what "
    "serves it: the routes, the schemas that read bodies and query strings, what opens each view."
)


def document(app: Flask) -> Document:
    """All operations of an application, in order of their paths.

    Raises:
        LookupError: a view does not say what it takes and gives, or how it is opened.
    """
    shapes = Shapes()
    paths: dict[str, Document] = {}
    for each in sorted(operations(app), key=lambda one: (one.path, one.method)):
        paths.setdefault(each.path, {})[each.method.lower()] = written(each, shapes)
    used = {tag for path in paths.values() for each in path.values() for tag in each["tags"]}
    return {
        "openapi": OPENAPI,
        "info": {"title": "Hub", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [
            {"name": tag, "description": text}
            for tag, text in {door.tag: door.text for door in DOORS.values()}.items()
            if tag in used
        ],
        "paths": paths,
        "components": {
            "securitySchemes": securing.SCHEMES,
            "headers": HEADERS,
            "responses": dict(sorted(shapes.refusals.items())),
            "schemas": dict(sorted(shapes.named.items())),
        },
    }


def operations(app: Flask) -> Iterator[Operation]:
    """What each route serves. Raises LookupError as ``document`` does."""
    seen: set[object] = set()
    for rule in app.url_map.iter_rules():
        view, opening = app.view_functions[rule.endpoint], opening_of(app, rule.endpoint)
        if opening is None:
            raise LookupError(f"{rule.endpoint} does not say how it is opened")
        if places_of(view) is None:
            yield from _of_route(rule, view, opening)
        elif view not in seen:
            seen.add(view)
            yield from _of_places(rule.endpoint, view, opening)


def _of_route(rule: Rule, view: object, opening: Opening) -> Iterator[Operation]:
    told, text = told_of(view), inspect.getdoc(view)
    if told is None or not text:
        raise LookupError(f"{rule.endpoint} does not say what it does, takes and gives")
    summary, _, more = text.partition("\n\n")
    methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    for method in methods:
        yield Operation(
            name=rule.endpoint if len(methods) == 1 else f"{rule.endpoint}.{method.lower()}",
            path=addresses.path_of(rule),
            method=method,
            summary=summary.replace("\n", " "),
            text=more,
            told=told,
            door=door_of(rule.endpoint),
            opening=opening,
            parts=addresses.parts_of(rule),
        )


def _of_places(endpoint: str, view: object, opening: Opening) -> Iterator[Operation]:
    for place in places_of(view) or ():
        yield Operation(
            name=f"{endpoint.rpartition('.')[0]}.{place.name}",
            path=place.path,
            method="GET",
            summary=place.text,
            told=place.told,
            door=door_of(endpoint),
            opening=opening,
        )
