"""A secured OPC UA server behind a device that was made over HTTP, secrets and all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest
from asyncua import ua
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.cli.stream import ADMIN
from hub.devices.contract import Point, Value
from hub.devices.simulators.opcua import OpcuaSimulator
from hub.errors import DeviceRefused
from hub.services import Services
from hub.values import Document
from tests.pki import Identity, identity
from tests.plant import Door, door, fresh

PASSWORD = "h0rse-battery-st\u00e4ple"
SPEED = Point("ns=2;s=speed")


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def ours() -> Identity:
    return identity("client")


@pytest.fixture(scope="module")
def port(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """That of a server with secured endpoints and one user."""
    files = identity("server").files(tmp_path_factory.mktemp("pki"), "server")
    server = OpcuaSimulator(users={"anna": PASSWORD}, certificate=files[0], private_key=files[1])

    async def start() -> None:
        await server.__aenter__()
        await server.add_variable("speed", 5, ua.VariantType.Int32)

    runner.run(start())
    yield server.port
    runner.run(server.__aexit__(None, None, None))


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


def options(ours: Identity) -> Document:
    return {
        "policy": "Basic256Sha256",
        "user": "anna",
        "password": PASSWORD,
        "certificate": ours.certificate_pem,
        "private_key": ours.key_pem,
    }


def made(plant: Door, port: int, chosen: Document) -> int:
    return plant.device(kind="opcua", host="127.0.0.1", port=port, timeout=60, options=chosen)


def read(runner: asyncio.Runner, services: Services, number: int) -> Value | None:
    """What stands in the device, by the driver of what is kept of it."""
    kept = services.plant.devices.get(number, ADMIN)

    async def act() -> Value | None:
        async with services.drivers.open(kept) as driver:
            return (await driver.read([SPEED]))[0].told()

    return runner.run(asyncio.wait_for(act(), 240))


def test_it_is_read(
    runner: asyncio.Runner, services: Services, plant: Door, port: int, ours: Identity
) -> None:
    assert read(runner, services, made(plant, port, options(ours))) == 5


def test_it_is_read_after_a_change_that_names_no_secret(
    runner: asyncio.Runner, services: Services, plant: Door, port: int, ours: Identity
) -> None:
    number = made(plant, port, options(ours))
    answer = plant.patch(f"device/{number}/", options={"mode": "Sign"}, name=fresh())
    assert (answer.status_code, answer.json["options"]["mode"]) == (200, "Sign")
    assert read(runner, services, number) == 5


def test_another_password_is_refused_by_the_server(
    runner: asyncio.Runner, services: Services, plant: Door, port: int, ours: Identity
) -> None:
    number = made(plant, port, options(ours))
    plant.patch(f"device/{number}/", options={"password": "another"})
    with pytest.raises(DeviceRefused):
        read(runner, services, number)


def test_no_secret_is_anywhere_but_in_the_driver(
    runner: asyncio.Runner,
    services: Services,
    plant: Door,
    port: int,
    ours: Identity,
    database: Database[Document],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    number = made(plant, port, options(ours))
    read(runner, services, number)
    plant.patch(f"device/{number}/", description="x")
    told = [plant.get("device/").text, plant.get(f"device/{number}/").text, caplog.text]
    kept = [str(row) for name in database.list_collection_names() for row in database[name].find()]
    for secret in (PASSWORD, ours.key_pem.splitlines()[1]):
        assert not [text for text in (*told, *kept) if secret in text]
