"""Letting data streams belong to devices and groups, and nothing that is gone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.errors import BadField, NotFound
from hub.services.plant import addressing
from hub.services.plant.fields import refused
from hub.store.plant.devices import Devices
from hub.store.plant.event_logs import EventLogStore
from hub.store.plant.groups import Groups
from hub.store.streams.streams import Streams
from hub.values import Place, Reach, Stream

NO_DEVICE = "No such device."
NO_GROUP = "No such group."
UNFIT = "Does not fit where the data stream is."


@dataclass(frozen=True, slots=True)
class Belonging:
    streams: Streams
    devices: Devices
    groups: Groups
    event_logs: EventLogStore

    def check(self, old: Place, new: Place, reach: Reach) -> None:
        """Look whether what a place newly names is there and within reach, and has such a place.

        Raises:
            BadField: it is not, or has not; what is out of reach is answered as what is not
                there.
        """
        if new.device is not None and _address(new) != _address(old):
            if new.device != old.device and not reach.opens_device(new.device):
                raise refused("device", NO_DEVICE)
            self._check_address(new.device, new, reach)
        if new.group not in (None, old.group) and not _is_there(self.groups, new.group or 0):
            raise refused("group", NO_GROUP)

    def _check_address(self, device: int, place: Place, reach: Reach) -> None:
        """Of a device that is out of reach its kind is not told either."""
        try:
            addressing.check(self.devices.get(device), place)
        except NotFound:
            raise refused("device", NO_DEVICE) from None
        except BadField as exc:
            if reach.opens_device(device):
                raise
            raise refused(next(iter(exc.detail["fields"])), UNFIT) from None

    def bind(self, old: Place, new: Stream) -> BadField | None:
        """Tell the device and the group of a stored stream, if they or its address are new to it.

        Returns:
            What to refuse, where one of them was removed or changed meanwhile; the stream
            belongs to it no more then, or has the address that it had.
        """
        place = new.place
        refusal = self._bind_device(old, new)
        if place.group not in (None, old.group) and not self.groups.attach(place.group or 0):
            self.streams.take_out(place.group or 0, [new.id])
            return refusal or refused("group", NO_GROUP)
        return refusal

    def _bind_device(self, old: Place, new: Stream) -> BadField | None:
        place = new.place
        if place.device is None or _address(place) == _address(old):
            return None
        found = self.devices.attach(place.device)
        if found is None:
            self.streams.detach(place.device)
            return refused("device", NO_DEVICE)
        try:
            addressing.check(found, place)
        except BadField as exc:
            self.streams.change(new, replace(new, place=_back(place, old)))
            return refused(next(iter(exc.detail["fields"])), UNFIT)
        return None


def _address(place: Place) -> tuple[int | None, str | None, str | None, str]:
    return place.device, place.path, place.type, place.access_mode


def _back(place: Place, old: Place) -> Place:
    """A place without its device, or at its old address in it."""
    if place.device != old.device:
        return replace(place, device=None)
    return replace(place, path=old.path, type=old.type, access_mode=old.access_mode)


def _is_there(things: Groups, thing_id: int) -> bool:
    try:
        things.get(thing_id)
    except NotFound:
        return False
    return True
