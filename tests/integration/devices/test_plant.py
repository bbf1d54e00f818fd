"""The plant over sockets: drivers read it in every protocol, and control it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.root import hub
from hub.cli.stream import ADMIN
from hub.devices.contract import Driver, Point
from hub.devices.registry import open_driver
from hub.devices.simulators.plant.model import Plant
from hub.devices.simulators.plant.running import run
from hub.devices.simulators.plant.tags import KINDS, TAGS, Kind
from hub.services import Services
from hub.services.plant.data import Wish
from tests.devices import device
from tests.live import ROOT, free_port
from tests.plant import fresh

Act = Callable[[Driver, Kind], Awaitable[Any]]
SPEED = 100.0


def on_plant(kind: Kind, act: Act, plant: Plant | None = None) -> Any:
    """What a driver does with a plant that runs faster than others."""

    async def main() -> Any:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        at = ("127.0.0.1", 0)
        running = asyncio.ensure_future(run(plant or Plant(), kind, at, SPEED, port.set_result))
        await asyncio.wait((running, port), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        try:
            async with open_driver(device(kind, port.result(), timeout_s=60.0)) as driver:
                return await act(driver, kind)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    return asyncio.run(asyncio.wait_for(main(), 240))


async def told(driver: Driver, kind: Kind, *keys: str) -> dict[str, float]:
    tags = [tag for tag in TAGS if not keys or tag.key in keys]
    found = await driver.read([Point(tag.address(kind), tag.type) for tag in tags])
    return {tag.key: each.told() for tag, each in zip(tags, found, strict=True)}  # type: ignore[misc]


async def write(driver: Driver, kind: Kind, key: str, value: object) -> None:
    (tag,) = [tag for tag in TAGS if tag.key == key]
    await driver.write(Point(tag.address(kind), tag.type), value)


async def until(true: Callable[[dict[str, float]], bool], driver: Driver, kind: Kind) -> None:
    while not true(await told(driver, kind)):
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_a_driver_reads_what_the_plant_holds(kind: Kind) -> None:
    plant = Plant()
    plant.advance(300)

    async def act(driver: Driver, kind: Kind) -> None:
        found = await told(driver, kind)
        assert found["rpm"] == pytest.approx(1450, abs=20)
        assert found["temperature"] == pytest.approx(plant.values()["temperature"], abs=3)
        assert 2**32 < found["energy"] <= plant.values()["energy"]
        assert 300 < found["pieces"] <= plant.values()["pieces"]
        assert (found["running"], found["run"], found["setpoint"]) == (1, 1, 1450)

    on_plant(kind, act, plant)


@pytest.mark.parametrize("kind", KINDS)
def test_the_motor_is_stopped_and_started_by_a_write(kind: Kind) -> None:
    async def act(driver: Driver, kind: Kind) -> None:
        await until(lambda values: values["rpm"] > 1000, driver, kind)
        await write(driver, kind, "run", False if kind == "opcua" else 0)
        await until(lambda values: not values["running"], driver, kind)
        await write(driver, kind, "run", True if kind == "opcua" else 1)
        await until(lambda values: values["rpm"] > 1000, driver, kind)

    on_plant(kind, act)


@pytest.mark.parametrize("kind", KINDS)
def test_the_setpoint_is_followed(kind: Kind) -> None:
    async def act(driver: Driver, kind: Kind) -> None:
        await write(driver, kind, "setpoint", 600)
        await until(lambda values: abs(values["rpm"] - 600) < 20, driver, kind)

    on_plant(kind, act)


@pytest.mark.parametrize("kind", KINDS)
def test_the_plants_own_program_works_the_valve_unless_it_is_off(kind: Kind) -> None:
    plant = Plant()
    plant.advance(10)

    async def act(driver: Driver, kind: Kind) -> None:
        off = False if kind == "opcua" else 0
        await write(driver, kind, "inlet", off)
        await until(lambda values: values["inlet"] == 1 or values["level"] < 31, driver, kind)
        await write(driver, kind, "automatic", off)
        await write(driver, kind, "inlet", off)
        await until(lambda values: values["alarm_low"] == 1, driver, kind)
        assert (await told(driver, kind))["inlet"] == 0

    on_plant(kind, act, plant)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hub.cli", "simulate", *arguments]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_it_listens_and_ends_when_it_is_told(number: signal.Signals) -> None:
    arguments = command("melsec", "--port", "0", "--json", "--misbehave")
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            assert (told["kind"], told["host"]) == ("melsec", "127.0.0.1")

            async def read() -> Any:
                target = device("melsec", told["port"], timeout_s=60.0)
                async with open_driver(target) as driver:
                    return (await driver.read([Point("M0")]))[0].told()

            assert asyncio.run(read()) == 1
            process.send_signal(number)
            assert process.wait(240) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_that_is_taken_is_said(kind: Kind) -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        result = CliRunner().invoke(hub, ["simulate", kind, "--port", str(port)])
    assert result.exit_code == 1
    assert f"Error: 127.0.0.1:{port} cannot be used" in result.output


@pytest.mark.parametrize("kind", KINDS)
def test_addresses_are_told_to_people_and_machines(kind: Kind) -> None:
    text = CliRunner().invoke(hub, ["simulate", kind, "--addresses"]).output
    told = json.loads(CliRunner().invoke(hub, ["simulate", kind, "--addresses", "--json"]).output)
    assert [row["address"] for row in told] == [tag.address(kind) for tag in TAGS]
    assert [line.split()[0] for line in text.splitlines()[1:]] == [row["address"] for row in told]


@pytest.mark.parametrize("kind", KINDS)
def test_the_definition_makes_a_device_and_its_data_streams(kind: Kind, services: Services) -> None:
    arguments = ["simulate", kind, "--definition", "--port", "7001"]
    body = json.loads(CliRunner().invoke(hub, arguments).output)
    made = services.plant.devices.create(body["device"] | {"name": fresh()}, ADMIN)
    assert (made.kind, made.host, made.port) == (kind, "127.0.0.1", 7001)
    for data in body["data"]:
        services.plant.data.create(data | {"device": made.id}, ADMIN)
    found, _ = services.plant.data.page(Wish(limit=100, device=made.id), ADMIN)
    assert [stream.place.path for stream in found] == [tag.address(kind) for tag in TAGS]
