"""The collections and their indexes, made where they are missing; safe to run from everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, GEOSPHERE, IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from hub.series.levels import ROLLUPS
from hub.store.client import Mongo, translated
from hub.store.plant.device_states import GONE_KEPT_S
from hub.store.streams.rollups import collection_name

ZSTD = "block_compressor=zstd"
RATE_KEPT_S = 3_600
"""A bucket nobody takes from is full again long before."""
WORKER_KEPT_S = 3_600
CALL_KEPT_S = 3_600
GRANT_KEPT_S = 3_600
OFFER_KEPT_S = 60
EXISTS = 48
"""Another process was first."""
CHANGED = (85, 86)
"""An index of that name, or on those fields, has other options."""
OWN = ("v", "name", "ns", "background", "2dsphereIndexVersion")
"""What the server says of an index beside what it was asked for."""
DOCUMENT_ORDER = (("_datasetid", ASCENDING), ("_timestamp", ASCENDING), ("_id", ASCENDING))
"""The order in which a dataset's documents are read, and its index."""
OBSERVED: dict[str, Any] = {"_observation.Id": {"$exists": True}}
"""Only observations are in these indexes; a query that shall use one bounds that ``Id``."""


def _observed(*names: str) -> IndexModel:
    """An index of the observations among the documents."""
    return IndexModel([(name, ASCENDING) for name in names], partialFilterExpression=OBSERVED)


def _facets(*names: str) -> IndexModel:
    """An index of facets that also holds what they are asked for."""
    return IndexModel([(name, ASCENDING) for name in (*names, "LocationId", "dataset")])


def _event_logs(*names: str) -> IndexModel:
    """An index of event logs by some fields and then in order of time."""
    return IndexModel([(name, ASCENDING) for name in (*names, "timestamp", "_id")])


@dataclass(frozen=True, slots=True)
class Collection:
    """``storage`` is the WiredTiger configuration it is created with, if not the default."""

    name: str
    indexes: tuple[IndexModel, ...] = ()
    storage: str | None = None


COLLECTIONS = (
    Collection(
        "datasets",
        (
            IndexModel([("catalogue.DOI", ASCENDING)], unique=True, sparse=True),
            IndexModel([("published", ASCENDING)], sparse=True),
        ),
    ),
    Collection(
        "documents",
        (
            IndexModel(list(DOCUMENT_ORDER)),
            _observed("_observation.Id", "_datasetid"),
            _observed("_datasetid", "_observation.Id"),
            _observed("_observation.LocationId", "_observation.Id"),
            _observed("CharacteristicName", "_observation.Id"),
            _observed("_observation.ActivityStartYear", "_observation.Id"),
            _observed("ActivityMediaName", "_observation.Id"),
            _observed("_observation.ActivityGroupType", "_observation.Id"),
            _observed("MonitoringLocationType", "_observation.Id"),
        ),
        storage=ZSTD,
    ),
    Collection(
        "locations",
        (
            IndexModel([("dataset", ASCENDING), ("ID", ASCENDING)], unique=True),
            IndexModel([("dataset", ASCENDING), ("_id", ASCENDING)]),
            IndexModel([("RegionId", ASCENDING)]),
            IndexModel([("point", GEOSPHERE)]),
        ),
    ),
    Collection(
        "facets",
        (
            _facets(
                "CharacteristicName",
                "ActivityStartYear",
                "ActivityMediaName",
                "ActivityGroupType",
                "MonitoringLocationType",
            ),
            _facets("CharacteristicName"),
            _facets("ActivityMediaName"),
            _facets("ActivityGroupType"),
            _facets("MonitoringLocationType"),
            _facets("ActivityStartYear"),
            IndexModel([("dataset", ASCENDING), ("LocationId", ASCENDING)]),
            IndexModel([("LocationId", ASCENDING), ("dataset", ASCENDING)]),
        ),
    ),
    Collection("regions"),
    Collection(
        "keys",
        (
            IndexModel([("secrets.digest", ASCENDING)], unique=True),
            IndexModel([("datasets", ASCENDING)]),
        ),
    ),
    Collection("users"),
    Collection(
        "sessions",
        (
            IndexModel([("expires", ASCENDING)], expireAfterSeconds=0),
            IndexModel([("user", ASCENDING)]),
        ),
    ),
    Collection("attempts", (IndexModel([("due", ASCENDING)], expireAfterSeconds=0),)),
    Collection("idempotency", (IndexModel([("expires", ASCENDING)], expireAfterSeconds=0),)),
    Collection("leases"),
    Collection("workers", (IndexModel([("until", ASCENDING)], expireAfterSeconds=WORKER_KEPT_S),)),
    Collection("audit", (IndexModel([("at", ASCENDING)]),)),
    Collection("hub"),
    Collection("counters"),
    Collection("devices", (IndexModel([("name", ASCENDING)], unique=True),)),
    Collection(
        "device_calls",
        (
            IndexModel([("holder", ASCENDING)], partialFilterExpression={"state": "waiting"}),
            IndexModel([("at", ASCENDING)], expireAfterSeconds=CALL_KEPT_S),
        ),
    ),
    Collection(
        "device_states", (IndexModel([("gone", ASCENDING)], expireAfterSeconds=GONE_KEPT_S),)
    ),
    Collection("groups", (IndexModel([("name", ASCENDING)], unique=True),)),
    Collection(
        "event_logs",
        (
            _event_logs("device", "kind"),
            _event_logs("device"),
            _event_logs("kind"),
            _event_logs(),
        ),
    ),
    Collection("models", (IndexModel([("data", ASCENDING)], unique=True),)),
    Collection(
        "terminal_grants", (IndexModel([("expires", ASCENDING)], expireAfterSeconds=GRANT_KEPT_S),)
    ),
    Collection(
        "terminal_hosts", (IndexModel([("until", ASCENDING)], expireAfterSeconds=WORKER_KEPT_S),)
    ),
    Collection(
        "terminal_sessions",
        (
            IndexModel([("host", ASCENDING), ("state", ASCENDING), ("at", ASCENDING)]),
            IndexModel([("at", ASCENDING)], expireAfterSeconds=OFFER_KEPT_S),
        ),
    ),
    Collection("rates", (IndexModel([("at", ASCENDING)], expireAfterSeconds=RATE_KEPT_S),)),
    Collection("progress"),
    Collection(
        "streams",
        (
            IndexModel([("uuid", ASCENDING)], unique=True),
            IndexModel([("tags.$**", ASCENDING)]),
            IndexModel([("feed.dataset", ASCENDING)]),
            IndexModel([("derivation.sources.stream", ASCENDING)]),
            IndexModel([("pending", ASCENDING)], sparse=True),
            IndexModel([("touched", ASCENDING)], sparse=True),
            IndexModel([("device", ASCENDING)], partialFilterExpression={"device": {"$gt": 0}}),
            IndexModel([("group", ASCENDING)], partialFilterExpression={"group": {"$gt": 0}}),
        ),
    ),
    Collection(
        "values",
        (
            IndexModel(
                [("_id.s", ASCENDING), ("_id.h", ASCENDING)],
                name="unseen",
                partialFilterExpression={"d": True},
            ),
            IndexModel(
                [("_id.w", ASCENDING), ("_id.h", ASCENDING), ("_id.s", ASCENDING)], name="time"
            ),
        ),
        storage=ZSTD,
    ),
    *(Collection(collection_name(level), storage=ZSTD) for level in ROLLUPS),
    Collection(
        "statistics",
        (IndexModel([("_id.t", ASCENDING), ("_id.s", ASCENDING)], name="time"),),
        storage=ZSTD,
    ),
    Collection("statistic_windows"),
    Collection("retention"),
    Collection("floors"),
)


def ensure(mongo: Mongo, collections: Sequence[Collection] = COLLECTIONS) -> None:
    """Create what is missing; of what is there, only an index with other options is made anew."""
    with translated():
        present = set(mongo.db.list_collection_names())
        for collection in collections:
            if collection.name not in present:
                _create(mongo, collection)
            if collection.indexes:
                _index(mongo, collection)


def _index(mongo: Mongo, collection: Collection) -> None:
    found, wanted = mongo.db[collection.name], list(collection.indexes)
    try:
        found.create_indexes(wanted)
    except OperationFailure as exc:
        if exc.code not in CHANGED:
            raise
        _forget_changed(found.index_information(), wanted, found.drop_index)
        found.create_indexes(wanted)


def _forget_changed(
    there: Mapping[str, Any], wanted: list[IndexModel], drop: Callable[[str], None]
) -> None:
    """Drop the indexes that have a wanted one's name and are not that one."""
    for index in wanted:
        name = index.document["name"]
        if name not in there:
            continue
        old = {key: value for key, value in there[name].items() if key not in OWN}
        new = {key: value for key, value in index.document.items() if key not in OWN}
        if old | {"key": [*old["key"]]} != new | {"key": [*new["key"].items()]}:
            with suppress(OperationFailure):  # another process was first
                drop(name)


def _create(mongo: Mongo, collection: Collection) -> None:
    options: dict[str, Any] = {}
    if collection.storage:
        options["storageEngine"] = {"wiredTiger": {"configString": collection.storage}}
    try:
        mongo.db.create_collection(collection.name, **options)
    except (CollectionInvalid, OperationFailure) as exc:
        if isinstance(exc, OperationFailure) and exc.code != EXISTS:
            raise
