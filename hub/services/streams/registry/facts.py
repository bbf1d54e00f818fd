"""What the owner of a stream is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from bson import json_util

from hub.services.streams.upkeep.feeding import HORIZON_S
from hub.values import Derivation, Document, Feed, Stream

HORIZON = timedelta(seconds=HORIZON_S + 1)


def of(stream: Stream, sources: Mapping[int, str], progress: Document) -> Document:
    """A stream's properties, ready for JSON.

    Args:
        sources: the UUIDs of the streams that it is derived from, by their integer ids.
        progress: what was noted of filling it from elsewhere.
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
        "backfill": _backfill(stream, progress) if stream.feed or stream.derivation else None,
    }


def _backfill(stream: Stream, progress: Document) -> Document:
    """How far the history of its dataset or its sources has been taken over.

    ``through`` is the time up to which it has; of a dataset ``documents`` of ``total`` were
    looked at, and ``skipped`` had no number. Those that came in shortly before are looked at
    first, and counted later.
    """
    if stream.feed is None:
        at, until = progress.get("next"), progress.get("until", 0)
        through = datetime.fromtimestamp((at - 1) / 1000, UTC) if at and until else None
        return {"done": at is not None and at > until, "through": through}
    settled = progress.get("settled")
    through = None if settled is None else settled.generation_time
    history = through is not None and through >= stream.created - HORIZON
    return {
        "done": history and progress.get("current", False),
        "through": through,
        "documents": progress.get("documents", 0),
        "total": progress.get("total"),
        "skipped": progress.get("skipped", 0),
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
