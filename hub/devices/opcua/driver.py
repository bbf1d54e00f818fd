"""Reading, writing and browsing an OPC UA server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from hub.devices.contract import Point, Reading
from hub.devices.opcua import browsing, variants
from hub.devices.opcua.address import NodeName, checked, parsed
from hub.devices.opcua.client import Opened
from hub.devices.opcua.nodes import Browsed
from hub.devices.opcua.watching import Watch
from hub.devices.places import named
from hub.devices.session import Session
from hub.errors import BadAddress, BadDeviceValue, DeviceRefused, DeviceUnreachable, HubError
from hub.values import Device

OPENING_TIMEOUTS = 3
"""Opening takes several requests, and computing where there is security."""
IDLE_S = 5.0
STATE = variants.node_id(ObjectIds.Server_ServerStatus_State)
BROWSE_DEPTH_MAX = 20
BROWSE_NODES_MAX = 5000


class Opcua(Session):
    def __init__(self, device: Device) -> None:
        super().__init__(device.timeout_s)
        self._options = checked(device.options)
        host = device.host or ""
        at = f"[{host}]" if ":" in host else host
        self._url = f"opc.tcp://{at}:{device.port}/{self._options['path'].lstrip('/')}"
        self._opened: Opened | None = None
        self._types: dict[NodeName, ua.VariantType] = {}

    async def read(self, points: Sequence[Point]) -> list[Reading]:
        readings, names = _named(points)
        if names:
            async with self.call():
                found = await self._read(await self._session(), names)
            for index, each in found.items():
                readings[index] = _of(points[index], each)
        return [readings[index] for index in range(len(points))]

    async def write(self, point: Point, value: object) -> None:
        name = parsed(point.address)
        async with self.call():
            session = await self._session()
            try:
                node = await session.node(name)
                type_ = await self._type(session, name, node)
                await session.write(node, variants.variant(type_, value))
            except BadDeviceValue as exc:
                raise named(point, exc) from exc

    async def browse(
        self, node: str | None = None, *, depth: int = 1, nodes_max: int = 500, limit_s: float = 5.0
    ) -> Browsed:
        """What is below a node, by hierarchical references, each node once.

        Args:
            node: None is the server's Objects folder.
            depth: how many steps to go, 1 to ``BROWSE_DEPTH_MAX``.
            nodes_max: how many nodes at most, 1 to ``BROWSE_NODES_MAX``.
            limit_s: when to stop and give what was found; bounded by the limit of a call.

        Raises:
            BadAddress: ``node`` is not in the grammar.
            DeviceRefused: there is no such node.
            DeviceUnreachable, DeviceTimeout, DeviceGarbled: as ``read``.
        """
        name = parsed(node) if node is not None else NodeName(ObjectIds.ObjectsFolder)
        limits = browsing.Limits(
            min(depth, BROWSE_DEPTH_MAX),
            min(nodes_max, BROWSE_NODES_MAX),
            min(limit_s, 5 * self.timeout_s),
        )
        async with self.call():
            session = await self._session()
            start = await session.node(name)
            return await browsing.browsed(session, start, limits, self.request)

    async def watch(
        self,
        points: Sequence[Point],
        *,
        sampling_s: float,
        deadband: float | None = None,
        idle_s: float = IDLE_S,
    ) -> AsyncGenerator[tuple[int, Reading], None]:
        """What changes, as the server tells of it, without an end: a point's number, a reading.

        Begins with the present value of each point, or with why it has none. Other calls may
        be made meanwhile. To be closed (``aclosing``) by who leaves it early.

        Args:
            sampling_s: how often the server looks at each value, > 0.
            deadband: by how much a number changes at least to be told of, None for any change.
            idle_s: how long nothing may come before the server is asked whether it is there.

        Raises:
            DeviceUnreachable, DeviceTimeout, DeviceGarbled: the connection was lost, which is
                noticed within ``idle_s`` and the device's timeout.
            DeviceRefused: the server takes no subscription.
            DeviceError: the server ended it, or told more than was taken.
        """
        failed, names = _named(points)
        for number, reading in failed.items():
            yield number, reading
        async with self.call():
            session = await self._session()
            watch = Watch(session, self.request, sampling_s=sampling_s)
            nodes, refused = await self._nodes(session, names)
            refused |= await watch.begin(nodes, deadband)
        try:
            for number, reading in refused.items():
                yield number, _of(points[number], reading)
            while True:
                found = await watch.inbox.take(idle_s)
                if found is not None:
                    yield found[0], _of(points[found[0]], found[1])
                    continue
                await self._alive(session)
        finally:
            await watch.end()

    async def _alive(self, session: Opened) -> None:
        """Raises DeviceUnreachable, DeviceTimeout, DeviceGarbled: this session is no more."""
        async with self.call():
            if session is not self._opened or not session.usable:
                raise DeviceUnreachable("the session with the server ended")
            await session.read([STATE])

    async def _nodes(
        self, session: Opened, names: dict[int, NodeName]
    ) -> tuple[dict[int, ua.NodeId], dict[int, Reading]]:
        """The nodes of names, and the readings of those whose namespace there is not."""
        nodes: dict[int, ua.NodeId] = {}
        failed: dict[int, Reading] = {}
        for index, name in names.items():
            try:
                nodes[index] = await session.node(name)
            except DeviceRefused as exc:
                failed[index] = Reading.failed(exc)
        return nodes, failed

    async def _read(self, session: Opened, names: dict[int, NodeName]) -> dict[int, Reading]:
        nodes, found = await self._nodes(session, names)
        values = await session.read(list(nodes.values()))
        return found | {
            index: variants.reading(each) for index, each in zip(nodes, values, strict=True)
        }

    async def _type(self, session: Opened, name: NodeName, node: ua.NodeId) -> ua.VariantType:
        """The type that a node takes, known from its value or else from its data type.

        Raises:
            DeviceRefused: there is no such node.
            BadDeviceValue: it is an array, or of a type that is not written.
        """
        if name not in self._types:
            (value,) = await session.read([node])
            if value.Value is not None and value.Value.is_array:
                raise BadDeviceValue("arrays are not written")
            type_ = None if value.Value is None else value.Value.VariantType
            if type_ is None or type_ == ua.VariantType.Null:
                type_ = await self._declared(session, node)
            self._types[name] = type_
        return self._types[name]

    async def _declared(self, session: Opened, node: ua.NodeId) -> ua.VariantType:
        (found,) = await session.read([node], AttributeIds.DataType)
        if found.StatusCode is not None and not found.StatusCode.is_good():
            raise variants.refusal(found.StatusCode.value)
        id_ = found.Value.Value if found.Value is not None else None
        if isinstance(id_, ua.NodeId) and id_.NamespaceIndex == 0:
            for type_ in (*variants.WHOLE, *variants.REAL, ua.VariantType.Boolean):
                if id_.Identifier == type_.value:
                    return type_
            if id_.Identifier == ua.VariantType.String.value:
                return ua.VariantType.String
        raise BadDeviceValue("values of the node's type are not written")

    async def _session(self) -> Opened:
        await self._connect()
        assert self._opened is not None
        return self._opened

    async def _connect(self) -> None:
        if self._opened is None or not self._opened.usable:
            await self._disconnect()
            async with self.request(OPENING_TIMEOUTS):
                self._opened = await Opened.open(
                    self._url, self._options, self.timeout_s, self.request
                )

    async def _disconnect(self) -> None:
        if self._opened is not None:
            opened, self._opened = self._opened, None
            self._types.clear()
            await opened.close()


def _named(points: Sequence[Point]) -> tuple[dict[int, Reading], dict[int, NodeName]]:
    """By their numbers: readings of points whose address is none, and the names of the others."""
    failed: dict[int, Reading] = {}
    names: dict[int, NodeName] = {}
    for index, point in enumerate(points):
        try:
            names[index] = parsed(point.address)
        except BadAddress as exc:
            failed[index] = Reading.failed(exc)
    return failed, names


def _of(point: Point, reading: Reading) -> Reading:
    """A reading whose error says which address it is about."""
    error = reading.error
    if error is None:
        return reading
    told: HubError = type(error)(error.message, **(error.detail | {"address": point.address}))
    return Reading(None, reading.quality, told, reading.at)
