"""Devices: made, changed, and removed together with a decision on what belongs to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from hub.errors import Conflict, Forbidden, InUse, NotFound, Unavailable
from hub.services import scopes
from hub.services.devices.sealing import Seals
from hub.services.plant import addressing, facts, forms
from hub.services.plant.belonging import Belonging
from hub.services.plant.data import Data
from hub.services.streams.registry.access import allowed
from hub.services.streams.registry.making import ATTEMPTS_MAX, now
from hub.services.streams.registry.streams import Streams
from hub.store.access.audit import Audit
from hub.store.plant.device_states import DeviceStates
from hub.values import Device, Document, Principal, Reach, Stream

Cascade = Literal["delete", "detach"]
CASCADES: tuple[Cascade, ...] = ("delete", "detach")
NAMED_MAX = 100
"""How many data streams an error names."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What there is of devices beside themselves."""

    states: DeviceStates
    seals: Seals


class Devices:
    def __init__(
        self,
        belonging: Belonging,
        data: Data,
        registry: Streams,
        polled: Polled,
        audit: Audit,
    ) -> None:
        self._store = belonging.devices
        self._streams = belonging.streams
        self._logs = belonging.event_logs
        self._data = data
        self._registry = registry
        self._seals = polled.seals
        self._states = polled.states
        self._audit = audit

    def page(self, principal: Principal, *, after: int, limit: int) -> tuple[list[Device], bool]:
        """Those that the key opens, in order of their ids; whether there are more.

        It holds fewer than the limit where they are large.
        """

        def found(after: int, limit: int) -> list[Device]:
            return self._store.page(principal.reach.devices, after=after, limit=limit)

        return self._data.pages.page(found, facts.device_size, after=after, limit=limit)

    def get(self, device_id: int, principal: Principal) -> Device:
        """Raises NotFound: there is none, or the key is for others."""
        if not principal.reach.opens_device(device_id):
            raise NotFound("no such device", device=device_id)
        return self._store.get(device_id)

    def told(self, devices: Sequence[Device]) -> list[Document]:
        """What is told of some devices, each with the state of its polling."""
        states = self._states.current([each.id for each in devices])
        return [facts.of_device(each, states.get(each.id)) for each in devices]

    def create(self, body: Any, principal: Principal) -> Device:
        """Make a device; nothing is sent to it.

        Raises:
            BadField: with what is wrong.
            Conflict: the name is taken.
            Forbidden: the key is for some devices.
        """
        if principal.reach.devices is not None:
            raise Forbidden("a key that is for some devices makes no others")
        fields = forms.device(body)
        at = now()
        device = self._kept(Device(id=self._store.next_id(), **fields, created=at, updated=at))
        self._store.add(device)
        self._audit.note("device.create", device=device.id, name=device.name)
        return device

    def replace(self, device_id: int, body: Any, principal: Principal) -> Device:
        """Give a device the fields of a body, and defaults where it has none. As ``change``."""
        return self._change(device_id, principal, lambda old: forms.replaced(old, body))

    def change(self, device_id: int, body: Any, principal: Principal) -> Device:
        """Give a device the fields of a body.

        Raises:
            NotFound: there is none, or the key is for others.
            BadField: with what is wrong.
            Conflict: the name is taken, or data streams of the device have addresses that it
                would not have any more.
        """
        return self._change(device_id, principal, lambda old: forms.changed(old, body))

    def delete(self, device_id: int, principal: Principal, cascade: Cascade | None) -> None:
        """Remove a device, and delete or detach the data streams and event logs that it has.

        Args:
            cascade: None where there shall be none.

        Raises:
            NotFound: there is none, or the key is for others.
            InUse: it has some, and ``cascade`` is None or the key does not open all the streams.
            OutstandingDependencies: a stream that belongs elsewhere is derived from one of them.
            Forbidden: they are to be deleted or detached, and the key lacks the scope for it.
        """
        self.get(device_id, principal)
        for _ in range(ATTEMPTS_MAX):
            used = self._store.used(device_id)
            streams = self._streams.of_device(device_id)
            logs = self._logs.any_of(device_id)
            if streams or logs:
                self._check_parting(device_id, streams, logs, principal, cascade)
                self._part(device_id, streams, principal, cascade)
            if self._store.remove(device_id, used):
                self._states.remove(device_id)
                self._audit.note("device.delete", device=device_id, cascade=cascade)
                return
        raise Unavailable("data are being added to the device all the time")

    def _check_parting(
        self,
        device_id: int,
        streams: list[Stream],
        logs: bool,
        principal: Principal,
        cascade: Cascade | None,
    ) -> None:
        """Raises InUse, Forbidden."""
        reach = principal.reach
        seen = [each.id for each in streams if reach.opens_stream(each.id, each.device)]
        if cascade is None or len(seen) < len(streams):
            raise InUse(
                "data streams or event logs belong to the device",
                device=device_id,
                data=seen[:NAMED_MAX] if scopes.DATA_READ in principal.scopes else [],
                event_logs=logs,
                cascade=list(CASCADES),
            )
        if streams:
            allowed(principal, scopes.DATA_WRITE)
        if logs:
            allowed(principal, scopes.EVENT_LOG_WRITE)

    def _part(
        self, device_id: int, streams: list[Stream], principal: Principal, cascade: Cascade | None
    ) -> None:
        """Delete or detach what a device has."""
        if cascade == "detach":
            self._streams.detach(device_id)
            self._logs.part_from(device_id)
            return
        for each in self._data.closing_order(streams, principal):
            self._registry.delete(each, principal)
        self._logs.remove_of(device_id)

    def _change(
        self, device_id: int, principal: Principal, fields: Callable[[Device], dict[str, Any]]
    ) -> Device:
        for _ in range(ATTEMPTS_MAX):
            old = self.get(device_id, principal)
            bare = replace(old, options=self._seals.legible(old.kind, old.options))
            new = replace(bare, **fields(bare))
            if new == bare:
                return old
            used = self._check_addresses(bare, new, principal.reach)
            kept = self._kept(replace(new, updated=now()))
            if changed := self._store.replace(old, kept, used):
                self._audit.note("device.change", device=device_id, name=changed.name)
                return changed
        raise Unavailable("the device is being changed all the time")

    def _kept(self, bare: Device) -> Device:
        """A device as it is stored, its secrets sealed."""
        return replace(bare, options=self._seals.sealed(bare.kind, bare.options))

    def _check_addresses(self, old: Device, new: Device, reach: Reach) -> int | None:
        """How often it was used before its streams were looked at; None if they need not be.

        Raises:
            Conflict: data streams that fit the device would not fit it any more.
        """
        if (old.kind, old.options) == (new.kind, new.options):
            return None
        used = self._store.used(old.id)
        unfit = [
            each
            for each in self._streams.of_device(old.id)
            if not addressing.fits(new, each.place) and addressing.fits(old, each.place)
        ]
        if unfit:
            seen = [each.id for each in unfit if reach.opens_stream(each.id, each.device)]
            raise Conflict(
                "data streams of the device have addresses that it would not have any more",
                device=old.id,
                data=seen[:NAMED_MAX],
            )
        return used
