"""What a key may be allowed to do: the scopes there are, and what they bring with them."""

from __future__ import annotations

from collections.abc import Iterable

from hub.errors import Invalid

READ = "dataset:read"
WRITE = "dataset:write"
ANALYZE = "dataset:analyze"
ODATA_READ = "odata:read"
STREAM_READ = "stream:read"
STREAM_WRITE = "stream:write"
DEVICE_READ, DEVICE_WRITE = "device:read", "device:write"
DATA_READ, DATA_WRITE = "data:read", "data:write"
GROUP_READ, GROUP_WRITE = "group:read", "group:write"
VALUE_READ, VALUE_WRITE = "value:read", "value:write"
STATISTIC_READ, STATISTIC_WRITE = "statistic:read", "statistic:write"
EVENT_LOG_READ, EVENT_LOG_WRITE = "event-log:read", "event-log:write"
SYSTEM_READ, SYSTEM_WRITE = "system:read", "system:write"
TERMINAL = "webrtc-terminal:write"

SCOPES: dict[str, str] = {
    READ: "query a dataset: filters, sorts, pages, counts",
    WRITE: "put documents into a dataset, and everything that dataset:read allows",
    ANALYZE: "aggregation pipelines, expressions and regular expressions, with dataset:read",
    ODATA_READ: "read published datasets over OData",
    STREAM_READ: "read the datapoints of streams that are not public",
    STREAM_WRITE: "make and delete streams, append datapoints, and all that stream:read allows",
    DEVICE_READ: "see devices, and read from them",
    DEVICE_WRITE: "make, change and delete devices, write to them, and all of device:read",
    DATA_READ: "see data streams, their values and statistics",
    DATA_WRITE: "make, change and delete data streams, write values, and all of data:read",
    GROUP_READ: "see groups of data streams",
    GROUP_WRITE: "make, change and delete groups, and all of group:read",
    VALUE_READ: "read values across data streams",
    VALUE_WRITE: "write values across data streams, and all of value:read",
    STATISTIC_READ: "read statistics across data streams",
    STATISTIC_WRITE: "write statistics across data streams, and all of statistic:read",
    EVENT_LOG_READ: "read event logs",
    EVENT_LOG_WRITE: "make, change, delete and process event logs, and all of event-log:read",
    SYSTEM_READ: "read retention policies and what the system tells of itself",
    SYSTEM_WRITE: "change retention policies and the system's set-up, and all of system:read",
    TERMINAL: "issue grants for terminals",
}
OF_DATASETS = (READ, WRITE, ANALYZE)
"""Those that mean something to a key of one dataset."""

IMPLIED: dict[str, tuple[str, ...]] = {
    READ: (ODATA_READ,),
    WRITE: (READ, ODATA_READ),
    ANALYZE: (READ, ODATA_READ),
    STREAM_WRITE: (STREAM_READ,),
    DEVICE_WRITE: (DEVICE_READ,),
    DATA_WRITE: (DATA_READ,),
    GROUP_WRITE: (GROUP_READ,),
    VALUE_WRITE: (VALUE_READ,),
    STATISTIC_WRITE: (STATISTIC_READ,),
    EVENT_LOG_WRITE: (EVENT_LOG_READ,),
    SYSTEM_WRITE: (SYSTEM_READ,),
}


def checked(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes, each once, in the order of ``SCOPES``.

    Raises:
        Invalid: none is given, or one is unknown.
    """
    given = set(scopes)
    if unknown := sorted(given - SCOPES.keys()):
        raise Invalid(f"unknown scope: {', '.join(unknown)}", known=list(SCOPES))
    if not given:
        raise Invalid("a key needs at least one scope", known=list(SCOPES))
    return tuple(scope for scope in SCOPES if scope in given)


def expanded(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes with those that they imply."""
    given = set(scopes)
    return frozenset(given.union(*(IMPLIED.get(scope, ()) for scope in given)))
