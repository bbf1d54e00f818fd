"""The strict OData root as one service: which collections a reader has, and their schemas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from hub.errors import Forbidden, NotFound
from hub.query.odata import EntityType
from hub.query.odata.asking import Asked
from hub.query.odata.ast import Literal
from hub.query.odata.schema import Link, Schema
from hub.query.odata.skiptoken import SkipTokens
from hub.services import scopes
from hub.services.datasets import Datasets
from hub.services.odata.strict import catalogue, schemas, sources, values
from hub.services.odata.strict.pages import Page, Shape
from hub.services.odata.strict.reading import Reading
from hub.services.odata.strict.sources import Source
from hub.services.odata.strict.types import Types
from hub.services.odata.strict.values import Values
from hub.services.permits import Permits
from hub.services.queries import Budgets
from hub.services.streams.reading.readings import Readings
from hub.services.streams.registry.streams import Streams
from hub.store.pipelines import Pipelines
from hub.values import Document, Principal, Stream

SETS: Final = (*catalogue.TYPES, "Datasets", "Streams")
"""The entity sets of the root, in order."""


class Collection(Protocol):
    """Entities that a reader may ask for."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str:
        """The name of the entity type, without its namespace."""

    @property
    def entity_type(self) -> EntityType: ...
    @property
    def key(self) -> str:
        """The name of the key property."""

    @property
    def links(self) -> tuple[Link, ...]: ...
    def page(self, asked: Asked, size: int | None) -> Page: ...
    def count(self, asked: Asked) -> int: ...
    def entity(self, key: Literal, asked: Asked) -> tuple[Document, Shape]: ...


@dataclass(frozen=True, slots=True)
class Rows:
    """A set that pipelines read."""

    reading: Reading
    reader: Principal
    source: Source

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def type(self) -> str:
        return self.source.type

    @property
    def entity_type(self) -> EntityType:
        return self.source.entity

    @property
    def key(self) -> str:
        return self.source.key

    @property
    def links(self) -> tuple[Link, ...]:
        return self.source.links

    def page(self, asked: Asked, size: int | None) -> Page:
        return self.reading.page(self.reader, self.source, asked, size)

    def count(self, asked: Asked) -> int:
        return self.reading.count(self.reader, self.source, asked)

    def entity(self, key: Literal, asked: Asked) -> tuple[Document, Shape]:
        return self.reading.entity(self.reader, self.source, key, asked)


@dataclass(frozen=True, slots=True)
class Points:
    """The datapoints of a stream."""

    values: Values
    reader: Principal
    stream: Stream
    name: str = "Values"
    type: str = sources.DATAPOINT
    key: str = "Time"
    links: tuple[Link, ...] = ()

    @property
    def entity_type(self) -> EntityType:
        return values.type_of(self.stream)

    def page(self, asked: Asked, size: int | None) -> Page:
        return self.values.page(self.reader, self.stream, asked, size)

    def count(self, asked: Asked) -> int:
        return self.values.count(self.reader, self.stream, asked)

    def entity(self, key: Literal, asked: Asked) -> tuple[Document, Shape]:
        return self.values.entity(self.reader, self.stream, key, asked)


@dataclass(frozen=True, slots=True)
class Parts:
    """The services whose data this one reads."""

    datasets: Datasets
    streams: Streams
    readings: Readings
    permits: Permits
    budgets: Budgets


class StrictOData:
    def __init__(self, parts: Parts, pipelines: Pipelines, tokens: SkipTokens) -> None:
        self._pipelines = pipelines
        self._datasets = parts.datasets
        self._streams = parts.streams
        self._types = Types(pipelines, parts.budgets.find_ms)
        self._reading = Reading(pipelines, parts.permits, parts.budgets, tokens)
        self._values = Values(parts.readings, parts.budgets, tokens)

    def named(self, name: str, reader: Principal) -> Collection:
        """An entity set of the root.

        Raises:
            NotFound: there is none of that name.
            Forbidden: the key lacks the scope for it.
        """
        if name in catalogue.TYPES:
            _needs(reader, scopes.ODATA_READ)
            published = [one for one in self._datasets.published() if reader.reach.opens(one.uuid)]
            return self._rows(reader, catalogue.source(name, published, self._pipelines))
        if name == "Datasets":
            _needs(reader, scopes.READ)
            return self._rows(reader, sources.datasets(reader))
        if name == "Streams":
            return self._rows(reader, sources.streams(reader))
        raise NotFound(f"there is no entity set {name[:64]}", sets=list(SETS))

    def documents(self, dataset: str, reader: Principal) -> Collection:
        """The documents of a dataset.

        Raises:
            Forbidden: the key lacks the scope for it.
            NotFound: there is no such dataset, or the key does not open it.
        """
        _needs(reader, scopes.READ)
        if not self._datasets.opened_by(dataset, reader):
            raise NotFound("there is no such entity in Datasets", set="Datasets")
        return self._rows(reader, sources.documents(dataset, self._types.of(dataset)))

    def values(self, stream: int, reader: Principal) -> Collection:
        """The datapoints of a stream by its integer id.

        Raises:
            NotFound: there is no such stream, or the key does not open it.
            Forbidden: the key is for it, and lacks ``stream:read``.
        """
        if not 0 < stream < 2**53:
            raise NotFound("there is no such entity in Streams", set="Streams")
        found = self._streams.of(stream)
        return Points(self._values, reader, self._streams.open(found.uuid, reader))

    def schema(self) -> Schema:
        """The schema of the root."""
        return schemas.ROOT

    def schema_of(self, collection: Collection) -> Schema:
        """The schema of a service that has one collection only."""
        return schemas.of_one(collection.name, collection.type, collection.entity_type,
                              collection.key)  # fmt: skip

    def _rows(self, reader: Principal, source: Source) -> Rows:
        return Rows(self._reading, reader, source)


def _needs(reader: Principal, scope: str) -> None:
    if scope not in reader.scopes:
        raise Forbidden("this key does not have the scope for it", scope=scope)
