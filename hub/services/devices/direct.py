"""Devices read, written and browsed at once, by whichever process may talk to them now.

Whoever holds the lease of a device's endpoint may. If nobody does, this process takes it for the
one call. If a worker does, because it polls there, the call waits in the database for that worker.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from time import monotonic, sleep
from typing import Protocol

from hub.devices.contract import Driver, Value
from hub.devices.opcua.nodes import Browsed
from hub.errors import DeviceError, DeviceTimeout, HubError
from hub.services.devices import calls
from hub.services.devices.bridge import Bridge, BridgeTimeout
from hub.services.devices.calls import Browse, Call, Found, Outcome, Read, Write
from hub.services.devices.endpoints import endpoint, lease_of
from hub.services.permits import Allowance, Permits
from hub.store.access.audit import Audit
from hub.store.leases import Leases
from hub.store.plant.device_calls import DeviceCalls, Id
from hub.store.plant.workers import Workers
from hub.values import Device, Principal

AT_ONCE = Allowance(total=8, per_key=6, heavy=8, wait_s=1.0)
"""Of one process: a call holds a thread of it."""
CLOSING_S = 2.0
SPARE_S = 0.3
"""What of a call's time is left for closing the connection, and for telling."""
OWN = "call/"
"""How the names of those begin that hold a lease for one call."""
LEASE_SPARE_S = 5.0
COURTESY_S = 1.5
PAUSES_S = (0.005, 0.05)
"""The first pause between two looks, and the longest."""
GROWTH = 1.5
OWNER_LOOK_S = 0.5
TEXT_NOTED_MAX = 200


class Known(Protocol):
    """Where devices are found."""

    def get(self, device_id: int, principal: Principal) -> Device:
        """Raises NotFound: there is none, or the key is for others."""


class Opening(Protocol):
    def open(self, device: Device) -> Driver:
        """The device's driver; nothing is sent yet."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A lease and who has it."""

    lease: str
    holder: str


@dataclass(frozen=True, slots=True)
class Shared:
    """What processes agree by on who talks to a device."""

    leases: Leases
    calls: DeviceCalls
    workers: Workers


class Direct:
    def __init__(self, devices: Known, drivers: Opening, shared: Shared, audit: Audit) -> None:
        self._devices = devices
        self._drivers = drivers
        self._leases = shared.leases
        self._calls = shared.calls
        self._workers = shared.workers
        self._audit = audit
        self._permits = Permits(AT_ONCE)
        self._bridge = Bridge()

    def read(self, device_id: int, call: Read, principal: Principal) -> Found:
        """What a device holds at an address, now.

        Raises:
            NotFound: there is no such device, or the key is for others.
            Conflict: it is of a kind that is not read.
            BadAddress, BadDeviceValue: nothing was sent.
            DeviceRefused, DeviceUnreachable, DeviceTimeout, DeviceGarbled.
            TooMany: too many calls of devices are under way.
        """
        found = self._made(device_id, call, principal)
        assert isinstance(found, Found)
        return found

    def write(self, device_id: int, call: Write, principal: Principal) -> Value:
        """Write to a device; what was written.

        Raises:
            NotFound, Conflict, BadAddress, BadDeviceValue, DeviceRefused, TooMany: as ``read``;
                nothing was written.
            DeviceUnreachable, DeviceTimeout, DeviceGarbled: where ``may_be_written`` is in the
                detail, the value may have been.
        """
        found = self._made(device_id, call, principal)
        assert isinstance(found, Found)
        return call.value

    def browse(self, device_id: int, call: Browse, principal: Principal) -> Browsed:
        """What is below a node of an OPC UA server.

        Raises:
            NotFound, Conflict, BadAddress, DeviceRefused, DeviceUnreachable, DeviceTimeout,
                DeviceGarbled, TooMany: as ``read``.
        """
        found = self._made(device_id, call, principal)
        assert isinstance(found, Browsed)
        return found

    def close(self) -> None:
        self._bridge.close()

    def _made(self, device_id: int, call: Call, principal: Principal) -> Outcome:
        """A call, checked, noted where it writes, and carried out."""
        device = self._devices.get(device_id, principal)
        calls.checked(device, call)
        until = monotonic() + calls.budget_s(device, call)
        release = self._permits.take(principal.key_id, heavy=False)
        try:
            if not isinstance(call, Write):
                return self._carried_out(device, call, until)
            with self._noted(device, call, principal):
                return self._carried_out(device, call, until)
        finally:
            release()

    @contextmanager
    def _noted(self, device: Device, call: Write, principal: Principal) -> Iterator[None]:
        """An entry of a write before it is tried, and another where it fails."""
        value = call.value[:TEXT_NOTED_MAX] if isinstance(call.value, str) else call.value
        facts = {"device": device.id, "register": call.address, "key": principal.key_id}
        told = str(value) if isinstance(value, int) and abs(value) >= 1 << 63 else value
        self._audit.note("device.write", **facts, type=call.type, value=told)
        try:
            yield
        except HubError as exc:
            unsure = bool(exc.detail.get("may_be_written"))
            self._audit.note("device.write.failed", **facts, error=exc.code, may_be_written=unsure)
            raise

    def _carried_out(self, device: Device, call: Call, until: float) -> Outcome:
        """By this process or by the one that holds the device, until the time is over."""
        lease = lease_of(endpoint(device))
        waiting_until = monotonic() + self._courtesy_s(device, until)
        for _ in _pauses(until):
            holder = self._calls.holder(lease)
            if holder is None:
                if monotonic() < waiting_until:
                    continue
                mine = Holding(lease, f"{OWN}{socket.gethostname()}-{secrets.token_hex(8)}")
                length = timedelta(seconds=until - monotonic() + LEASE_SPARE_S)
                if self._leases.take(lease, mine.holder, length) is not None:
                    return self._here(device, call, until, mine)
            elif not holder.startswith(OWN):
                found = self._there(device, call, until, Holding(lease, holder))
                if found is not None:
                    return found
        raise DeviceTimeout("others were using the device all the time; nothing was sent")

    def _courtesy_s(self, device: Device, until: float) -> float:
        """How long a lease that is free is left to a worker.

        One that would poll the device looks for it twice a second, and had no chance against
        calls that come one after the other.
        """
        polled = device.enabled and self._workers.alive() > 0
        return min(COURTESY_S, (until - monotonic()) / 3) if polled else 0.0

    def _here(self, device: Device, call: Call, until: float, mine: Holding) -> Outcome:
        """By this process, over a connection of its own; then the lease is given back."""
        connected = Event()

        async def work() -> Outcome:
            try:
                return await calls.done(driver, call, _left_s(device, until))
            finally:
                await driver.close()
                connected.clear()

        try:
            driver = self._drivers.open(device)
            connected.set()
            return self._bridge.run(work(), until - monotonic())
        except BridgeTimeout as exc:
            raise _late(call, "the device did not do it in time") from exc
        finally:
            if not connected.is_set():
                self._free(mine)

    def _there(self, device: Device, call: Call, until: float, by: Holding) -> Outcome | None:
        """By a worker; None if it does not hold the device any more and nothing was done."""
        op, asked = calls.op_of(call), calls.call_text(call)
        waiting = self._calls.add(device.id, by.holder, op, asked, _left_s(device, until))
        looked = monotonic()
        for _ in _pauses(until):
            seen = self._calls.look(waiting)
            if seen is None:
                return None
            if seen.outcome is not None:
                self._calls.forget(waiting)
                return calls.outcome_of(seen.outcome)
            if seen.moved and self._calls.cancel(waiting):
                return None
            if monotonic() - looked > OWNER_LOOK_S:
                looked = monotonic()
                if self._is_free_of(by, call, waiting):
                    return None
        if self._calls.cancel(waiting):
            raise DeviceTimeout("who polls the device did not come to it in time; nothing was sent")
        raise _late(call, "who polls the device did not answer in time")

    def _is_free_of(self, by: Holding, call: Call, waiting: Id) -> bool:
        """Whether a worker does not hold the device any more, and did not write."""
        if self._calls.holder(by.lease) == by.holder:
            return False
        return self._calls.cancel(waiting) or not isinstance(call, Write)

    def _free(self, by: Holding) -> None:
        """A lease that cannot be given back ends by itself."""
        with suppress(HubError):
            self._leases.give_back(by.lease, by.holder)


def _late(call: Call, said: str) -> DeviceError:
    late = DeviceTimeout(said)
    return calls.unsure(late) if isinstance(call, Write) else late


def _left_s(device: Device, until: float) -> float:
    """How long a device may take, so that there is time for closing the connection and telling."""
    return until - monotonic() - min(CLOSING_S, device.timeout_s) - SPARE_S


def _pauses(until: float) -> Iterator[None]:
    """Now, and again after pauses that grow, as long as there is time."""
    pause, longest = PAUSES_S
    while (left := until - monotonic()) > 0:
        yield
        sleep(max(0.0, min(pause, left)))
        pause = min(longest, pause * GROWTH)
