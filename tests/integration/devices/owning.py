"""A worker as direct calls see one: it holds a device's lease, polls it, and has a desk.

Also a program, to be killed: ``python -m tests.integration.devices.owning URI DATABASE SECRET ID``.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import timedelta

from hub.devices.contract import Driver, Point
from hub.errors import HubError
from hub.jobs.polling.desk import Desk
from hub.services import Services
from hub.services.devices.endpoints import endpoint, lease_of
from hub.settings import Settings
from hub.store.plant.device_calls import DeviceCalls
from hub.values import EVERYTHING, Device, Principal
from hub.wiring import open_hub

ANYBODY = Principal("test", frozenset(), EVERYTHING, None)
KILLED_LEASE_S = 2.0


class Owner:
    """To be made and used on one event loop.

    ``polls`` counts what was polled well, ``asked`` how often the desk asked for the driver.
    ``also`` are drivers of other devices that it holds.
    """

    def __init__(
        self,
        services: Services,
        device: int,
        *,
        holder: str = "worker-1",
        point: str = "D0",
        calls: DeviceCalls | None = None,
    ) -> None:
        self._services = services
        self.device: Device = services.plant.devices.get(device, ANYBODY)
        self.lease = lease_of(endpoint(self.device))
        self.holder = holder
        self.driver: Driver | None = services.drivers.open(self.device)
        self.polls = 0
        self.asked = 0
        self.also: dict[int, Driver] = {}
        self._point = Point(point)
        self._desk = Desk(calls or services.device_calls, holder, self._driver_of)
        self._tasks: list[asyncio.Task[None]] = []

    def take(self, lease_s: float = 600.0) -> None:
        assert self.takes(lease_s)

    def takes(self, lease_s: float = 600.0) -> bool:
        """Take the lease or renew it, unless another one has it."""
        length = timedelta(seconds=lease_s)
        return self._services.leases.take(self.lease, self.holder, length) is not None

    def let_go(self) -> None:
        self._services.leases.give_back(self.lease, self.holder)

    async def work(self, *, polls: bool = True) -> None:
        """Begin."""
        self._tasks.append(asyncio.create_task(self._desk.run()))
        if polls:
            self._tasks.append(asyncio.create_task(self._poll()))

    async def end(self) -> None:
        """Another test's device may come to have the same port."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for driver in (self.driver, *self.also.values()):
            if driver is not None:
                await driver.close()
        self.let_go()

    async def _poll(self) -> None:
        while self.driver is not None:
            with suppress(HubError):
                await self.driver.read([self._point])
                self.polls += 1
            await asyncio.sleep(0.01)

    def _driver_of(self, device: int) -> Driver | None:
        self.asked += 1
        return self.driver if device == self.device.id else self.also.get(device)


async def _kept(services: Services, device: int) -> None:
    owner = Owner(services, device)
    await owner.work()
    while True:
        owner.take(KILLED_LEASE_S)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.sleep(KILLED_LEASE_S / 4)


if __name__ == "__main__":
    uri, database, secret, number = sys.argv[1:]
    hub = open_hub(Settings(mongo_uri=uri, mongo_db=database, secret=secret))
    asyncio.run(_kept(hub.services, int(number)))
