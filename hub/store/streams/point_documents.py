"""One document of raw datapoints: its key, and what may be done to it.

``_id`` is ``{s, w, h}``: stream, width and start in milliseconds (see ``hub.series.buckets``).
``v`` maps a datapoint's name to its value; ``a`` and ``z`` are the least and the greatest offset
ever in it. ``q`` is there only where a device was not sure of a value: it maps the datapoint's name
to that value, and says nothing of another one that took its place. What the rollups have not seen
yet is marked in the same document, so that a write and its mark are one atomic step: ``d`` true,
``lo`` and ``hi`` the offsets between which points changed, ``x`` where some were taken away; ``r``
counts the writes, ``k`` names the latest requests that may come twice. Why so:
docs/decisions/008-stream-marks.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import UpdateOne

from hub.series import buckets
from hub.series.buckets import Bucket
from hub.store.client import Doc

REQUESTS = 16
"""How many of the latest requests that may come twice a document knows."""
MANY = 100
"""Values from which on the server merges maps sooner than it sets each name: docs/decisions/025."""


@dataclass(frozen=True, slots=True)
class Change:
    """Datapoints to set in one document, by name. ``fresh`` means: only if all are newer than
    everything in it, or none may be there yet (several values of one instant are kept). ``by``
    names a request that may come twice: what it did to a document is not done again.
    ``uncertain`` are those of the names whose values are so; ``sure`` says that the others are
    not, whatever was said of their names before."""

    bucket: Bucket
    values: Mapping[str, Any]
    lo: int
    hi: int
    fresh: bool = False
    by: bytes = b""
    uncertain: Collection[str] = ()
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A document that changed since the rollups saw it: between ``lo`` and ``hi`` (ms, both
    inclusive, absolute). ``removed`` says that datapoints were taken away."""

    bucket: Bucket
    lo: int
    hi: int
    revision: int
    removed: bool


def key(stream: int, width: int, at: int) -> Doc:
    """The ``_id`` of a document that begins at ``at``; those of a width are in order of time."""
    return {"s": stream, "w": width, "h": at}


def key_of(bucket: Bucket) -> Doc:
    return key(bucket.stream, bucket.width, bucket.start)


def bucket_of(found: Mapping[str, int]) -> Bucket:
    """The bucket that an ``_id`` names."""
    return Bucket(int(found["s"]), int(found["w"]), int(found["h"]))


def update_of(change: Change) -> dict[str, Doc]:
    """The update that makes a change, and marks it."""
    values = {f"v.{name}": value for name, value in change.values.items()}
    update: dict[str, Doc] = {"$set": {**values, "d": True}, "$inc": {"r": 1}}
    low, high = change.lo - change.bucket.start, change.hi - change.bucket.start
    update["$min"] = {"lo": low, "a": low}
    update["$max"] = {"hi": high, "z": high}
    if change.uncertain:
        update["$set"] |= {f"q.{name}": change.values[name] for name in change.uncertain}
    if change.sure and (certain := change.values.keys() - change.uncertain):
        update["$unset"] = {f"q.{name}": "" for name in certain}
    if change.by:
        update["$push"] = {"k": {"$each": [change.by], "$slice": -REQUESTS}}
    return update


def merge_of(change: Change) -> list[Doc]:
    """What ``update_of`` does, as one merge of maps; not of what is uncertain, or sure."""
    low, high = change.lo - change.bucket.start, change.hi - change.bucket.start
    changed: Doc = {
        "v": {"$mergeObjects": ["$v", {"$literal": change.values}]},
        "d": True,
        "r": {"$add": [{"$ifNull": ["$r", 0]}, 1]},
        "lo": {"$min": ["$lo", low]},
        "a": {"$min": ["$a", low]},
        "hi": {"$max": ["$hi", high]},
        "z": {"$max": ["$z", high]},
    }
    if change.by:
        known = {"$concatArrays": [{"$ifNull": ["$k", []]}, {"$literal": [change.by]}]}
        changed["k"] = {"$slice": [known, -REQUESTS]}
    return [{"$set": changed}]


def setting(change: Change) -> UpdateOne:
    """The update where a change may be made; an insert that collides where it may not."""
    found: Doc = {"_id": key_of(change.bucket)}
    if change.fresh:
        found["z"] = {"$lt": change.lo - change.bucket.start}
    if change.by:
        found["k"] = {"$ne": change.by}
    merged = len(change.values) >= MANY and not (change.uncertain or change.sure)
    return UpdateOne(found, merge_of(change) if merged else update_of(change), upsert=True)


def extent(names: Iterable[str]) -> Doc:
    """Least and greatest offset of what is left; null for nothing (a name to unset)."""
    offsets = [buckets.parsed(name)[0] for name in names]
    return {"a": min(offsets, default=None), "z": max(offsets, default=None)}
