"""Entity sets as the strict root reads them: what they hold, where, in which order, up to where.

A property that is stored elsewhere or otherwise is a made field (``hub.query.odata.made``). What
a filter says of it is put in terms of what is stored, where that is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from hub.query import Boundary
from hub.query.odata import Context, EntityType, Property
from hub.query.odata.arrival import MAKING, STORED, arrived
from hub.query.odata.ast import Expression
from hub.query.odata.bind import condition
from hub.query.odata.made import Table, made
from hub.query.odata.schema import Link
from hub.query.odata.typed import Typed
from hub.query.odata.value import Expr
from hub.services import scopes
from hub.services.odata.deadline import Deadline
from hub.values import Principal


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a filter leaves of a set: a boundary, and a condition that is still to be asked."""

    boundary: Boundary
    condition: Typed | None = None


Narrow: TypeAlias = Callable[[Expression | None, Context, Deadline], Narrowed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One entity set for one reader.

    Attributes:
        name: of the set; ``type`` is that of its entities, without the namespace.
        entity: its properties, those of made fields too.
        order: the stored fields by which rows are in order; the last one is the key's and
            orders them alone.
        narrow: the boundary of a filter, which may have to look into other sets.
        computed: expressions of made fields by path.
        tables: other made fields by path, each looked up by the text of a stored field.
        lifted: a stored object whose fields are properties of the same name, the key one of
            them; empty for none.
        alike: stored fields in the order of made ones.
        whole: rows are whole documents, of which Python makes the entities.
        links: the contained collections behind each entity.
        of: what the set belongs to, where there are several of its name.
    """

    name: str
    type: str
    entity: EntityType
    order: tuple[str, ...]
    narrow: Narrow
    computed: Mapping[str, Expr] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    lifted: str = ""
    alike: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False
    links: tuple[Link, ...] = ()
    key: str = "Id"
    of: str = ""

    @property
    def making(self) -> dict[str, Expr]:
        """Expressions of all made fields by path."""
        return {**self.computed, **{path: table.expr for path, table in self.tables.items()}}

    @property
    def texts(self) -> list[str]:
        """The stored fields that ``$search`` looks into."""
        return [
            item.path
            for item in self.entity.properties
            if item.kind == "string"
            and item.path not in self.computed
            and item.path not in self.tables
        ]


def within(boundary: Boundary) -> Narrow:
    """The narrowing of a set that stands by itself."""

    def narrow(tree: Expression | None, context: Context, _: Deadline) -> Narrowed:
        return Narrowed(boundary, None if tree is None else condition(tree, context))

    return narrow


DOCUMENT: Final = "Document"
DATAPOINT: Final = "Datapoint"
DOCUMENTS: Final = Link("Documents", DOCUMENT)
VALUES: Final = Link("Values", DATAPOINT)
_KIND: Final = made("Kind")
DATASET_TYPE: Final = EntityType(
    (
        Property("Id", "_id", "string"),
        Property("Name", "name", "string"),
        Property("Kind", _KIND, "string"),
        Property("Created", "created", "datetime"),
        Property("Published", "published", "datetime"),
        Property("DOI", "catalogue.DOI", "string"),
    ),
    checked=True,
)
STREAM_TYPE: Final = EntityType(
    (
        Property("Id", "_id", "integer"),
        Property("Uuid", "uuid", "string"),
        Property("Name", "name", "string"),
        Property("Tags", "tags", "object"),
        Property("ValueType", "value_type", "string"),
        Property("HighestGranularity", "highest", "string"),
        Property("Public", "public", "boolean"),
        Property("Created", "created", "datetime"),
    ),
    checked=False,
)


def datasets(reader: Principal) -> Source:
    """Every dataset that a key opens, published or not."""
    opened = reader.reach.datasets
    limits = {} if opened is None else {"_id": {"$in": sorted(opened)}}
    return Source(
        name="Datasets",
        type="Dataset",
        entity=DATASET_TYPE,
        order=("_id",),
        narrow=within(Boundary("datasets", {"deleted": None, **limits})),
        computed={_KIND: {"$ifNull": ["$kind", "documents"]}},
        links=(DOCUMENTS,),
    )


def streams(reader: Principal) -> Source:
    """The public streams, and those that a key with ``stream:read`` opens."""
    return Source(
        name="Streams",
        type="Stream",
        entity=STREAM_TYPE,
        order=("_id",),
        narrow=within(Boundary("streams", {"deleted": None, **_seen(reader)})),
        links=(VALUES,),
    )


def _seen(reader: Principal) -> dict[str, object]:
    """Which streams are seen: ``Reach.opens_stream`` in the words of a query, or a public one."""
    reach, some = reader.reach, list[dict[str, object]]()
    if scopes.STREAM_READ not in reader.scopes:
        return {"public": True}
    if reach.streams is not None:
        some = [{"_id": {"$in": sorted(reach.streams)}}]
    elif reach.devices:
        some = [{"device": None}]
    else:
        return {}
    if reach.devices:
        some.append({"device": {"$in": sorted(reach.devices)}})
    return {"$or": [{"public": True}, *some]}


def documents(dataset: str, entity: EntityType) -> Source:
    """The documents of one dataset. ``entity`` begins with their ``Id`` and ``Timestamp``."""
    boundary = Boundary("documents", {"_datasetid": dataset})

    def narrow(tree: Expression | None, context: Context, _: Deadline) -> Narrowed:
        return Narrowed(boundary, None if tree is None else arrived(condition(tree, context)))

    return Source(
        name="Documents",
        type=DOCUMENT,
        entity=entity,
        order=("_timestamp", "_id"),
        narrow=narrow,
        computed=MAKING,
        alike=STORED,
        whole=True,
        of=dataset,
    )
