"""What the owner of a stream is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from bson import json_util

from hub.values import Derivation, Document, Feed, Stream


def of(stream: Stream, sources: Mapping[int, str]) -> Document:
    """A stream's properties, ready for JSON.

    Args:
        sources: the UUIDs of the streams that it is derived from, by their integer ids.
    """
    return {
        "id": stream.uuid,
        "resource_uri": f"/api/v1/stream/{stream.uuid}/",
        "number": stream.id,
        "title": stream.name,
        "tags": stream.tags,
        "value_type": stream.value_type,
        "highest_granularity": stream.highest,
        "value_downsamplers": list(stream.value_downsamplers),
        "time_downsamplers": list(stream.time_downsamplers),
        "public": stream.public,
        "late": stream.late,
        "dataset": _feed(stream.feed) if stream.feed else None,
        "derived_from": _derivation(stream.derivation, sources) if stream.derivation else None,
    }


def _feed(feed: Feed) -> Document:
    return {
        "dataset": feed.dataset,
        "field": feed.field,
        "filter": _as_sent(feed.filter),
        "time_field": feed.time_field,
    }


def _as_sent(query: Document | None) -> Any:
    """A filter in JSON again, its dates, ids and decimals in the forms that a query takes."""
    if query is None:
        return None
    text = json_util.dumps(query, json_options=json_util.RELAXED_JSON_OPTIONS)
    return orjson.loads(text)


def _derivation(derivation: Derivation, sources: Mapping[int, str]) -> Document:
    after_ms = derivation.after_ms
    return {
        "op": derivation.op,
        "args": derivation.args,
        "sources": [
            {
                "stream": sources.get(source.stream),
                "granularity": source.granularity,
                "name": source.name,
            }
            for source in derivation.sources
        ],
        "after": None if after_ms is None else datetime.fromtimestamp(after_ms / 1000, UTC),
    }
