"""Being told of changes by a server, instead of asking it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from asyncua import ua
from asyncua.common.node import Node
from asyncua.common.subscription import DataChangeNotif
from asyncua.ua.attribute_ids import AttributeIds

from hub.devices.contract import Reading
from hub.devices.opcua import variants
from hub.devices.opcua.client import Limit, Opened, told
from hub.errors import DeviceError

WAITING_MAX = 50_000
"""How many readings may wait to be taken."""
QUEUE_MAX = 100
"""How many samples of one node the server keeps between two of its messages."""
ABSOLUTE = 1
"""The kind of deadband that is a difference of values."""

Told = tuple[int, Reading]
"""The number of a point, and what was read of it."""


class Inbox:
    """What the server told and nobody took yet; the library calls it."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Told] = asyncio.Queue(WAITING_MAX)
        self._ended = False

    def datachange_notification(self, node: Node, value: object, data: DataChangeNotif) -> None:
        item = data.monitored_item
        try:
            self._waiting.put_nowait((item.ClientHandle, variants.reading(item.Value)))
        except asyncio.QueueFull:
            self._ended = True

    def status_change_notification(self, status: ua.StatusChangeNotification) -> None:
        self._ended = True

    async def take(self, limit_s: float) -> Told | None:
        """The next, None if there is none for so long.

        Raises:
            DeviceError: the server ended it, or there were more than were taken.
        """
        if self._ended:
            raise DeviceError("the subscription ended, or told more than was taken")
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._waiting.get(), limit_s)
        return None


class Watch:
    """A subscription to some nodes, by the numbers of their points."""

    def __init__(self, session: Opened, limit: Limit, *, sampling_s: float) -> None:
        self.inbox = Inbox()
        self._session = session
        self._limit = limit
        self._sampling_ms = sampling_s * 1000

    async def begin(
        self, nodes: Mapping[int, ua.NodeId], deadband: float | None
    ) -> dict[int, Reading]:
        """Subscribe; gives the readings of those that are refused."""
        async with self._limit():
            with told():
                self._subscription = await self._session.client.create_subscription(
                    self._sampling_ms, self.inbox
                )
        refused: dict[int, Reading] = {}
        items = [self._item(number, node, deadband) for number, node in nodes.items()]
        made = await self._session.asked(
            "monitor", items, self._subscription.create_monitored_items
        )
        for number, result in zip(nodes, made, strict=True):
            if isinstance(result, ua.StatusCode):
                refused[number] = Reading.failed(variants.refusal(result.value))
        return refused

    async def end(self) -> None:
        """Unsubscribe, if the server still listens."""
        with suppress(DeviceError):
            async with self._limit():
                with told():
                    await self._subscription.delete()

    def _item(
        self, number: int, node: ua.NodeId, deadband: float | None
    ) -> ua.MonitoredItemCreateRequest:
        asked = ua.MonitoringParameters()
        asked.ClientHandle = ua.UInt32(number)
        asked.SamplingInterval = ua.Double(self._sampling_ms)
        asked.QueueSize = ua.UInt32(QUEUE_MAX)
        asked.DiscardOldest = True
        if deadband is not None:
            asked.Filter = ua.DataChangeFilter(
                Trigger=ua.DataChangeTrigger.StatusValue,
                DeadbandType=ua.UInt32(ABSOLUTE),
                DeadbandValue=ua.Double(deadband),
            )
        what = ua.ReadValueId(NodeId=node, AttributeId=AttributeIds.Value)
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=what,
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=asked,
        )
