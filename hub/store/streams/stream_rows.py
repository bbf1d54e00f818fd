"""Rows of ``streams``, as ``hub.store.streams.streams`` describes them, from streams and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from hub.store.client import Doc
from hub.values import Derivation, Feed, Place, Source, Stream

PLACE = tuple(each.name for each in fields(Place))
NOWHERE = Place()


def row_of(stream: Stream) -> Doc:
    """A stream as it is stored."""
    return {
        "_id": stream.id,
        "uuid": stream.uuid,
        "name": stream.name,
        "tags": stream.tags,
        "value_type": stream.value_type,
        "highest": stream.highest,
        "value_downsamplers": list(stream.value_downsamplers),
        "time_downsamplers": list(stream.time_downsamplers),
        "public": stream.public,
        "late": stream.late,
        "created": stream.created,
        "widths": [list(width) for width in stream.widths],
        "feed": stream.feed and _feed_row(stream.feed),
        "derivation": stream.derivation and _derivation_row(stream.derivation),
        "deleted": stream.deleted,
        **asdict(stream.place),
    }


def stored(name: str, value: Any) -> Any:
    """The condition for a value that stands in a row, or does not where it is what is meant."""
    if name in PLACE and value == getattr(NOWHERE, name):
        return {"$in": [value, None]}
    return {"$eq": value}


def _feed_row(feed: Feed) -> Doc:
    return {
        "dataset": feed.dataset,
        "field": feed.field,
        "filter": feed.filter,
        "time_field": feed.time_field,
    }


def _derivation_row(derivation: Derivation) -> Doc:
    return {
        "op": derivation.op,
        "sources": [
            {"stream": source.stream, "granularity": source.granularity, "name": source.name}
            for source in derivation.sources
        ],
        "args": derivation.args,
        "after_ms": derivation.after_ms,
    }


def stream_of(row: Mapping[str, Any]) -> Stream:
    """The stream of a row, of an old one too."""
    return Stream(
        id=int(row["_id"]),
        uuid=row["uuid"],
        name=row["name"],
        tags=row["tags"],
        value_type=row["value_type"],
        highest=row["highest"],
        value_downsamplers=tuple(row["value_downsamplers"]),
        time_downsamplers=tuple(row["time_downsamplers"]),
        public=row["public"],
        late=row["late"],
        created=row["created"],
        widths=tuple((int(since), int(width)) for since, width in row["widths"]),
        feed=Feed(**row["feed"]) if row["feed"] else None,
        derivation=_derivation(row["derivation"]) if row["derivation"] else None,
        deleted=row["deleted"],
        place=Place(**{name: row[name] for name in PLACE if name in row}),
    )


def _derivation(row: Mapping[str, Any]) -> Derivation:
    sources = tuple(
        Source(int(source["stream"]), source["granularity"], source["name"])
        for source in row["sources"]
    )
    after_ms = row["after_ms"]
    return Derivation(row["op"], sources, row["args"], after_ms and int(after_ms))
