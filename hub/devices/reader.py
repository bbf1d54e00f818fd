"""Reading the cells of a device: few requests, and one bad point spoils no other."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.devices.contract import Point, Reading
from hub.devices.places import Place, reading
from hub.devices.session import Session
from hub.devices.spans import Need, Span, halves, merged
from hub.errors import BadAddress, BadDeviceValue, DeviceRefused

Batch = tuple[Span, ...]
"""The spans of one request."""

REFUSALS_MAX = 64
"""How many refused requests of a call are asked again in parts."""
PLANS_MAX = 4
"""How many plans are kept: for what is read often in turn."""
PARTED_USES_MAX = 100
"""How many calls a plan serves that was parted because of refusals, before it is made anew."""


@dataclass(slots=True)
class Plan:
    """What is asked for some points, and those that cannot be asked for."""

    points: tuple[Point, ...]
    batches: list[Batch]
    failed: dict[int, Reading] = field(default_factory=dict)
    uses_left: int | None = None


class CellReader(Session):
    """A driver whose device consists of cells; what a protocol adds are four methods."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(timeout_s)
        self._plans: list[Plan] = []

    @abstractmethod
    def place(self, point: Point) -> Place:
        """Where a point stands; pure.

        Raises:
            BadAddress, BadDeviceValue: with the address in the detail.
        """

    @abstractmethod
    def batches(self, spans: Sequence[Span]) -> list[Batch]:
        """The requests that read all spans; pure."""

    @abstractmethod
    async def fetch(self, batch: Batch) -> list[bytes]:
        """One request within its time: the cells of each span, whole.

        Raises:
            DeviceRefused, DeviceUnreachable, DeviceTimeout, DeviceGarbled.
        """

    def worth_parting(self, error: DeviceRefused) -> bool:
        """Whether a refused request may succeed in parts: not if all is refused alike."""
        return True

    async def read(self, points: Sequence[Point]) -> list[Reading]:
        plan = self._planned(tuple(points))
        found = dict(plan.failed)
        if plan.batches:
            async with self.call():
                await self._connect()
                await self._follow(plan, found)
        return [found[index] for index in range(len(plan.points))]

    def _planned(self, points: tuple[Point, ...]) -> Plan:
        """One of the latest plans, if it was for the same points; else a new one."""
        for old in self._plans:
            if old.points == points and old.uses_left != 0:
                if old.uses_left is not None:
                    old.uses_left -= 1
                self._plans.remove(old)
                self._plans.insert(0, old)
                return old
        new = self._made(points)
        others = [old for old in self._plans if old.points != points]
        self._plans = [new, *others[: PLANS_MAX - 1]]
        return new

    def _made(self, points: tuple[Point, ...]) -> Plan:
        needs, failed = [], {}
        for index, point in enumerate(points):
            try:
                needs.append(Need(index, self.place(point)))
            except (BadAddress, BadDeviceValue) as exc:
                failed[index] = Reading.failed(exc)
        return Plan(points, self.batches(merged(needs)), failed)

    async def _follow(self, plan: Plan, found: dict[int, Reading]) -> None:
        """Ask for all batches; what is refused is asked in parts, and remembered so."""
        asked: list[Batch] = []
        waiting = list(reversed(plan.batches))
        refused = 0
        while waiting:
            batch = waiting.pop()
            try:
                parts = await self.fetch(batch)
            except DeviceRefused as exc:
                refused += 1
                parting = refused <= REFUSALS_MAX and self.worth_parting(exc)
                smaller = _parts(batch) if parting else []
                waiting += reversed(smaller)
                if smaller:
                    continue
                found |= _all_failed(plan, batch, exc)
            else:
                found |= _readings(batch, parts)
            asked.append(batch)
        if len(asked) > len(plan.batches):
            plan.batches, plan.uses_left = asked, PARTED_USES_MAX


def _parts(batch: Batch) -> list[Batch]:
    """A batch as two or more smaller ones; none if it is for one point."""
    if len(batch) > 1:
        middle = len(batch) // 2
        return [batch[:middle], batch[middle:]]
    span = batch[0]
    return [(part,) for part in halves(span)] if len(span.needs) > 1 else []


def _readings(batch: Batch, parts: list[bytes]) -> dict[int, Reading]:
    return {
        need.index: reading(need.place, span.cells(need, data))
        for span, data in zip(batch, parts, strict=True)
        for need in span.needs
    }


def _all_failed(plan: Plan, batch: Batch, error: DeviceRefused) -> dict[int, Reading]:
    found = {}
    for span in batch:
        for need in span.needs:
            address = plan.points[need.index].address
            named = DeviceRefused(error.message, **(error.detail | {"address": address}))
            found[need.index] = Reading.failed(named)
    return found
