"""What the door of streams and that of series tell: streams, datapoints, verdicts."""

from __future__ import annotations

from typing import Final

from hub.api.body import NDJSON as LINES
from hub.api.openapi.doors import ERROR, closed
from hub.api.openapi.shapes.common import (
    FLAG,
    ID,
    NOT_STORED,
    OBJECT,
    TEXT,
    TIME,
    UUID,
    WHOLE,
    list_of,
    or_null,
    some_of,
)
from hub.api.openapi.told import CSV, JSON, NDJSON, Answer, Body, Named
from hub.api.streams.asking import LEVEL_NAMES
from hub.series.levels import CALENDAR
from hub.series.names import TIME_LETTERS, VALUE_LETTERS, VALUE_TYPES
from hub.services.streams.registry.form import LATE, STREAM
from hub.values import Document

TYPES: Final = (JSON, "text/javascript", "application/xml", "text/plain")
TYPES_OF_ROWS: Final = (*TYPES, CSV, NDJSON)
_OF_STREAM: Final[Document] = {
    "id": UUID,
    "resource_uri": TEXT,
    "tags": OBJECT,
    "value_downsamplers": list_of(some_of(*VALUE_LETTERS)),
    "time_downsamplers": list_of(some_of(*TIME_LETTERS)),
    "highest_granularity": some_of(*LEVEL_NAMES),
    "earliest_datapoint": or_null(TIME),
    "latest_datapoint": or_null(TIME),
    "value_type": some_of(*VALUE_TYPES),
}
_META: Final = Named(
    "PageOfStreams",
    closed(
        {
            "total_count": WHOLE,
            "limit": WHOLE,
            "offset": WHOLE,
            "next": or_null(TEXT),
            "previous": or_null(TEXT),
        }
    ),
)
_ASKED: Final = Named(
    "Selection",
    closed(
        {
            "granularity": some_of(*LEVEL_NAMES, *CALENDAR),
            "start": or_null(TIME),
            "end": or_null(TIME),
            "start_exclusive": or_null(TIME),
            "end_exclusive": or_null(TIME),
            "reverse": FLAG,
            "value_downsamplers": or_null(list_of(some_of(*VALUE_LETTERS))),
            "time_downsamplers": or_null(list_of(some_of(*TIME_LETTERS))),
            "partial": FLAG,
            "tz": TEXT,
            "points": WHOLE,
            "downsample": some_of("lttb", "m4"),
        },
        "partial", "tz", "points", "downsample",
    ),
)  # fmt: skip
_POINT: Final = Named(
    "Datapoint",
    closed({"t": {"anyOf": [TIME, OBJECT]}, "v": {}}),
)
_POINTS: Final[Document] = {"datapoints": list_of(_POINT), "query_params": _ASKED, "meta": _META}
_STREAM: Final = Named("Stream", closed(_OF_STREAM))
A_STREAM: Final = {
    200: Answer(
        "The stream and the datapoints asked for.",
        Named("StreamWithDatapoints", closed(_OF_STREAM | _POINTS)),
        TYPES_OF_ROWS,
        ("ETag", "Link"),
    )
}
STREAMS: Final = {
    200: Answer("A page.", closed({"meta": _META, "objects": list_of(_STREAM)}), TYPES)
}
SOME_STREAMS: Final = {200: Answer("Them.", closed({"objects": list_of(_STREAM)}), TYPES)}
A_SERIES: Final = {
    200: Answer(
        "The datapoints asked for.",
        Named(
            "Series",
            closed(
                {
                    "dataset": UUID,
                    "field": TEXT,
                    **{
                        name: shape
                        for name, shape in _OF_STREAM.items()
                        if name not in ("id", "resource_uri", "tags")
                    },
                    **_POINTS,
                }
            ),
        ),
        (JSON, "application/xml", "text/plain", CSV, NDJSON),
        ("ETag", "Link"),
    )
}
SAID: Final = {200: Answer("What there is.", OBJECT, TYPES)}

_SOURCE: Final = closed(
    {"stream": or_null(UUID), "granularity": or_null(TEXT), "name": or_null(TEXT)}
)
_BACKFILL: Final = closed(
    {
        "done": FLAG,
        "through": or_null(TIME),
        "documents": WHOLE,
        "total": or_null(WHOLE),
        "skipped": WHOLE,
    },
    "documents", "total", "skipped",
)  # fmt: skip
_FACTS: Final = Named(
    "StreamFacts",
    closed(
        {
            "id": UUID,
            "resource_uri": TEXT,
            "number": ID,
            "title": or_null(TEXT),
            "tags": OBJECT,
            "value_type": some_of(*VALUE_TYPES),
            "highest_granularity": some_of(*LEVEL_NAMES),
            "value_downsamplers": list_of(some_of(*VALUE_LETTERS)),
            "time_downsamplers": list_of(some_of(*TIME_LETTERS)),
            "public": FLAG,
            "late": some_of(*LATE),
            "dataset": {
                "anyOf": [
                    closed(
                        {
                            "dataset": TEXT,
                            "field": TEXT,
                            "filter": or_null(OBJECT),
                            "time_field": or_null(TEXT),
                        }
                    ),
                    {"type": "null"},
                ]
            },
            "derived_from": {
                "anyOf": [
                    closed(
                        {
                            "op": TEXT,
                            "args": OBJECT,
                            "sources": list_of(_SOURCE),
                            "after": or_null(TIME),
                        }
                    ),
                    {"type": "null"},
                ]
            },
            "backfill": {"anyOf": [_BACKFILL, {"type": "null"}]},
        }
    ),
)
NEW: Final = Body(Named("NewStream", STREAM))
ENSURED: Final = {
    200: Answer("The one that was there.", _FACTS, headers=("Location",)),
    201: Answer("One that was made.", _FACTS, headers=("Location",)),
}

_SENT: Final = Named("NewDatapoint", closed({"t": {"type": ["string", "number"]}, "v": {}}, "t"))
SENT: Final = Body(
    {"anyOf": [_SENT, list_of(_SENT)]},
    (JSON, *LINES),
    text="A datapoint, an array of them, or a datapoint a line. May be packed by gzip.",
)
_VERDICTS: Final = Named(
    "AppendedDatapoints",
    closed(
        {
            "stream_id": UUID,
            "granularity": some_of(*LEVEL_NAMES),
            "stored": WHOLE,
            "refused": WHOLE,
            "verdicts": list_of(
                {
                    "anyOf": [
                        closed({"index": WHOLE, "status": {"const": "stored"}, "t": TIME}),
                        NOT_STORED,
                    ]
                }
            ),
        }
    ),
)
_APPENDED: Final = closed(
    {
        "stream_id": UUID,
        "granularity": some_of(*LEVEL_NAMES),
        "datapoint": closed({"t": TIME, "v": {}}),
    }
)
_REPLIED: Final = ("Idempotency-Replayed", "Preference-Applied")
APPENDED: Final = {
    201: Answer(
        "All are stored: the datapoint, or a verdict on each.",
        {"anyOf": [_APPENDED, _VERDICTS]},
        headers=_REPLIED,
    ),
    207: Answer("Some are stored.", _VERDICTS, headers=_REPLIED),
    400: Answer("None is stored.", {"anyOf": [ERROR, _VERDICTS]}),
    503: Answer("None could be stored now.", {"anyOf": [ERROR, _VERDICTS]}),
}
