"""However a device behaves, a call of it is answered, with a status that says how."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.services import Services
from hub.settings import Settings
from tests.chaos import Chaos, Harm
from tests.integration.devices.machines import Beside, Dripping, beside, closed_port
from tests.integration.devices.owning import Owner
from tests.integration.devices.rigs import RIGS, started
from tests.live import wait_until
from tests.plant import Door, code, door

TIMEOUT_S = 0.5
HARMS: tuple[Harm, ...] = ("close", "stall", "reset", "drop", "babble")
KINDS = ("melsec-3e", "fenet", "modbus-tcp", "opcua")
FAILED = {(502, "device_garbled"), (503, "device_unreachable"), (504, "device_timeout")}


class Asking:
    def __init__(self, app: Flask, opened: Door, loop: Beside, ports: dict[str, int]) -> None:
        self.app = app
        self.door = opened
        self.loop = loop
        self.ports = ports

    def device(self, name: str, port: int, timeout: float = TIMEOUT_S) -> int:
        rig = RIGS[name]
        return self.door.device(
            kind=rig.kind,
            host="127.0.0.1",
            port=port,
            timeout=timeout,
            options=rig.options,
            enabled=False,
        )

    def ask(self, name: str, device: int, value: int | None = None) -> TestResponse:
        address = RIGS[name].points[0].address.replace("%", "%25")
        url = f"device/{device}/io/{address}/"
        own = Door(self.app.test_client(), self.door.secret)
        return own.get(url) if value is None else own.post(url, value=value)


@pytest.fixture(scope="module")
def asking(settings: Settings, services: Services) -> Iterator[Asking]:
    app = create_app(settings, services)
    with beside() as loop, started() as ports:
        yield Asking(app, door(app.test_client(), services), loop, ports)


async def proxies(port: int) -> list[Chaos]:
    """One for each harm."""
    made = [Chaos(port) for _ in HARMS]
    for each, harm in zip(made, HARMS, strict=True):
        await each.__aenter__()
        each.harm(harm)
    return made


async def over(made: list[Chaos]) -> None:
    for each in made:
        await each.__aexit__(None, None, None)


@pytest.mark.parametrize("name", KINDS)
def test_harmed_answers(asking: Asking, name: str) -> None:
    made = asking.loop.run(proxies(asking.ports[name]))
    try:
        devices = [asking.device(name, each.port) for each in made]
        with ThreadPoolExecutor(len(HARMS)) as threads:
            found = list(threads.map(lambda device: asking.ask(name, device), devices))
    finally:
        asking.loop.run(over(made))
    said = {harm: code(answer) for harm, answer in zip(HARMS, found, strict=True)}
    assert set(said.values()) <= FAILED, said


@pytest.mark.parametrize("name", KINDS)
def test_nobody_there(asking: Asking, name: str) -> None:
    answer = asking.ask(name, asking.device(name, closed_port(), 30), 1)
    assert code(answer) == (503, "device_unreachable")
    assert "may_be_written" not in answer.json["error"]["detail"]


@pytest.mark.parametrize("drips", [False, True])
def test_a_server_that_says_nothing_or_next_to_it(asking: Asking, drips: bool) -> None:
    server = Dripping(drips=drips)
    asking.loop.run(server.start())
    try:
        devices = {name: asking.device(name, server.port) for name in KINDS[1:]}
        for name, device in devices.items():
            answer = asking.ask(name, device)
            assert code(answer) in FAILED
    finally:
        asking.loop.run(server.stop())


def test_only_so_many_calls_of_a_key_at_once(asking: Asking) -> None:
    servers = [Dripping(drips=False) for _ in range(7)]
    for each in servers:
        asking.loop.run(each.start())
    try:
        given = {"kind": "fenet", "host": "127.0.0.1", "timeout": 5, "enabled": False}
        devices = [asking.door.device(port=each.port, **given) for each in servers]
        with ThreadPoolExecutor(len(devices)) as threads:
            found = list(threads.map(lambda n: asking.ask("fenet", n), devices))
    finally:
        for each in servers:
            asking.loop.run(each.stop())
    told = sorted(code(each) for each in found)
    assert told == [(429, "too_many_requests"), *[(504, "device_timeout")] * 6]


def test_a_write_that_is_not_answered_may_have_happened(asking: Asking) -> None:
    (proxy,) = made = [Chaos(asking.ports["melsec-3e"])]
    asking.loop.run(proxy.__aenter__())
    proxy.harm("drop")
    try:
        answer = asking.ask("melsec-3e", asking.device("melsec-3e", proxy.port, 3), 1)
    finally:
        asking.loop.run(over(made))
    assert code(answer) == (504, "device_timeout")
    assert answer.json["error"]["detail"] == {"may_be_written": True}


def test_a_polled_device_that_fell_silent(asking: Asking, services: Services) -> None:
    proxy = Chaos(asking.ports["melsec-3e"])
    asking.loop.run(proxy.__aenter__())
    device = asking.device("melsec-3e", proxy.port)

    async def owned() -> Owner:
        owner = Owner(services, device, point="D100")
        owner.take()
        await owner.work()
        return owner

    owner = asking.loop.run(owned())
    try:
        wait_until(lambda: owner.polls > 2, "it polls")
        proxy.harm("drop")
        answer = asking.ask("melsec-3e", device)
        assert code(answer) in FAILED
        proxy.harm("none")
        wait_until(lambda: asking.ask("melsec-3e", device).status_code == 200, "it is back")
    finally:
        asking.loop.run(owner.end())
        asking.loop.run(proxy.__aexit__(None, None, None))
