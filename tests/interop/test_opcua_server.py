"""Our OPC UA driver against another one's server: node-opcua's."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.devices.contract import Point, Value
from hub.devices.opcua.driver import Opcua
from hub.errors import BadDeviceValue, DeviceError, DeviceRefused
from tests.devices import device
from tests.interop.others import running, script
from tests.live import PATIENCE_S, free_port
from tests.pki import identity

Act = Callable[[Opcua], Awaitable[Any]]
TIMEOUT_S = 60.0

HELD: dict[str, Value] = {
    "Bool": True,
    "SByte": -128,
    "Byte": 255,
    "Int16": -32768,
    "UInt16": 65535,
    "Int32": -(2**31),
    "UInt32": 2**32 - 1,
    "Int64": -(2**63) + 1,
    "UInt64": 2**64 - 2,
    "Float": 1.5,
    "Double": math.pi,
    "Text": "Grüße, 세계",
}
OTHERS: dict[str, Value] = {
    "Bool": False,
    "SByte": 127,
    "Byte": 0,
    "Int16": 32767,
    "UInt16": 1,
    "Int32": 2**31 - 1,
    "UInt32": 5,
    "Int64": 2**53 + 1,
    "UInt64": 2**63 + 1,
    "Float": -0.25,
    "Double": 1e-300,
    "Text": "",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port, folder = free_port(), tmp_path_factory.mktemp("node")
    with running(script("opcua-server.js", port, folder), port, folder):
        yield port


def on(port: int, act: Act, **options: Any) -> Any:
    async def run() -> Any:
        async with Opcua(device("opcua", port, timeout_s=TIMEOUT_S, options=options)) as driver:
            return await act(driver)

    return asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


def at(name: str) -> Point:
    return Point(f"ns=1;s=Plant/{name}")


async def values(driver: Opcua, *points: Point) -> list[Value | None]:
    return [reading.told() for reading in await driver.read(points)]


@pytest.mark.parametrize("name", HELD)
def test_every_type_is_read_written_and_read_back(server: int, name: str) -> None:
    async def act(driver: Opcua) -> list[Value | None]:
        held = await values(driver, at(name))
        await driver.write(at(name), OTHERS[name])
        changed = await values(driver, at(name))
        await driver.write(at(name), HELD[name])
        return held + changed

    assert on(server, act) == [HELD[name], OTHERS[name]]


def test_a_value_has_the_time_of_its_source(server: int) -> None:
    (reading,) = on(server, lambda driver: driver.read([at("Ticks")]))
    assert abs(datetime.now(UTC) - reading.at) < timedelta(seconds=30)


def test_more_nodes_than_the_server_takes_at_once_are_read_in_order(server: int) -> None:
    points = [Point(f"ns=1;i={5000 + number}") for number in range(50)]
    assert on(server, lambda driver: values(driver, *points)) == [n * n for n in range(50)]


def test_more_nodes_than_the_server_takes_at_once_are_told_of(server: int) -> None:
    points = [Point(f"ns=1;i={5000 + number}") for number in range(50)]

    async def act(driver: Opcua) -> dict[int, Value | None]:
        watching = driver.watch(points, sampling_s=0.1, idle_s=TIMEOUT_S)
        told: dict[int, Value | None] = {}
        async with aclosing(watching):
            async for number, reading in watching:
                told[number] = reading.told()
                if len(told) == len(points):
                    return told
        return told

    assert on(server, act) == {number: number * number for number in range(50)}


def test_more_nodes_than_the_server_takes_at_once_are_looked_into(server: int) -> None:
    found = on(server, lambda driver: driver.browse("ns=1;s=Plant", depth=2))
    assert len(found.nodes) > 50
    assert all(node.opened for node in found.nodes if node.depth == 1)


def test_what_is_wrong_with_a_point_spoils_no_other(server: int) -> None:
    names = ("Broken", "Missing", "Row", "Fixed")
    broken, missing, row, fixed = on(server, lambda d: d.read([at(name) for name in names]))
    assert broken.error.detail["reason"] == "BadSensorFailure"
    assert missing.error.detail["reason"] == "BadNodeIdUnknown"
    assert isinstance(row.error, BadDeviceValue)
    assert fixed.told() == 7


@pytest.mark.parametrize("name", ["Fixed", "Missing"])
def test_what_is_not_written_is_refused_with_its_code(server: int, name: str) -> None:
    with pytest.raises(DeviceRefused) as caught:
        on(server, lambda driver: driver.write(at(name), 8))
    codes = {"Fixed": "BadNotWritable", "Missing": "BadNodeIdUnknown"}
    assert caught.value.detail["reason"] == codes[name]


def test_the_plant_is_found_by_browsing(server: int) -> None:
    found = on(server, lambda driver: driver.browse("ns=1;s=Plant"))
    nodes = {node.id: node for node in found.nodes}
    told = nodes["ns=1;s=Plant/Int16"]
    assert (told.display_name, told.kind, told.type, told.value) == (
        "Int16", "Variable", "Int16", -32768,
    )  # fmt: skip
    assert told.access == ("read", "write")
    assert nodes["ns=1;s=Plant/Fixed"].access == ("read",)
    assert len([name for name in nodes if name.startswith("ns=1;i=50")]) == 50


def test_every_change_of_a_value_is_told(server: int) -> None:
    async def act(driver: Opcua) -> list[Value | None]:
        watching = driver.watch([at("Ticks")], sampling_s=0.05, idle_s=TIMEOUT_S)
        told: list[Value | None] = []
        async with aclosing(watching):
            async for _, reading in watching:
                told.append(reading.told())
                if len(told) == 6:
                    return told
        return told

    present, first, *rest = on(server, act)
    assert first > present
    assert rest == [first + number for number in range(1, 5)]


def test_a_server_that_was_killed_and_is_back_is_read_again(tmp_path: Path) -> None:
    port = free_port()
    command = script("opcua-server.js", port, tmp_path)

    async def act() -> list[Value | None]:
        driver = Opcua(device("opcua", port, timeout_s=TIMEOUT_S))
        try:
            with running(command, port, tmp_path):
                assert await values(driver, at("Fixed")) == [7]
            with pytest.raises(DeviceError):
                await driver.read([at("Fixed")])
            with running(command, port, tmp_path):
                return await values(driver, at("Fixed"))
        finally:
            await driver.close()

    assert asyncio.run(asyncio.wait_for(act(), PATIENCE_S)) == [7]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, dict[str, Any]]]:
    """The port of a server that lets in only whom it knows, and the options of who may come in."""
    port, folder = free_port(), tmp_path_factory.mktemp("secured")
    ours, theirs = identity("client"), identity("server")
    (folder / "server.crt").write_text(theirs.certificate_pem)
    (folder / "server.pem").write_text(theirs.key_pem)
    options = {
        "user": "anna",
        "password": "secret",
        "certificate": ours.certificate_pem,
        "private_key": ours.key_pem,
        "server_certificate": theirs.certificate_pem,
    }
    with running(script("opcua-server.js", port, folder, "secured"), port, folder):
        yield port, options


@pytest.mark.parametrize(
    ("policy", "mode"),
    [
        ("Basic256Sha256", "Sign"),
        ("Basic256Sha256", "SignAndEncrypt"),
        ("Aes128Sha256RsaOaep", "SignAndEncrypt"),
        ("Aes256Sha256RsaPss", "SignAndEncrypt"),
    ],
)
def test_a_secured_server_is_read_and_written(secured: Any, policy: str, mode: str) -> None:
    port, options = secured

    async def act(driver: Opcua) -> list[Value | None]:
        await driver.write(at("Int32"), 11)
        return await values(driver, at("Int32"), at("Text"))

    found = on(port, act, **options | {"policy": policy, "mode": mode})
    assert found == [11, "Grüße, 세계"]


@pytest.mark.parametrize(
    "change", [{"password": "wrong"}, {"user": None, "password": None}, {"policy": "none"}]
)
def test_who_may_not_come_in_is_refused(secured: Any, change: dict[str, Any]) -> None:
    port, options = secured
    with pytest.raises(DeviceRefused):
        on(port, lambda d: d.read([at("Int32")]), **options | {"policy": "Basic256Sha256"} | change)
