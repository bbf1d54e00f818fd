"""What is told of the hub's health."""

from __future__ import annotations

from typing import Final, get_args

from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import NUMBER, TEXT, some_of
from hub.api.openapi.told import Answer, Named
from hub.services.health import Status

_FINDING: Final = closed(
    {"status": some_of(*get_args(Status)), "latency_ms": NUMBER, "reason": TEXT},
    "latency_ms", "reason",
)  # fmt: skip
_CHECKS: Final = Named(
    "Readiness",
    closed(
        {
            "status": some_of("ok", "failed"),
            "checks": {"type": "object", "additionalProperties": _FINDING},
        }
    ),
)
WELL: Final = {200: Answer("All is well.", closed({"status": {"const": "ok"}}))}
READY: Final = {
    200: Answer("Every check is passed.", _CHECKS),
    503: Answer("A check failed.", _CHECKS),
}
