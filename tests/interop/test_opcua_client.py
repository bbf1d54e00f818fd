"""Our OPC UA simulator, and its plant, by another one's client: node-opcua's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua

from hub.devices.simulators.opcua import OpcuaSimulator
from hub.devices.simulators.plant.model import Plant
from hub.devices.simulators.plant.running import run
from tests.interop.others import script, told
from tests.live import PATIENCE_S
from tests.pki import identity

T = ua.VariantType
HELD: list[tuple[T, Any, Any]] = [
    (T.Boolean, True, True),
    (T.Byte, 255, 255),
    (T.Int16, -32768, -32768),
    (T.UInt32, 2**32 - 1, 2**32 - 1),
    (T.UInt64, 2**64 - 2, str(2**64 - 2)),
    (T.Float, 1.5, 1.5),
    (T.Double, 0.1, 0.1),
    (T.String, "Grüße", "Grüße"),
]
"""What the simulator holds, and how the client tells it."""


WISH = {
    "read": [f"ns=2;s=Plant/{type_.name}" for type_, *_ in HELD] + ["ns=2;s=Missing"],
    "write": [
        ["ns=2;s=Plant/Changed", "Int16", -5],
        ["ns=2;s=Plant/Fixed", "Int32", 8],
        ["ns=2;s=Missing", "Int32", 8],
    ],
    "browse": ["ns=2;s=Plant"],
    "watch": ["ns=2;s=Plant/Counter", 5],
}


async def filled(simulator: OpcuaSimulator) -> None:
    await simulator.add_folder("Plant")
    for type_, value, _ in HELD:
        await simulator.add_variable(f"Plant/{type_.name}", value, type_)
    await simulator.add_variable("Plant/Changed", 0, T.Int16)
    await simulator.add_variable("Plant/Counter", 0, T.Int32)
    await simulator.add_variable("Plant/Fixed", 7, T.Int32, writable=False)


async def count(simulator: OpcuaSimulator) -> None:
    for number in range(1, 10_000):
        await simulator.set("Plant/Counter", number, T.Int32)
        await asyncio.sleep(0.2)


def asking(port: int, folder: Path, wish: dict[str, Any]) -> Awaitable[Any]:
    url = f"opc.tcp://127.0.0.1:{port}/"
    return asyncio.to_thread(told, script("opcua-client.js", url, folder, json.dumps(wish)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the client keeps its certificate, which takes it a while to make."""
    return tmp_path_factory.mktemp("client")


@pytest.fixture(scope="module")
def found(folder: Path) -> Any:
    """What the client tells when it does everything, and ``changed``, what is there then."""

    async def act() -> Any:
        async with OpcuaSimulator() as simulator:
            await filled(simulator)
            counting = asyncio.ensure_future(count(simulator))
            found = await asking(simulator.port, folder, WISH)
            counting.cancel()
            return found | {"changed": await simulator.get("Plant/Changed")}

    return asyncio.run(asyncio.wait_for(act(), PATIENCE_S))


def test_every_type_is_read(found: Any) -> None:
    assert found["read"][:-1] == [
        {"status": "Good", "type": type_.name, "value": value} for type_, _, value in HELD
    ]


def test_what_there_is_not_is_told_as_such(found: Any) -> None:
    assert found["read"][-1]["status"] == "BadNodeIdUnknown"


def test_a_value_is_written(found: Any) -> None:
    assert (found["written"][0], found["changed"]) == ("Good", -5)


def test_what_is_fixed_or_missing_is_not_written(found: Any) -> None:
    assert found["written"][1:] == ["BadUserAccessDenied", "BadUserAccessDenied"]


def test_folders_are_browsed(found: Any) -> None:
    names = {type_.name for type_, *_ in HELD} | {"Changed", "Counter", "Fixed"}
    assert set(found["browsed"][0]) - {"FolderType", "BaseObjectType"} == names


def test_every_change_is_told(found: Any) -> None:
    present, first, *rest = found["watched"]
    assert first > present
    assert rest == [first + number for number in range(1, 4)]


def test_a_secured_simulator_lets_in_who_is_known(tmp_path: Path, folder: Path) -> None:
    certificate, key = identity("server").files(tmp_path, "server")
    server = OpcuaSimulator(users={"anna": "secret"}, certificate=certificate, private_key=key)

    async def act() -> Any:
        async with server:
            await filled(server)
            wish = {"secured": True, "read": ["ns=2;s=Plant/Fixed"]}
            return await asking(server.port, folder, wish)

    found = asyncio.run(asyncio.wait_for(act(), PATIENCE_S))
    assert found["read"][0]["value"] == 7


def test_the_plant_is_stopped_by_a_client(folder: Path) -> None:
    plant = Plant()
    plant.advance(60)

    async def act() -> Any:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        running = asyncio.ensure_future(run(plant, "opcua", ("127.0.0.1", 0), 1.0, port.set_result))
        try:
            at = "ns=2;s=Plant/Motor"
            found = await asking(await port, folder, {"read": [f"{at}/Speed"]})
            wish = {"write": [[f"{at}/Run", "Boolean", False]]}
            found |= await asking(await port, folder, wish)
            while plant.commands.run:
                await asyncio.sleep(0.05)
            return found
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    found = asyncio.run(asyncio.wait_for(act(), PATIENCE_S))
    assert found["written"] == ["Good"]
    assert found["read"][0]["type"] == "Float"
    assert 1300 < found["read"][0]["value"] < 1500
