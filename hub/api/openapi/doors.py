"""The doors of the hub as its description groups them, and how each one says that it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.api.openapi.told import Named, Shape
from hub.values import Document

TEXT: Final[Document] = {"type": "string"}
OBJECT: Final[Document] = {"type": "object"}


def closed(properties: Mapping[str, Shape], *optional: str) -> Document:
    """An object of these properties and no others; all but the optional ones are there."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


FACTS: Final = closed({"code": TEXT, "message": TEXT, "detail": OBJECT})
"""What is told of an error."""
ERROR: Final = Named("Error", closed({"error": FACTS}))
OF_STREAMS: Final = {
    400: Named("StreamError", closed({"error": {"type": ["string", "object"]}})),
    404: Named("StreamNotFound", closed({"error_message": TEXT})),
}
"""The original's own words; what asks for a key is refused in the hub's."""
OF_DATASTREAM: Final = Named(
    "DataStreamError",
    closed(
        {
            "error": closed(
                {"code": TEXT, "message": TEXT, "target": TEXT, "detail": OBJECT}, "target"
            ),
            "errors": {
                "type": "array",
                "items": closed(
                    {
                        "status": TEXT,
                        "code": TEXT,
                        "title": TEXT,
                        "detail": TEXT,
                        "source": closed({"parameter": TEXT}),
                        "meta": OBJECT,
                    },
                    "source",
                ),
            },
        }
    ),
)
OF_ODATA: Final = Named(
    "ODataError",
    closed(
        {
            "error": closed(
                {
                    "code": TEXT,
                    "message": TEXT,
                    "target": TEXT,
                    "details": {"type": "array", "items": closed({"code": TEXT, "message": TEXT})},
                    "innererror": OBJECT,
                },
                "target",
                "details",
                "innererror",
            )
        }
    ),
)
NOWHERE: Final = Named("ODataNotFound", {"anyOf": [OF_ODATA, ERROR]})
"""An address with a line break in it is at no door."""


@dataclass(frozen=True, slots=True)
class Door:
    """A group of operations. ``refusal`` is the body of its errors, but for some statuses.

    ``counted``: its answers say how whoever asks stands, however it is opened.
    """

    tag: str
    text: str
    refusal: Named = ERROR
    others: Mapping[int, Named] = field(default_factory=dict)
    counted: bool = False


DOORS: Final[dict[str, Door]] = {
    "datasets": Door("datasets", "Documents put into datasets, and queries of them."),
    "catalogue": Door("catalogue", "What is told of a dataset, and publishing it."),
    "series": Door("series", "A field of a dataset as a time series."),
    "streams.reading": Door(
        "streams", "Time series: streams and their datapoints.", ERROR, OF_STREAMS
    ),
    "streams": Door("streams", "Time series: streams and their datapoints."),
    "plant.devices": Door("devices", "Plant: machines that are read and written."),
    "plant.io": Door("devices", "Plant: machines that are read and written."),
    "plant.browse": Door("devices", "Plant: machines that are read and written."),
    "plant.groups": Door("groups", "Plant: groups of data streams."),
    "plant.data": Door("data streams", "Plant: data streams, which are streams with a place."),
    "plant.event_logs": Door("event logs", "Plant: what happened, and pages that tell of it."),
    "plant.values": Door("values", "Plant: values across data streams, and of one."),
    "plant.statistics": Door("statistics", "Plant: statistics of data streams."),
    "plant.windows": Door("statistics", "Plant: statistics of data streams."),
    "plant.retention": Door("retention", "Plant: for how long data is kept."),
    "plant": Door("plant", "Plant: the rest of it."),
    "session": Door("sessions", "Logging in and out, for people."),
    "health": Door("health", "Whether the hub is up and ready."),
    "datastream": Door(
        "DataStream API",
        "Published observations over OData, as DataStream has it.",
        OF_DATASTREAM,
        counted=True,
    ),
    "odata_strict": Door(
        "OData", "OData 4.01 for programs that know it.", OF_ODATA, {404: NOWHERE}
    ),
}
"""By blueprint, or the beginning of its name."""


def door_of(endpoint: str) -> Door:
    """The door of an endpoint.

    Raises:
        LookupError: its blueprint is at none.
    """
    parts = endpoint.split(".")[:-1]
    for end in range(len(parts), 0, -1):
        if found := DOORS.get(".".join(parts[:end])):
            return found
    raise LookupError(f"{endpoint} is at no door")
