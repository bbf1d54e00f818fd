"""OPC UA servers that take few nodes in a request, said or not, and ones that never end theirs."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from itertools import count
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.internal_session import InternalSession
from asyncua.ua.object_ids import ObjectIds

from hub.devices.contract import Point
from hub.devices.opcua.driver import Opcua
from hub.devices.simulators.opcua import OpcuaSimulator
from hub.errors import DeviceGarbled, DeviceUnreachable
from tests.devices import device

MANY = 25
MOST = 10
LIMITS = ("MaxNodesPerRead", "MaxNodesPerBrowse", "MaxMonitoredItemsPerCall")
SERVICES = {
    "read": "NodesToRead",
    "browse": "NodesToBrowse",
    "create_monitored_items": "ItemsToCreate",
}
POINTS = [Point(f"ns=2;s=many/{n}") for n in range(MANY)]
Act = Callable[[Opcua], Awaitable[Any]]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Servers that refuse what is more than ``MOST`` at once from a client, and what they did."""
    refused: list[str] = []

    def limit(service: str, field: str) -> None:
        whole = getattr(InternalSession, service)

        async def limited(self: InternalSession, params: Any, *more: Any) -> Any:
            if self.external and len(getattr(params, field)) > MOST:
                refused.append(service)
                raise ServiceError(ua.StatusCodes.BadTooManyOperations)
            return await whole(self, params, *more)

        monkeypatch.setattr(InternalSession, service, limited)

    for service, field in SERVICES.items():
        limit(service, field)
    return refused


def on_server(act: Act, says: int) -> Any:
    """Does something with a server of many numbers and folders, which says what its limits are."""

    async def run() -> Any:
        async with OpcuaSimulator() as server:
            for name in LIMITS:
                id_: Any = getattr(ObjectIds, f"Server_ServerCapabilities_OperationLimits_{name}")
                await server.server.get_node(ua.NodeId(id_)).write_value(
                    ua.Variant(says, ua.VariantType.UInt32)
                )
            await server.add_folder("many")
            for n in range(MANY):
                await server.add_variable(f"many/{n}", n, ua.VariantType.Int32)
            async with Opcua(device("opcua", server.port, timeout_s=4.0)) as driver:
                return await act(driver)

    return asyncio.run(asyncio.wait_for(run(), 60))


async def told(driver: Opcua) -> list[Any]:
    async with aclosing(driver.watch(POINTS, sampling_s=0.05)) as found:
        return sorted([await asyncio.wait_for(anext(found), 10) for _ in POINTS])


def values(found: list[Any]) -> list[Any]:
    return [(number, reading.told()) for number, reading in found]


@pytest.mark.parametrize("says", [MOST, 0, 10_000])
def test_reading_browsing_and_watching_go_in_parts(refused: list[str], says: int) -> None:
    async def act(driver: Opcua) -> tuple[Any, Any, Any]:
        read = await driver.read(POINTS)
        below = await driver.browse("i=85", depth=3, nodes_max=5000, limit_s=20.0)
        return read, below, await told(driver)

    read, below, watched = on_server(act, says)
    assert [each.told() for each in read] == [*range(MANY)]
    found = {node.id: node for node in below.nodes}
    assert [found[point.address].value for point in POINTS] == [*range(MANY)]
    assert all(node.opened for node in below.nodes if node.depth < 3)
    assert values(watched) == [(n, n) for n in range(MANY)]
    assert set(refused) == (set() if says == MOST else {*SERVICES})


@pytest.mark.parametrize("head", [b"ACKF\xff\xff\xff\x7f", b"MSGC\xff\xff\xff\xff", b"\xff" * 8])
def test_a_message_without_an_end_is_not_waited_for(head: bytes) -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(head)
            while True:
                writer.write(b"\xff" * 65_536)
                await writer.drain()

    async def run() -> None:
        async with await asyncio.start_server(endless, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with asyncio.timeout(30):
                await Opcua(device("opcua", port, timeout_s=60.0)).read(POINTS)

    with pytest.raises(DeviceGarbled):
        asyncio.run(run())


async def message(reader: asyncio.StreamReader) -> bytes:
    """The next message of a connection, or part of one."""
    head = await reader.readexactly(8)
    return head + await reader.readexactly(int.from_bytes(head[4:], "little") - len(head))


def sequence_of(opened: bytes) -> int:
    """The number of the part in which a server tells of a channel without security."""
    policy = int.from_bytes(opened[12:16], "little")
    return int.from_bytes(opened[24 + policy : 28 + policy], "little")


async def first_words(
    client: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int
) -> tuple[bytes, int]:
    """Let a client say hello to a server, who has no limits then, and open a channel; what it asks
    for then, and the number of the last part that it was sent."""
    reader, server = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    while (asked := await message(client))[:3] != b"MSG":
        server.write(asked)
        answer = await message(reader)
        unbounded = answer[:20] + bytes(8)
        writer.write(unbounded if answer[:3] == b"ACK" else answer)
    server.close()
    return asked, sequence_of(answer)


@pytest.mark.parametrize("body", [b"\0" * 60_000, b""], ids=["large parts", "empty parts"])
def test_parts_of_a_message_without_a_last_one_are_not_gathered(body: bytes) -> None:
    port = 0

    async def endless(client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            asked, last = await first_words(client, writer, port)
            channel, request, size = asked[8:16], asked[20:24], 24 + len(body)
            for number in count(last + 1):
                own = struct.pack("<I8sI4s", size, channel, number, request)
                writer.write(b"MSGC" + own + body)
                await writer.drain()

    async def run() -> None:
        nonlocal port
        async with OpcuaSimulator() as behind:
            port = behind.port
            async with await asyncio.start_server(endless, "127.0.0.1", 0) as server:
                shown = server.sockets[0].getsockname()[1]
                async with asyncio.timeout(240):
                    await Opcua(device("opcua", shown, timeout_s=600.0)).read(POINTS)

    with pytest.raises(DeviceUnreachable):
        asyncio.run(run())
