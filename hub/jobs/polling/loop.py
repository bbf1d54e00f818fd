"""The polling of a worker: a thread with an event loop, in which every device is a task."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from hub.devices.names import NamingLoop
from hub.errors import Conflict, HubError
from hub.jobs.polling.board import Board
from hub.jobs.polling.crew import Crew
from hub.jobs.polling.desk import Desk
from hub.jobs.polling.division import RENEWED_S, Division
from hub.jobs.polling.roster import Roster
from hub.jobs.polling.task import Tools
from hub.jobs.polling.telling import Telling, beside
from hub.services import Services
from hub.services.devices.endpoints import endpoint
from hub.values import Device

log = logging.getLogger(__name__)

LOOK_S = 0.5
TELL_S = 2.0
AGAIN_S = 1.0
"""After so long what the database did not do is tried again."""
LEAVING_S = 8.0
OPENING_MAX = 256
"""How many devices are made ready at once."""


class Poller:
    """Polls its share of the devices from ``start`` to ``stop``, and stores what it reads.

    Args:
        holder: the name under which it holds leases.
        broken: called if the polling ends by itself, which it never should.
    """

    def __init__(self, services: Services, holder: str, broken: Callable[[], object]) -> None:
        self._sink = sink = services.sink
        self._broken = broken
        self._leasing = ThreadPoolExecutor(1, "leasing")
        self._looking = ThreadPoolExecutor(1, "looking")
        board = Board(holder)
        logs = services.events.logs
        self._telling = Telling(board, services.device_states, logs, self._looking)
        self._division = Division(services.leases, services.workers, holder)
        self._roster = Roster(services.roster)
        self._crew = Crew(Tools(services.drivers, board, sink, self._division.valid))
        self._desk = Desk(services.device_calls, holder, self._crew.driver_of)
        self._board = board
        self._loop = NamingLoop()
        self._stopping = asyncio.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="polling")

    def start(self) -> None:
        self._sink.start()
        self._thread.start()

    def stop(self) -> None:
        """End, with all that was read stored or on disk; other workers may go on at once."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._ended.wait()
        self._sink.close()
        self._thread.join()
        for each in (self._leasing, self._looking):
            each.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._main())
        except Exception:
            log.exception("polling has a fault")
        self._ended.set()
        if not self._stopping.is_set():
            self._broken()

    async def _main(self) -> None:
        self._loop.set_default_executor(ThreadPoolExecutor(OPENING_MAX, "opening"))
        try:
            async with asyncio.TaskGroup() as group:
                parts = [
                    group.create_task(self._desk.run()),
                    group.create_task(_again_and_again(RENEWED_S, self._renew)),
                    group.create_task(_again_and_again(LOOK_S, self._look)),
                    group.create_task(_again_and_again(TELL_S, self._telling.tell)),
                ]
                await self._stopping.wait()
                for each in parts:
                    each.cancel()
        finally:
            await self._leave()

    async def _renew(self) -> None:
        """Keep what is held; let go of what others have taken, and of what was read since.

        As long as the database does not say what is held, nothing is stored.
        """
        try:
            lost = await beside(self._leasing, self._division.renew)
        except HubError:
            self._sink.hold()
            raise
        parted = {number: lost[place] for place in lost for number in self._crew.at([place])}
        for number, since_ms in parted.items():
            self._sink.drop(number, since_ms)
        self._sink.release()
        if lost:
            log.warning("other workers poll what is at %s now", ", ".join(sorted(lost)))
        self._board.leave(parted)
        await self._crew.end(parted)

    async def _look(self) -> None:
        """Poll what is to be polled now, as far as it is this worker's share."""
        await beside(self._looking, self._roster.look)
        places = self._places(enabled=True)
        await self._give_back(self._division.surplus(places))
        await beside(self._leasing, self._division.take, places)
        held = {each: places[each] for each in self._division.held if each in places}
        numbers = [device.id for devices in held.values() for device in devices]
        polled = await beside(self._looking, self._roster.polled, numbers)
        await self._part(self._board.devices - set(numbers))
        await self._telling.begin([each for each in numbers if not self._board.known(each)])
        here = {each: [polled[device.id] for device in held[each]] for each in held}
        await self._crew.follow(here)
        idle = self._places(enabled=False)
        await self._crew.let_be((device, each) for each in held for device in idle.get(each, ()))

    def _places(self, *, enabled: bool) -> dict[str, list[Device]]:
        """The devices that are polled, or those that are not, by their endpoints."""
        places: dict[str, list[Device]] = defaultdict(list)
        for device in self._roster.devices.values():
            if device.enabled == enabled:
                with suppress(Conflict):
                    places[endpoint(device)].append(device)
        return dict(places)

    async def _give_back(self, places: Collection[str]) -> None:
        if places:
            await self._part(self._crew.at(places))
            await beside(self._leasing, self._division.give_back, places)

    async def _part(self, devices: Collection[int]) -> None:
        """Poll some devices no more."""
        if devices:
            await self._crew.end(devices)
            self._roster.forget(devices)
            await self._telling.leave(devices)

    async def _leave(self) -> None:
        """Let others poll everything, if that can be told them."""
        await self._crew.end_all()
        self._ended.set()
        if self._division.cut_off:
            return
        try:
            async with asyncio.timeout(LEAVING_S):
                await self._telling.tell()
                await self._telling.leave(self._board.devices)
                await beside(self._leasing, self._division.leave)
        except (HubError, TimeoutError):
            log.warning("the other workers could not be told that this one ends")


async def _again_and_again(every_s: float, do: Callable[[], Awaitable[None]]) -> None:
    """Do something every so often; what the database does not do is tried again soon."""
    trouble: str | None = None
    while True:
        before, trouble = trouble, None
        try:
            await do()
        except HubError as exc:
            trouble = exc.message
        if trouble and not before:
            log.warning("polling goes on as it was: %s", trouble)
        elif before and not trouble:
            log.info("polling: the database is back")
        await asyncio.sleep(min(every_s, AGAIN_S) if trouble else every_s)
