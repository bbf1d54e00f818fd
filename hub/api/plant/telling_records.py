"""What the plant API tells of what is recorded: values, statistics, policies of retention."""

from __future__ import annotations

from typing import Final

from hub.api.body import NDJSON as LINES
from hub.api.openapi.doors import ERROR, closed
from hub.api.openapi.headers import BRIEF
from hub.api.openapi.shapes.common import (
    ID,
    NOT_STORED,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    list_of,
    or_null,
    some_of,
)
from hub.api.openapi.told import JSON, Answer, Body, Form, Given, Named, Shape
from hub.api.plant.values_reading import VALUE, WRITTEN
from hub.series.records import FIELDS
from hub.services.retention.policies import TABLES
from hub.values import Document

DATA: Final = {"data": ID}
QUALITY: Final = "quality"
"""Told only of values that are not good."""
_POINT: Final[Document] = {
    "data": ID,
    "timestamp": TIME,
    "value": {},
    QUALITY: some_of("uncertain"),
}
_TOLD: Final = {name: or_null(WHOLE if name == "count" else NUMBER) for name in FIELDS}
_STATISTIC: Final[Document] = {"data": ID, "timestamp": TIME, **_TOLD}
_VALUE: Final = Named("Value", closed(_POINT, QUALITY))
_VALUE_WITH_ID: Final = Named("ValueRecord", closed({"id": TEXT, **_POINT}, QUALITY))
_STATISTICS: Final = Named("Statistic", closed(_STATISTIC, *FIELDS))
_STATISTIC_WITH_ID: Final = Named(
    "StatisticRecord", closed({"id": TEXT, **_STATISTIC}, "id", *FIELDS)
)
_POLICY: Final = closed(
    {
        "data": ID,
        "hypertable": some_of(*TABLES),
        "drop_after_seconds": or_null(NUMBER),
    },
    "data",
)
_VERDICTS: Final = Named(
    "ValueVerdicts",
    closed(
        {
            "stored": WHOLE,
            "refused": WHOLE,
            "verdicts": list_of(
                {
                    "anyOf": [
                        closed({"index": WHOLE, "status": {"const": "stored"}, "id": TEXT}),
                        NOT_STORED,
                    ]
                }
            ),
        }
    ),
)


def _rows(shape: Shape) -> dict[int, Answer]:
    return {200: Answer("The newest first, or a range in order of time.", list_of(shape))}


def _put(shape: Shape) -> dict[int, Answer]:
    return {201: Answer("As it is kept.", shape, headers=("Location",))}


VALUES: Final = _rows(_VALUE)
VALUES_OF_ALL: Final = _rows(_VALUE_WITH_ID)
A_VALUE: Final = {200: Answer("The value.", _VALUE_WITH_ID)}
SENT: Final = Body(Named("NewValue", Form(VALUE, also=DATA)))
PUT: Final = _put(_VALUE)
_MANY: Final = Named("NewValueRecord", Form(WRITTEN))
SENT_MANY: Final = Body(
    {"anyOf": [_MANY, list_of(_MANY)]},
    (JSON, *LINES),
    text="A value, an array of them, or a value a line. May be packed by gzip.",
)
GIVEN: Final[tuple[Given, ...]] = (BRIEF,)
_SAID: Final = ("Preference-Applied",)
PUT_MANY: Final = {
    201: Answer(
        "All are stored: the value, or a verdict on each.",
        {"anyOf": [_VALUE_WITH_ID, _VERDICTS]},
        headers=("Location", *_SAID),
    ),
    207: Answer("Some are stored.", _VERDICTS, headers=_SAID),
    400: Answer("None is stored.", {"anyOf": [ERROR, _VERDICTS]}),
}
STATISTICS: Final = _rows(_STATISTICS)
STATISTICS_OF_ALL: Final = _rows(_STATISTIC_WITH_ID)
A_STATISTIC: Final = {200: Answer("The record.", _STATISTIC_WITH_ID)}
POSTED: Final = _put(_STATISTICS)
_WINDOW: Final[Document] = {"window_seconds": WHOLE}
WINDOWS: Final = {
    200: Answer(
        "The length that counts last, and each from when on.",
        closed({"data": ID, **_WINDOW, "windows": list_of(closed({"from": TIME, **_WINDOW}))}),
    )
}
POLICIES: Final = {200: Answer("Those that there are.", list_of(_POLICY))}
A_POLICY: Final = {200: Answer("As it is now.", _POLICY)}
