"""What each view tells of itself: declared beside it, in the terms of what it serves with.

Path, method, tag, security, scope and most refusals are not said here: they follow from the route,
from its ``Opening`` and from the rest. The summary is the view's docstring. A view that is not
declared is a fault, which the test of the document finds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from marshmallow import Schema

from hub.api.parameters import Parameters
from hub.values import Document

View = TypeVar("View", bound=Callable[..., Any])
JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"


@dataclass(frozen=True, slots=True)
class Named:
    """A shape that stands among the components, under a name that is its own."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Form:
    """The object that a schema reads.

    Attributes:
        partial: no field is required.
        also: what may stand beside its fields, by name.
    """

    schema: Schema
    partial: bool = False
    also: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is told of a thing that a schema reads: its fields and ``more``, always all of them."""

    schema: Schema
    more: Mapping[str, Shape]


Shape: TypeAlias = Document | Schema | Named | Form | Shown
"""A JSON Schema, or what one is made of; a document may hold other shapes at any depth."""


@dataclass(frozen=True, slots=True)
class Given:
    """A parameter of a query string or a path, a header, or a cookie. ``many``: repeatable."""

    name: str
    shape: Shape
    text: str
    many: bool = False
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent. ``shape`` is of JSON; the other types are described by ``text``."""

    shape: Shape
    types: Sequence[str] = (JSON,)
    required: bool = True
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered.

    Attributes:
        shape: of JSON; None where there is no body.
        types: all media types; of others than JSON only the name is told.
        headers: names out of ``headers.HEADERS``.
    """

    text: str
    shape: Shape | None = None
    types: Sequence[str] = (JSON,)
    headers: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What cannot be seen from a route: see ``told``."""

    answers: Mapping[int, Answer]
    query: Parameters | Sequence[Given] = ()
    given: Sequence[Given] = ()
    body: Body | None = None
    refuses: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """An address that a view of many serves. ``path`` is absolute, in the terms of OpenAPI."""

    name: str
    path: str
    text: str
    told: Told


_TOLD: dict[object, Told] = {}
_PLACES: dict[object, tuple[Place, ...]] = {}


def told(
    *,
    answers: Mapping[int, Answer],
    query: Parameters | Sequence[Given] = (),
    given: Sequence[Given] = (),
    body: Body | None = None,
    refuses: Sequence[int] = (),
) -> Callable[[View], View]:
    """Declare what a view takes and gives.

    Args:
        answers: by status; one of a refusal replaces the usual one.
        query: the parameters that the view reads its query string with.
        given: headers that it looks at.
        refuses: statuses of refusals beyond those that follow from its route and opening.
    """
    said = Told(answers=answers, query=query, given=given, body=body, refuses=refuses)

    def declare(view: View) -> View:
        _TOLD[view] = said
        return view

    return declare


def stands_for(*places: Place) -> Callable[[View], View]:
    """Declare the addresses that a view behind a general route serves; they are told instead."""

    def declare(view: View) -> View:
        _PLACES[view] = places
        return view

    return declare


def untold(view: View) -> View:
    """A view that is no part of the interface: a page for people, or the answer to what is not."""
    return stands_for()(view)


def told_of(view: object) -> Told | None:
    """What was declared for a view; None where nothing was."""
    return _TOLD.get(view)


def places_of(view: object) -> tuple[Place, ...] | None:
    """The addresses that were declared for a view; None where none were."""
    return _PLACES.get(view)
