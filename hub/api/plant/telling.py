"""Devices, groups, data streams and event logs as they are sent and told."""

from __future__ import annotations

from typing import Final, get_args

from marshmallow import Schema

from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import (
    FLAG,
    ID,
    NUMBER,
    TEXT,
    TIME,
    UUID,
    WHOLE,
    list_of,
    or_null,
    some_of,
)
from hub.api.openapi.told import Answer, Body, Form, Named, Shape, Shown
from hub.series.names import VALUE_TYPES
from hub.services.plant.data_forms import DATA
from hub.services.plant.forms import DEVICE, GROUP
from hub.values import DeviceStatus, Document

_OWN: Final[Document] = {"id": ID, "created": TIME, "updated": TIME}
_STATE: Final = closed(
    {
        "status": some_of("disabled", *get_args(DeviceStatus)),
        "since": or_null(TIME),
        "last_good": or_null(TIME),
        "last_error": or_null(closed({"code": TEXT, "message": TEXT, "at": TIME})),
        "latency_ms": or_null(NUMBER),
        "polls": WHOLE,
        "missed": WHOLE,
        "counted_from": or_null(TIME),
        "worker": or_null(TEXT),
    }
)
_OF_DEVICE: Final[Document] = _OWN | {"state": Named("DeviceState", _STATE)}
_OF_DATA: Final[Document] = {
    "id": ID,
    "uuid": UUID,
    "value_type": some_of(*VALUE_TYPES),
    "public": FLAG,
    "created": TIME,
}
NO_MORE: Final = "What is told and cannot be changed may come back as it was."

_DEVICE: Final = Named("Device", Shown(DEVICE, _OF_DEVICE))
_GROUP: Final = Named("Group", Shown(GROUP, _OWN))
_DATA: Final = Named("Data", Shown(DATA, _OF_DATA))


def form(name: str, schema: Schema, *, required: bool = True) -> Body:
    """What a schema reads, under a name of its own."""
    return Body(Named(name, Form(schema)), required=required)


def whole(schema: Schema, also: Document = _OWN) -> Body:
    """What a schema reads, and what may come back with it."""
    return Body(Form(schema, also=also), text=NO_MORE)


def changed(schema: Schema, also: Document = _OWN) -> Body:
    """Some of what a schema reads."""
    return Body(Form(schema, partial=True, also=also), text=NO_MORE)


def made(shape: Shape) -> dict[int, Answer]:
    return {201: Answer("What was made.", shape)}


def one(shape: Shape, text: str = "As it is now.") -> dict[int, Answer]:
    return {200: Answer(text, shape)}


def page(shape: Shape) -> dict[int, Answer]:
    """A page in order of ids."""
    return {200: Answer("In order of their ids.", list_of(shape), headers=("Link",))}


NEW_DEVICE: Final = form("NewDevice", DEVICE)
NEW_GROUP: Final = form("NewGroup", GROUP)
NEW_DATA: Final = form("NewData", DATA)
WHOLE_DEVICE: Final = whole(DEVICE, _OF_DEVICE)
WHOLE_GROUP: Final = whole(GROUP)
WHOLE_DATA: Final = whole(DATA, _OF_DATA)
CHANGED_DEVICE: Final = changed(DEVICE, _OF_DEVICE)
CHANGED_GROUP: Final = changed(GROUP)
CHANGED_DATA: Final = changed(DATA, _OF_DATA)
DEVICES: Final = page(_DEVICE)
A_DEVICE: Final = one(_DEVICE)
MADE_DEVICE: Final = made(_DEVICE)
GROUPS: Final = page(_GROUP)
A_GROUP: Final = one(_GROUP)
MADE_GROUP: Final = made(_GROUP)
SEVERAL_DATA: Final = page(_DATA)
A_DATA: Final = one(_DATA)
MADE_DATA: Final = made(_DATA)

EVENT_LOG: Final = Named(
    "EventLog",
    closed(
        {
            "id": ID,
            "device": or_null(ID),
            "kind": TEXT,
            "timestamp": TIME,
            "message": TEXT,
            "url": or_null(TEXT),
            "data": {"type": "object"},
            "created": TIME,
            "updated": TIME,
        }
    ),
)
EVENT_LOGS: Final = {200: Answer("Them.", list_of(EVENT_LOG))}
PROCESSED: Final = Named(
    "Processed",
    closed(
        {
            "event_log": ID,
            "url": TEXT,
            "status": {"type": "integer"},
            "content_type": TEXT,
            "fetched": TIME,
            "title": or_null(TEXT),
            "selector": or_null(TEXT),
            "attr": or_null(TEXT),
            "value": or_null(TEXT),
            "values": list_of(TEXT),
            "more": FLAG,
        }
    ),
)
