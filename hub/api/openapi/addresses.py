"""Routes as OpenAPI writes them: templated paths, and what each part of one may be."""

from __future__ import annotations

import re
from typing import Final

from werkzeug.routing import Rule

from hub.api.openapi.told import Given, Shape
from hub.services.plant.fields import ID_MAX

UUID: Final = {"type": "string", "format": "uuid"}
ID: Final = {"type": "integer", "minimum": 1, "maximum": ID_MAX}
RECORD: Final = {"type": "string", "pattern": "^[1-9][0-9]*-[0-9]+(-[0-9]+)?$"}
PART: Final = re.compile(r"<(?:[^:<>]+:)?(\w+)>", re.ASCII)
PARTS: Final[dict[str, tuple[Shape, str]]] = {
    "dataset": (UUID, "The dataset's UUID."),
    "stream": (UUID, "The stream's UUID."),
    "ids": ({"type": "string"}, "UUIDs of streams, with `;` between them."),
    "device": (ID, "The device's id."),
    "register": ({"type": "string"}, "An address in the device, encoded as part of a URL."),
    "network_id": ({"type": "string"}, "What the network is called by, encoded as part of a URL."),
    "group": (ID, "The group's id."),
    "data": (ID, "The data stream's id."),
    "value": (RECORD, "The value's id."),
    "statistic": (RECORD, "The record's id."),
    "event_log": (ID, "The event log's id."),
}
"""The variable parts of all routes, by name."""


def path_of(rule: Rule) -> str:
    """The path of a route: ``/api/device/{device}/``."""
    return PART.sub(r"{\1}", rule.rule)


def parts_of(rule: Rule) -> list[Given]:
    """The variable parts of a route, in order.

    Raises:
        LookupError: one is not known.
    """
    found = []
    for name in PART.findall(rule.rule):
        if name not in PARTS:
            raise LookupError(f"the part {name} of {rule.rule} is not told")
        shape, text = PARTS[name]
        found.append(Given(name, shape, text, place="path"))
    return found
