"""What the stream door says of itself: the discovery document and the fields of a stream."""

from __future__ import annotations

from typing import Any

from hub.api.streams.asked import PAGE_DEFAULT
from hub.api.streams.shapes import ROOT
from hub.series.levels import LEVELS
from hub.series.names import TIME_LETTERS, VALUE_LETTERS, VALUE_TYPES
from hub.values import Document

DISCOVERY: Document = {"stream": {"list_endpoint": ROOT, "schema": f"{ROOT}schema/"}}


def _field(kind: str, help_text: str, **facts: Any) -> Document:
    return {
        "type": kind,
        "nullable": False,
        "blank": False,
        "default": "No default provided.",
        "readonly": True,
        "unique": False,
        "help_text": help_text,
        **facts,
    }


FIELDS: dict[str, Document] = {
    "id": _field("string", "A random UUID that names the stream for good.", unique=True),
    "resource_uri": _field("string", "The path of the stream and its datapoints."),
    "tags": _field(
        "dict", "What the owner says of the stream, nested freely.", nullable=True, readonly=False
    ),
    "value_downsamplers": _field(
        "list",
        "What is kept of the values of a bucket at lower granularities.",
        choices=list(VALUE_LETTERS),
    ),
    "time_downsamplers": _field(
        "list",
        "What is kept of the times of a bucket at lower granularities.",
        choices=list(TIME_LETTERS),
    ),
    "highest_granularity": _field(
        "string",
        "The finest granularity, at which datapoints are as they were appended.",
        choices=[level.name for level in LEVELS],
    ),
    "earliest_datapoint": _field("datetime", "The time of the first datapoint.", nullable=True),
    "latest_datapoint": _field("datetime", "The time of the last datapoint.", nullable=True),
    "value_type": _field(
        "string", "The kind of the values.", default="numeric", choices=list(VALUE_TYPES)
    ),
    "datapoints": _field(
        "datapoints", "The datapoints asked for; only in the answer for one stream.", nullable=True
    ),
}

SCHEMA: Document = {
    "default_format": "application/json",
    "default_limit": PAGE_DEFAULT,
    "allowed_list_http_methods": ["get"],
    "allowed_detail_http_methods": ["get"],
    "fields": FIELDS,
}
