"""What the path of a request names: a service, its schema, a collection, an entity, a property."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias
from uuid import UUID

from hub.api.odata.strict import addresses
from hub.errors import BadOData, NotFound
from hub.query.odata.ast import Alias, Expression
from hub.query.odata.ast import Literal as Constant
from hub.query.odata.refusal import bad
from hub.query.odata.resources import Segment
from hub.query.odata.schema import Schema
from hub.query.refusal import shown
from hub.services.odata.strict.service import SETS, Collection, StrictOData
from hub.values import Principal

What: TypeAlias = Literal["service", "schema", "collection", "count", "entity", "property"]
BEHIND: Final = {"Datasets": "Documents", "Streams": "Values"}
"""The contained collection of each set that has one."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for.

    Attributes:
        root: the address of its service, with a slash at the end.
        collection: None for a whole service.
        key: of the entity.
        names: the path of the property; ``ending`` is ``$value`` or ``$count`` behind it.
        sets: the names of the service's sets.
    """

    what: What
    root: str
    collection: Collection | None = None
    key: Constant | None = None
    names: tuple[str, ...] = ()
    ending: str = ""
    sets: tuple[str, ...] = SETS
    schema: Schema | None = None


class Resolving:
    """Resolves paths for one reader. ``slash``: the path ended in one."""

    def __init__(
        self,
        service: StrictOData,
        reader: Principal,
        aliases: Mapping[str, Expression],
        *,
        root: str,
        slash: bool,
    ) -> None:
        self._service = service
        self._reader = reader
        self._aliases = aliases
        self._root = root
        self._slash = slash

    def target(self, path: Sequence[Segment]) -> Target:
        """What a path names.

        Raises:
            NotFound: nothing, or nothing that the reader may see.
            Forbidden: the key lacks a scope.
            BadOData: a key that is none.
        """
        if not path:
            return Target("service", self._root)
        first, rest = path[0], path[1:]
        if first.name == "$metadata":
            _nothing_behind(first, rest)
            return Target("schema", self._root, schema=self._service.schema())
        collection = self._service.named(first.name, self._reader)
        if first.keys is not None and first.name in BEHIND and (rest or self._slash):
            inner = self._behind(first, collection, rest)
            if inner is not None:
                return inner
        return self._in(collection, self._root, path)

    def _behind(self, first: Segment, outer: Collection, rest: Sequence[Segment]) -> Target | None:
        """What a dataset or a stream has behind it: a service with one set. None: no part of it."""
        name = BEHIND[first.name]
        if rest and rest[0].name not in (name, "$metadata"):
            return None
        key = self._key(first, outer)
        collection = self._inner(first.name, key)
        root = f"{self._root}{addresses.keyed(first.name, key.value)}/"
        if not rest:
            return Target("service", root, collection, sets=(name,))
        if rest[0].name == "$metadata":
            _nothing_behind(rest[0], rest[1:])
            return Target("schema", root, schema=self._service.schema_of(collection))
        return self._in(collection, root, rest)

    def _inner(self, name: str, key: Constant) -> Collection:
        value = key.value
        if name == "Datasets" and isinstance(value, str):
            return self._service.documents(value, self._reader)
        if name == "Streams" and type(value) is int:
            return self._service.values(value, self._reader)
        raise bad("this is no key", key.at)

    def _in(self, collection: Collection, root: str, path: Sequence[Segment]) -> Target:
        first, rest = path[0], path[1:]
        if first.keys is None:
            if [one.name for one in rest] == ["$count"] and rest[0].keys is None:
                return Target("count", root, collection)
            _nothing_behind(first, rest)
            return Target("collection", root, collection)
        entity = Target("entity", root, collection, self._key(first, collection))
        return _property(entity, rest) if rest else entity

    def _key(self, segment: Segment, collection: Collection) -> Constant:
        keys = segment.keys or {}
        name, value = next(iter(keys.items()))
        if len(keys) > 1 or name not in ("", collection.key):
            raise bad("this is not the key", segment.at, f"{collection.key}=…")
        if isinstance(value, Alias):
            found = self._aliases.get(value.name)
            if not isinstance(found, Constant):
                raise bad(f"@{value.name} has no value that is a key", value.at)
            value = found
        if isinstance(value.value, UUID):
            return Constant(str(value.value), "string", value.at)
        return value


def _nothing_behind(segment: Segment, rest: Sequence[Segment]) -> None:
    if rest:
        raise NotFound(f"there is nothing called {shown(rest[0].name)} behind {segment.name}")


def _reaches(collection: Collection, names: tuple[str, ...]) -> bool:
    """Whether there is a property of these names; the members of a collection have no URLs."""
    entity = collection.entity_type
    try:
        found = [entity.find(names[: count + 1]) for count in range(len(names))]
    except BadOData:
        return False
    return found[-1] is not None and not any(one and one.collection for one in found[:-1])


def _property(entity: Target, rest: Sequence[Segment]) -> Target:
    names = [one.name for one in rest]
    ending = names.pop() if names[-1] in ("$value", "$count") else ""
    collection = entity.collection
    assert collection is not None
    bare = all(one.keys is None for one in rest)
    if not names or not bare or any(name.startswith("$") for name in names):
        raise NotFound(f"there is no {shown('/'.join(one.name for one in rest))} of an entity")
    if not _reaches(collection, tuple(names)):
        raise NotFound(f"there is no property {shown('/'.join(names))}", set=collection.name)
    return replace(entity, what="property", names=tuple(names), ending=ending)
