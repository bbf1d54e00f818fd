"""What is to be polled: the devices and their streams, as they stand now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from hub.devices.contract import Point
from hub.store.plant.roster import LATE, RosterStore
from hub.values import Device, Stream


@dataclass(frozen=True, eq=False)
class Polled:
    """A device and what is read of it; replaced by another one when any of it changes."""

    device: Device
    streams: tuple[Stream, ...]
    points: tuple[Point, ...]

    @classmethod
    def of(cls, device: Device, streams: Collection[Stream]) -> Polled:
        points = (Point(each.place.path or "", each.place.type) for each in streams)
        return cls(device, tuple(streams), tuple(points))


class Roster:
    """``devices`` are all that could be polled, enabled or not.

    Not to be used by several threads at once.
    """

    def __init__(self, store: RosterStore) -> None:
        self._store = store
        self._mark: tuple[int, datetime] | None = None
        self._seen: set[tuple[int, datetime]] = set()
        self._home: dict[int, int] = {}
        self._polled: dict[int, Polled] = {}
        self.devices: dict[int, Device] = {}

    def look(self) -> None:
        """Bring ``devices`` up to date, and forget what changed of the streams of some.

        Raises:
            HubError: nothing is different then.
        """
        if self._mark is None:
            self._mark = self._store.mark()
        changed = self._store.changed(self._mark)
        there = self._store.revisions()
        known = {each.id: each.revision for each in self.devices.values()}
        other = [number for number, revision in there.items() if known.get(number) != revision]
        found = self._store.devices(other) if other else []
        kept = {number: self.devices[number] for number in there if number in self.devices}
        self.devices = kept | {each.id: each for each in found}
        for each in found:
            self._polled.pop(each.id, None)
        self._follow(changed)

    def polled(self, devices: Collection[int]) -> dict[int, Polled]:
        """Some devices with what is read of them; the same object as long as nothing changed.

        Raises:
            HubError: the database does not tell.
        """
        missing = [number for number in devices if number not in self._polled]
        streams: dict[int, list[Stream]] = defaultdict(list)
        for stream in self._store.streams(missing) if missing else []:
            streams[stream.device or 0].append(stream)
        for number in missing:
            self._polled[number] = Polled.of(self.devices[number], streams[number])
            self._home |= {each.id: number for each in streams[number]}
        return {number: self._polled[number] for number in devices}

    def forget(self, devices: Collection[int]) -> None:
        """What others poll from now on."""
        for number in devices:
            for stream in self._polled[number].streams if number in self._polled else ():
                self._home.pop(stream.id, None)
            self._polled.pop(number, None)

    def _follow(self, changed: Collection[tuple[int, int | None, datetime]]) -> None:
        """Forget the streams of the devices that changed streams belong to, or belonged to."""
        assert self._mark is not None
        last, newest = self._mark
        for stream, device, touched in changed:
            if (stream, touched) not in self._seen:
                self._seen.add((stream, touched))
                self._polled.pop(device or 0, None)
                self._polled.pop(self._home.get(stream, 0), None)
            last, newest = max(last, stream), max(newest, touched)
        self._mark = last, newest
        if changed:
            self._seen = {each for each in self._seen if each[1] > newest - LATE}
