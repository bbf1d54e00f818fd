"""How the polling of each device goes: kept in memory, told to the store now and then."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal

from hub.errors import HubError
from hub.values import DeviceState, Document

log = logging.getLogger(__name__)

EDGES_MAX = 10_000
"""How many edges wait to be told; the oldest are forgotten."""
DOWN: Final = "device.down"
UP: Final = "device.up"


@dataclass(frozen=True, slots=True)
class Edge:
    """A device that no longer answers, or does again; ``at`` is aware UTC."""

    device: int
    kind: Literal["device.down", "device.up"]
    at: datetime
    message: str
    data: Document


class Board:
    """Written by the loop that polls; ``taken`` gives what others are to be told of.

    What is told of a device that is not counted for (any more) is forgotten.
    """

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._states: dict[int, DeviceState] = {}
        self._changed: set[int] = set()
        self.edges: deque[Edge] = deque(maxlen=EDGES_MAX)

    def begin(self, devices: Collection[int], known: Mapping[int, DeviceState]) -> None:
        """Begin to count for some devices, from what was known of them."""
        at = datetime.now(UTC)
        for number in devices:
            old = known.get(number) or DeviceState(device=number, since=at, counted_from=at)
            new = replace(old, worker=self._worker, latency_ms=None)
            self._set(replace(new, polls=0, missed=0, counted_from=at))

    def known(self, device: int) -> bool:
        return device in self._states

    @property
    def devices(self) -> set[int]:
        """Those that are counted for."""
        return set(self._states)

    def good(self, device: int, latency_ms: float | None, faults: Document | None) -> None:
        """It was read; ``faults`` is the error of those points that could not be, if any."""
        old, at = self._states.get(device), datetime.now(UTC)
        if old is None:
            return
        error = old.error if faults is None else faults | {"at": at}
        latency = None if latency_ms is None else round(latency_ms, 2)
        polls = old.polls + 1
        new = replace(old, last_good=at, error=error, latency_ms=latency, polls=polls)
        if old.status == "up":
            self._set(new)
            return
        self._set(replace(new, status="up", since=at))
        if old.status == "down":
            told: Document = {"down_since": old.since.isoformat()}
            self._edge(Edge(device, UP, at, "The device answers again.", told))

    def failed(self, device: int, error: HubError, *, polled: bool = True) -> None:
        """It could not be read, or was not even tried as its configuration is wrong."""
        old, at = self._states.get(device), datetime.now(UTC)
        if old is None:
            return
        told: Document = {"code": error.code, "message": error.message, "at": at}
        done = int(polled)
        new = replace(old, error=told, polls=old.polls + done, missed=old.missed + done)
        if old.status == "down":
            self._set(new)
            return
        self._set(replace(new, status="down", since=at))
        self._edge(Edge(device, DOWN, at, error.message, {"code": error.code}))

    def missed(self, device: int, ticks: int) -> None:
        """So many ticks were not begun in time."""
        if old := self._states.get(device):
            self._set(replace(old, missed=old.missed + ticks))

    def leave(self, devices: Collection[int]) -> list[DeviceState]:
        """Count for some devices no more; their states, of no worker now."""
        left = [self._states.pop(number) for number in devices if number in self._states]
        self._changed -= set(devices)
        return [replace(each, worker=None) for each in left]

    def taken(self) -> list[DeviceState]:
        """What changed since the last time."""
        changed, self._changed = self._changed, set()
        return [self._states[number] for number in sorted(changed)]

    def put_back(self, states: Collection[DeviceState]) -> None:
        """What could not be told after all."""
        self._changed |= {each.device for each in states if each.device in self._states}

    def _set(self, state: DeviceState) -> None:
        self._states[state.device] = state
        self._changed.add(state.device)

    def _edge(self, edge: Edge) -> None:
        log.info("device %d: %s (%s)", edge.device, edge.kind, edge.message)
        self.edges.append(edge)
