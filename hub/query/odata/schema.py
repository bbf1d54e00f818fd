"""The schema of a service, as frozen values: what ``$metadata`` says in XML and in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.query.odata.functions import Kind
from hub.query.odata.model import EntityType, Property

NAMESPACE: Final = "Hub"
EDM: Final[dict[Kind, str]] = {
    "boolean": "Edm.Boolean",
    "integer": "Edm.Int64",
    "number": "Edm.Double",
    "string": "Edm.String",
    "date": "Edm.Date",
    "time": "Edm.TimeOfDay",
    "datetime": "Edm.DateTimeOffset",
    "duration": "Edm.Duration",
    "guid": "Edm.Guid",
    "any": "Edm.Untyped",
    "null": "Edm.Untyped",
}
"""The type of each kind; ``object`` has one of its own."""


@dataclass(frozen=True, slots=True)
class Member:
    """One property of a structure. ``type`` is qualified, without ``Collection``; of a collection
    ``nullable`` is about what is in it."""

    name: str
    type: str
    collection: bool = False
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """A contained collection of entities behind an entity."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Structure:
    """An entity type (with a key) or a complex type (without)."""

    name: str
    members: tuple[Member, ...]
    key: str | None = None
    open: bool = False
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Enumerated:
    """A value of a term that is a member of an enumeration. ``type`` is qualified."""

    type: str
    member: str


@dataclass(frozen=True, slots=True)
class NamedSet:
    """An entity set. ``terms`` are its annotations by qualified term."""

    name: str
    type: str
    terms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schema:
    """One service. Values of terms are truths, texts, lists of texts, records of values, and
    ``Enumerated``."""

    structures: tuple[Structure, ...]
    sets: tuple[NamedSet, ...]
    terms: Mapping[str, Any] = field(default_factory=dict)


def structures(
    name: str, entity: EntityType, key: str, links: tuple[Link, ...] = ()
) -> tuple[Structure, ...]:
    """The entity type of a name, and the complex types in it."""
    inner = tuple(_inner(name, entity))
    own = _members(name, entity, "", key)
    return (Structure(name, own, key, entity.open, links), *inner)


def type_of(name: str, item: Property) -> str:
    """The qualified type of a property of the entity type so named."""
    if item.kind == "object":
        return f"{NAMESPACE}.{name}_{item.name.replace('/', '_')}"
    return EDM[item.kind]


def _members(name: str, entity: EntityType, above: str, key: str = "") -> tuple[Member, ...]:
    found = []
    for item in entity.properties:
        head, _, tail = item.name.rpartition("/")
        if head == above:
            nullable = item.name != key and (entity.open or not item.collection)
            found.append(Member(tail, type_of(name, item), item.collection, nullable))
    return tuple(found)


def _inner(name: str, entity: EntityType) -> Iterator[Structure]:
    for item in entity.properties:
        if item.kind == "object":
            own = _members(name, entity, item.name)
            short = type_of(name, item).removeprefix(f"{NAMESPACE}.")
            yield Structure(short, own, open=entity.open or not own)
