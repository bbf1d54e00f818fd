"""One device, read on its own grid for as long as this worker polls it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import time_ns
from typing import cast

from hub.devices.contract import Driver, Reading
from hub.errors import DeviceError, HubError
from hub.jobs.polling.backoff import Backoff
from hub.jobs.polling.board import Board
from hub.jobs.polling.grid import Grid
from hub.jobs.polling.listening import Due, Watching, listen
from hub.jobs.polling.roster import Polled
from hub.jobs.polling.taking import taken
from hub.jobs.polling.turns import Turned, Turns
from hub.services.devices.opening import Drivers
from hub.services.devices.readings import Sink
from hub.values import Device, Place, Stream

log = logging.getLogger(__name__)

ENDING_S = 3.0
MANY = ("opcua",)
"""Kinds of devices that take several connections."""
FAULT = DeviceError("the driver has a fault")


@dataclass(frozen=True)
class Tools:
    """What all tasks of a worker share. ``valid`` says whether what an endpoint gives is ours."""

    drivers: Drivers
    board: Board
    sink: Sink
    valid: Callable[[str], bool]


class Task:
    """Reads one device, never twice at once. To be used on one event loop.

    Args:
        endpoint: where the device is.
        turns: of all devices at the endpoint.
    """

    def __init__(self, polled: Polled, endpoint: str, turns: Turns, tools: Tools) -> None:
        self.polled = polled
        self.endpoint = endpoint
        self._turns = turns
        self.driver: Driver | None = None
        self._tools = tools
        self._loop = asyncio.get_running_loop()
        self._grid = Grid(polled.device.id)
        self._begun: frozenset[int] = frozenset()
        self._known: dict[int, Place] = {}
        self._due: dict[frozenset[int], Due] = {}
        self._backoff = Backoff()
        self._resting_until = 0
        self._altered = asyncio.Event()
        self._altered.set()
        self._running = self._loop.create_task(self._run())

    def follows(self, polled: Polled, endpoint: str) -> bool:
        """Read what is to be read now; False if the device is another, or reached otherwise."""
        if endpoint != self.endpoint or _link(polled.device) != _link(self.polled.device):
            return False
        if polled is not self.polled:
            self.polled = polled
            self._altered.set()
        return True

    async def end(self) -> None:
        """Break off whatever it does, and let go of the connection: soon, if not at once."""
        self._running.cancel()
        await asyncio.wait([self._running], timeout=ENDING_S)

    async def _run(self) -> None:
        try:
            await self._open()
            while True:
                try:
                    await self._step()
                except HubError as exc:
                    await self._failed(exc)
                except Exception:
                    log.exception("polling device %d has a fault", self.polled.device.id)
                    await self._failed(FAULT)
        finally:
            await self._close()

    async def _step(self) -> None:
        """One tick, or what is told until the configuration changes."""
        if self._altered.is_set():
            self._settle()
        due = self._grid.next
        listens = bool(self.polled.device.options.get("subscribe"))
        if self.driver is None or due is None:
            await self._altered.wait()
        elif await self._wait(self._resting_until if listens else max(due, self._resting_until)):
            return
        elif listens:
            await self._watch(self.driver)
        else:
            await self._poll(self.driver)

    def _settle(self) -> None:
        """Follow the configuration as it is now."""
        self._altered.clear()
        self._due.clear()
        known, self._known = self._known, {each.id: each.place for each in self.polled.streams}
        device = self.polled.device
        new = [each for each in self.polled.streams if known.get(each.id) != each.place]
        fresh = {_interval(device, each) for each in new}
        self._grid.alter(self._intervals(), self._now(), fresh)

    async def _wait(self, until: int) -> bool:
        """Wait until then or until the configuration changes; whether it did."""
        try:
            async with asyncio.timeout_at(until / 1000):
                await self._altered.wait()
        except TimeoutError:
            pass
        return self._altered.is_set()

    async def _poll(self, driver: Driver) -> None:
        tick = self._grid.begin(self._now())
        if tick.missed:
            self._tools.board.missed(self.polled.device.id, tick.missed)
        if not tick.intervals:
            return
        self._begun = tick.intervals
        streams, points = self._of(tick.intervals)
        began = self._loop.time()
        readings = await driver.read(points)
        took_ms = (self._loop.time() - began) * 1000
        self._tell(list(zip(streams, readings, strict=True)), took_ms)

    async def _watch(self, driver: Driver) -> None:
        """Follow what the device tells until the configuration changes.

        Raises:
            DeviceError: the connection was lost.
        """
        option = self.polled.device.options.get("sampling_interval")
        told = [(self._of(frozenset({each})), option or each / 1000) for each in self._intervals()]
        await listen(
            cast(Watching, driver),
            told,
            self._beating(),
            lambda read: self._tell(read, None),
            self._altered,
        )

    def _tell(self, read: list[tuple[Stream, Reading]], latency_ms: float | None) -> None:
        """Hand on what was read, if that is this worker's to do."""
        device = self.polled.device.id
        found, faults = taken(device, read, time_ns() // 1_000_000)
        if found and self._tools.valid(self.endpoint):
            self._tools.sink.offer(found)
        self._backoff.good()
        self._tools.board.good(device, latency_ms, faults)

    async def _failed(self, error: HubError) -> None:
        """Rest, and begin again with a driver that knows nothing of what was."""
        self._tools.board.failed(self.polled.device.id, error)
        self._resting_until = self._now() + round(self._backoff.failed() * 1000)
        self._grid.again(self._begun, self._resting_until)
        await self._close()
        await self._open()

    async def _open(self) -> None:
        """A new driver; none where the configuration is wrong, until it is another."""
        device = self.polled.device
        try:
            driver = await asyncio.to_thread(self._tools.drivers.open, device)
        except HubError as exc:
            self._tools.board.failed(device.id, exc, polled=False)
            return
        except Exception:
            log.exception("opening the driver of device %d has a fault", device.id)
            self._tools.board.failed(device.id, FAULT, polled=False)
            return
        self.driver = drive(driver, device, self._turns)

    async def _close(self) -> None:
        if self.driver is not None:
            driver, self.driver = self.driver, None
            await driver.close()

    def _of(self, intervals: frozenset[int]) -> Due:
        """What is read at a tick; the same tuples every time, as drivers plan once for each."""
        if intervals not in self._due:
            device = self.polled.device
            self._due[intervals] = self._chosen(lambda each: _interval(device, each) in intervals)
        return self._due[intervals]

    def _beating(self) -> list[tuple[Due, float]]:
        """What has a heartbeat, and how long each is."""
        beats = {each.place.heartbeat_s for each in self.polled.streams if each.place.heartbeat_s}
        return [(self._chosen(partial(_beats, beat_s)), beat_s) for beat_s in beats]

    def _chosen(self, wanted: Callable[[Stream], bool]) -> Due:
        pairs = zip(self.polled.streams, self.polled.points, strict=True)
        chosen = [each for each in pairs if wanted(each[0])]
        return tuple(s for s, _ in chosen), tuple(p for _, p in chosen)

    def _intervals(self) -> set[int]:
        return {_interval(self.polled.device, each) for each in self.polled.streams}

    def _now(self) -> int:
        """Whole milliseconds of the loop's clock, a hair generous: what was waited for is due."""
        return int(self._loop.time() * 1000 + 0.01)


def _interval(device: Device, stream: Stream) -> int:
    """In milliseconds."""
    return max(1, round(1000 * (stream.place.poll_interval_s or device.poll_interval_s)))


def _beats(beat_s: float, stream: Stream) -> bool:
    return stream.place.heartbeat_s == beat_s


def drive(driver: Driver, device: Device, turns: Turns) -> Driver:
    """A device's driver as it is used at an endpoint: one that takes a single connection."""
    if device.kind in MANY:
        return driver
    limit_s = max(device.poll_interval_s, device.timeout_s)
    return Turned(driver, device.id, turns, limit_s)


def _link(device: Device) -> tuple[object, ...]:
    """All that counts for how a device is reached and spoken to."""
    return (
        device.kind,
        device.host,
        device.port,
        device.unit,
        device.timeout_s,
        device.options,
    )
