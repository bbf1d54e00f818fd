"""How AI devices do: told as the state of any device, written when it changes."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from hub.store.plant.device_states import DeviceStates
from hub.values import DeviceState, DeviceStatus

log = logging.getLogger(__name__)

TOLD_EVERY_S: Final = 10.0
RETRY_S: Final = 30.0
"""After a failure a device is left alone for so long."""


class Standing:
    """Of one worker, ``worker`` by name; what others told before is taken over."""

    def __init__(self, states: DeviceStates) -> None:
        self.worker: str | None = None
        self._states = states
        self._known: dict[int, DeviceState] = {}
        self._again: dict[int, tuple[object, float]] = {}
        self._told: dict[int, float] = {}

    def rests(self, device: int, file: object) -> bool:
        """Whether a device that failed is still left alone; with another model's file it is not."""
        failed, until = self._again.get(device, (None, 0.0))
        return failed == file and monotonic() < until

    def good(self, device: int, took_s: float, left_out: int) -> None:
        """Its model has scored, all but what is left out because its window is not whole."""
        self._again.pop(device, None)
        now = datetime.now(UTC)
        old = self._of(device, now)
        new = self._with_status(old, "up", now)
        new = replace(new, last_good=now, latency_ms=round(took_s * 1000, 1))
        new = replace(new, polls=old.polls + 1, missed=old.missed + left_out)
        self._known[device] = new
        fresh = monotonic() - self._told.get(device, -TOLD_EVERY_S) < TOLD_EVERY_S
        if old.status != "up" or not fresh:
            self._tell(new)

    def bad(self, device: int, file: object, code: str, message: str) -> None:
        """It could not score by its model's file; the reason."""
        self._again[device] = file, monotonic() + RETRY_S
        now = datetime.now(UTC)
        old = self._of(device, now)
        if old.status != "down":
            log.warning("AI device %d: %s", device, message)
        new = self._with_status(old, "down", now)
        error = {"code": code, "message": message, "at": now}
        self._tell(replace(new, error=error, missed=old.missed + 1))

    def _of(self, device: int, now: datetime) -> DeviceState:
        if device not in self._known:
            fresh = DeviceState(device=device, since=now, counted_from=now)
            self._known[device] = self._states.get([device]).get(device, fresh)
        return self._known[device]

    def _with_status(self, old: DeviceState, status: DeviceStatus, now: datetime) -> DeviceState:
        new = old if old.status == status else replace(old, status=status, since=now)
        return replace(new, worker=self.worker)

    def _tell(self, state: DeviceState) -> None:
        self._known[state.device] = state
        self._told[state.device] = monotonic()
        self._states.put([state])
