"""Documents, verdicts and catalogue entries."""

from __future__ import annotations

from typing import Final

from hub.api.body import NDJSON as LINES
from hub.api.formats import FORMATS
from hub.api.openapi.doors import ERROR, closed
from hub.api.openapi.shapes.common import (
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
from hub.api.openapi.told import JSON, Answer, Body, Named
from hub.services.observing.entry import (
    FIELDS,
    FREQUENCIES,
    NAME,
    PROGRESS,
    SEVERAL,
    TOPICS,
    WORDS_MAX,
)
from hub.values import Document

TYPES: Final = tuple(form.media_type for form in FORMATS)
STAMPED: Final = Named(
    "Stored",
    {
        "type": "object",
        "properties": {"_id": TEXT, "_datasetid": UUID, "_timestamp": {"type": "integer"}},
        "required": ["_id", "_datasetid", "_timestamp"],
    },
)
"""A document with what the hub adds to it."""
VERDICTS: Final = Named(
    "Verdicts",
    closed(
        {
            "stored": WHOLE,
            "refused": WHOLE,
            "verdicts": list_of(
                {
                    "anyOf": [
                        closed({"index": WHOLE, "status": {"const": "stored"}, "_id": TEXT}),
                        NOT_STORED,
                    ]
                }
            ),
        }
    ),
)
DOCUMENTS: Final = Body(
    {"anyOf": [OBJECT, list_of(OBJECT)]},
    (JSON, *LINES),
    text="One document, an array of them, or a document a line. May be packed by gzip.",
)
PUT: Final = {
    201: Answer(
        "All are stored: the document, or a verdict on each.",
        {"anyOf": [STAMPED, VERDICTS]},
        headers=("Idempotency-Replayed",),
    ),
    207: Answer("Some are stored.", VERDICTS, headers=("Idempotency-Replayed",)),
    400: Answer("None is stored.", {"anyOf": [ERROR, VERDICTS]}),
    503: Answer("None could be stored now.", {"anyOf": [ERROR, VERDICTS]}),
}
FILTER: Final = Body(
    Named("Filter", OBJECT), required=False, text="A MongoDB query; everything where there is none."
)
PIPELINE: Final = Body(
    Named("Pipeline", list_of(OBJECT)), required=False, text="MongoDB's stages, one after another."
)
ROWS: Final = {200: Answer("The rows.", list_of({}), TYPES)}
FOUND: Final = {
    200: Answer(
        "A page of documents, or with `count=true` their number.",
        {"anyOf": [list_of(OBJECT), closed({"count": WHOLE})]},
        TYPES,
        ("Link",),
    )
}
_CODES: Final = {
    "ProgressCode": sorted(PROGRESS),
    "MaintenanceFrequencyCode": sorted(FREQUENCIES),
    "TopicCategoryCode": sorted(TOPICS),
}


def _field(name: str) -> Document:
    kind = some_of(*_CODES[name]) if name in _CODES else TEXT
    if name in SEVERAL:
        return or_null({"type": "array", "items": kind, "minItems": 1, "maxItems": WORDS_MAX})
    if name == NAME:
        return kind
    if "enum" in kind:
        return or_null(kind) | {"enum": [*kind["enum"], None]}
    return or_null(kind)


_ENTRY: Final = {name: _field(name) for name in FIELDS}
CHANGES: Final = Body(closed(_ENTRY, *FIELDS), (JSON, "application/merge-patch+json"))
_SHOWN: Final = Named(
    "CatalogueEntry",
    closed({**_ENTRY, "CreateTimestamp": TIME, "PublishedTimestamp": or_null(TIME)}),
)
ENTRY: Final = {200: Answer("The entry.", _SHOWN)}
PUBLICATION: Final = {
    200: Answer(
        "Since when it is published.", closed({"dataset": UUID, "published": or_null(TIME)})
    )
}
