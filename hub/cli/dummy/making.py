"""Made-up streams as such: made or found by title, and all streams removed."""

from __future__ import annotations

import contextlib

from hub.cli.dummy.kinds import Kind
from hub.cli.stream import ADMIN
from hub.errors import StreamNotFound
from hub.services import Services
from hub.services.streams.registry.wanted import wanted
from hub.values import Document, Stream

DEMO = "int(0,10),float(-2,2),float(0,100)"


def title(number: int) -> str:
    return f"Stream {number}"


def ensured(services: Services, kind: Kind, number: int, interval_s: float) -> Stream:
    """The stream of a number, made if there is none; its tags are those of the kind.

    Raises:
        Conflict: there is one of another type of values, or there are several.
    """
    body = {
        "query_tags": {"title": title(number)},
        "tags": tags(kind, number),
        "value_type": kind.value_type,
        "highest_granularity": "seconds",
        "public": True,
        "late": "keep",
        "interval_s": interval_s,
    }
    return services.streams.ensure(wanted(body), ADMIN)[0]


def tags(kind: Kind, number: int) -> Document:
    """What the page of streams, and whoever reads the list, is told of a stream."""
    numeric = kind.value_type == "numeric"
    return {
        "title": title(number),
        "description": f"{kind.sentence} Made up, to try the hub with.",
        "unit_description": f"random, domain: {kind.domain}",
        "stream_number": number,
        "visualization": {
            "type": "line",
            "hidden": False,
            "value_downsamplers": ["mean", "min", "max"] if numeric else [],
            "time_downsamplers": ["mean"],
            "minimum": kind.lowest,
            "maximum": kind.highest,
        },
    }


def flushed(services: Services) -> int:
    """Delete every stream, derived ones before their sources; how many.

    Raises:
        OutstandingDependencies: somebody derives streams meanwhile.
    """
    found, _ = services.streams.page({}, ADMIN, offset=0, limit=0)
    gone = 0
    for stream in reversed(found):
        with contextlib.suppress(StreamNotFound):
            services.streams.delete(stream)
            gone += 1
    return gone
