"""The desk of a worker: other processes' calls of the devices that it holds, carried out here.

Calls of one device take turns, each on the driver that polls it: whose own turns are in order
of arrival, so that between two calls a poll gets through, and between two polls a call.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import ParamSpec, TypeVar, cast

from hub.devices.contract import Driver
from hub.errors import DeviceError, HubError
from hub.services.devices import calls
from hub.services.devices.calls import Call, Op, Outcome
from hub.store.plant.device_calls import DeviceCalls, Waiting

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

LOOK_S = 0.05
"""How often it is looked for calls where the database does not tell of them."""
CALM_LOOK_S = 1.0
"""And where it does, in case that it did not."""
AGAIN_S = 1.0
THREADS = 8
BUG = "the worker has a fault; it was logged"


class Desk:
    """Carries out the calls that are addressed to ``holder``, on one event loop.

    ``driver_of`` gives the driver that polls a device now, and is called on that loop; where it
    gives None the call goes back to who asked. A driver that polls no more when a call is done
    is closed, as the call may have opened it again.
    """

    def __init__(
        self, calls: DeviceCalls, holder: str, driver_of: Callable[[int], Driver | None]
    ) -> None:
        self._calls = calls
        self._holder = holder
        self._driver_of = driver_of
        self._queues: dict[int, deque[Waiting]] = {}
        self._known: set[object] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._bell = asyncio.Event()
        self._told = threading.Event()
        self._closing = threading.Event()
        self._threads = ThreadPoolExecutor(THREADS, "desk")

    async def run(self) -> None:
        """Until it is cancelled; what is under way is broken off then."""
        loop = asyncio.get_running_loop()
        listener = threading.Thread(target=self._listen, args=(loop,), name="desk", daemon=True)
        listener.start()
        try:
            while True:
                await self._look()
                await self._wait()
        finally:
            self._closing.set()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._threads.shutdown(wait=False)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(CALM_LOOK_S if self._told.is_set() else LOOK_S):
                await self._bell.wait()
        except TimeoutError:
            pass
        self._bell.clear()

    async def _look(self) -> None:
        """Queue what came in, each device's calls in a task of their own."""
        try:
            found = await self._in_thread(self._calls.waiting, self._holder)
        except HubError as exc:
            log.debug("no look for calls of devices: %s", exc.message)
            await asyncio.sleep(AGAIN_S)
            return
        for each in found:
            if each.id in self._known:
                continue
            self._known.add(each.id)
            if each.device in self._queues:
                self._queues[each.device].append(each)
                continue
            self._queues[each.device] = deque([each])
            task = asyncio.create_task(self._serve(each.device))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, device: int) -> None:
        """A device's calls, one after the other, until there are no more."""
        queue = self._queues[device]
        try:
            while queue:
                each = queue.popleft()
                try:
                    await self._carry_out(each)
                except HubError as exc:
                    log.warning("a call of device %d: %s", device, exc.message)
                finally:
                    self._known.discard(each.id)
        finally:
            del self._queues[device]

    async def _carry_out(self, each: Waiting) -> None:
        driver = self._driver_of(each.device)
        if driver is None:
            await self._in_thread(self._calls.give_back, each.id, self._holder)
            return
        asked = monotonic()
        taken = await self._in_thread(self._calls.take, each.id, self._holder)
        if taken is None:
            return
        call = calls.call_of(cast(Op, taken.op), taken.asked)
        try:
            outcome = await self._outcome(each.device, driver, call, asked + taken.left_s)
        finally:
            if self._driver_of(each.device) is not driver:
                await driver.close()
        await self._in_thread(self._calls.answer, each.id, calls.outcome_text(outcome))

    async def _outcome(
        self, device: int, driver: Driver, call: Call, until: float
    ) -> Outcome | HubError:
        """What a call gives, or what goes wrong with it."""
        try:
            return await calls.done(driver, call, until - monotonic())
        except HubError as exc:
            return exc
        except Exception:
            log.exception("a call of device %d", device)
            return DeviceError(BUG)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ring when a call comes in; where the database cannot say, ``_wait`` looks often."""
        while self._calls.tells_arrivals and not self._closing.is_set():
            try:
                with self._calls.arrivals(self._holder) as came:
                    self._told.set()
                    loop.call_soon_threadsafe(self._bell.set)
                    while not self._closing.is_set():
                        if came():
                            loop.call_soon_threadsafe(self._bell.set)
            except HubError as exc:
                log.debug("no word of calls of devices: %s", exc.message)
            except RuntimeError:
                return
            finally:
                self._told.clear()
            self._closing.wait(AGAIN_S)

    async def _in_thread(self, ask: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """The store's answer, waited for beside the loop and what else waits on it."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(ask, *args, **more))
