"""Devices that a worker polls, read and written by others through its desk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asyncua import ua
from flask import Flask
from pymongo.database import Database
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.devices.simulators.opcua import OpcuaSimulator
from hub.services import Services
from hub.services.devices.calls import Write, call_text
from hub.settings import Settings
from hub.store.client import connect
from hub.store.plant.device_calls import DeviceCalls
from tests.integration.devices.machines import Beside, Dripping, Slow, beside
from tests.integration.devices.owning import Owner
from tests.live import ROOT, wait_until
from tests.plant import Door, code, door

WRITE = call_text(Write(address="D10", value=7))


class Site:
    """A hub, machines beside it, and whoever asks, each in a thread with a client of its own."""

    def __init__(self, app: Flask, services: Services, loop: Beside) -> None:
        self.app = app
        self.services = services
        self.loop = loop
        self.door = door(app.test_client(), services)
        self.threads = ThreadPoolExecutor(16)
        self._ending: list[Callable[[], object]] = [self.threads.shutdown]

    def device(self, port: int, **more: Any) -> int:
        given = {"kind": "melsec", "host": "127.0.0.1", "enabled": False, "timeout": 30} | more
        return self.door.device(port=port, **given)

    def plc(self, machine: Slow | None = None, **more: Any) -> tuple[Slow, int]:
        """A controller that takes one connection, and its device."""
        machine = machine or Slow()
        self.loop.run(machine.__aenter__())
        self._ending.append(lambda: self.loop.run(machine.__aexit__(None, None, None)))
        return machine, self.device(machine.port, **more)

    def owner(
        self, device: int, *, works: bool = True, lease_s: float = 600.0, **more: Any
    ) -> Owner:
        """A worker that holds a device; its desk is open if it ``works``."""
        return self.loop.run(self._made(device, works, lease_s, more))

    async def _made(self, device: int, works: bool, lease_s: float, more: Any) -> Owner:
        polls = more.pop("polls", True)
        owner = Owner(self.services, device, **more)
        self._ending.append(lambda: self.loop.run(owner.end()))
        owner.take(lease_s)
        if works:
            await owner.work(polls=polls)
        return owner

    def own_door(self) -> Door:
        return replace(self.door, client=self.app.test_client())

    def read(self, device: int, register: str = "D10", query: str = "") -> TestResponse:
        return self.own_door().get(f"device/{device}/io/{register}/{query}")

    def write(
        self, device: int, value: Any, register: str = "D10", query: str = ""
    ) -> TestResponse:
        return self.own_door().post(f"device/{device}/io/{register}/{query}", value=value)

    def close(self) -> None:
        for end in reversed(self._ending):
            end()


@pytest.fixture
def site(settings: Settings, services: Services) -> Iterator[Site]:
    with beside() as loop:
        found = Site(create_app(settings, services), services, loop)
        try:
            yield found
        finally:
            found.close()


def rows(database: Database, device: int) -> list[dict[str, Any]]:
    return list(database["device_calls"].find({"device": device}))


def test_a_polled_device_is_read_over_the_connection_that_polls_it(site: Site) -> None:
    plc, device = site.plc()
    owner = site.owner(device)
    plc.words["D"][10] = 77
    wait_until(lambda: owner.polls > 2, "it polls")
    assert site.read(device).json == {"value": 77}
    assert (plc.served, plc.turned_away) == (1, 0)


def test_a_polled_device_is_written(site: Site) -> None:
    plc, device = site.plc()
    site.owner(device)
    value = 2**64 - 1
    assert site.write(device, value, query="?type=uint64").json == {"written": True, "value": value}
    assert site.read(device, query="?type=uint64").json == {"value": value}
    assert plc.words["D"][10:14] == [0xFFFF] * 4


def test_a_polled_server_is_browsed(site: Site) -> None:
    server = OpcuaSimulator()

    async def start() -> None:
        await server.__aenter__()
        await server.add_variable("Speed", 2**63, ua.VariantType.UInt64)

    site.loop.run(start())
    try:
        device = site.device(server.port, kind="opcua", timeout=30)
        site.owner(device, point="ns=2;s=Speed")
        found = site.own_door().get(f"device/{device}/opcua/?depth=2&limit=300").json
        told = {each["id"]: each for each in found["nodes"]}["ns=2;s=Speed"]
        assert (told["value"], told["access"]) == (2**63, ["read", "write"])
    finally:
        site.close()
        site._ending.clear()
        site.loop.run(server.__aexit__(None, None, None))


def test_neither_polling_nor_calls_starve(site: Site) -> None:
    plc, device = site.plc()
    plc.read_s = 0.01
    owner = site.owner(device)
    wait_until(lambda: owner.polls > 2, "it polls")
    polls = owner.polls

    def ask() -> None:
        for _ in range(10):
            assert site.read(device).status_code == 200

    for each in [site.threads.submit(ask) for _ in range(4)]:
        each.result()
    assert owner.polls - polls >= 40 / 5
    assert plc.turned_away == 0


@pytest.mark.parametrize(
    ("register", "query", "told"),
    [
        ("D32767", "?type=uint32", (502, "device_refused")),
        ("ZZ1", "", (400, "bad_address")),
        ("D10", "?type=bit", (400, "bad_device_value")),
    ],
)
def test_what_goes_wrong_there_is_told_here(
    site: Site, register: str, query: str, told: tuple[int, str]
) -> None:
    _, device = site.plc()
    site.owner(device)
    answer = site.read(device, register, query)
    assert code(answer) == told
    if told[0] == 502:
        assert answer.json["error"]["detail"]["device_code"] == "0xC056"


def test_a_bad_value_does_not_get_as_far_as_the_owner(site: Site, database: Database) -> None:
    _, device = site.plc()
    site.owner(device, works=False)
    assert code(site.write(device, 70_000)) == (400, "bad_device_value")
    assert rows(database, device) == []


def test_a_call_that_was_given_up_is_never_carried_out(site: Site, database: Database) -> None:
    plc, device = site.plc(timeout=0.1)
    owner = site.owner(device, works=False)
    answer = site.write(device, 7)
    assert code(answer) == (504, "device_timeout")
    assert "nothing was sent" in answer.json["error"]["message"]
    assert rows(database, device) == []
    site.loop.run(owner.work())
    wait_until(lambda: owner.polls > 2, "it polls")
    assert plc.words["D"][10] == 0


def test_a_call_that_is_late_is_never_carried_out(site: Site, database: Database) -> None:
    plc, device = site.plc()
    owner = site.owner(device, works=False)
    calls = site.services.device_calls
    late = calls.add(device, owner.holder, "write", WRITE, 0.05)
    wait_until(lambda: not calls.waiting(owner.holder), "it is late")
    site.loop.run(owner.work())
    assert site.write(device, 8, "D11").status_code == 200
    assert calls.take(late, owner.holder) is None
    assert plc.words["D"][10:12] == [0, 8]
    assert [each["state"] for each in rows(database, device)] == ["waiting"]


def test_a_call_is_taken_once(site: Site) -> None:
    _, device = site.plc()
    calls = site.services.device_calls
    call = calls.add(device, "w", "write", WRITE, 60)
    tried = [site.threads.submit(calls.take, call, "w") for _ in range(8)]
    taken = [each.result() for each in tried if each.result() is not None]
    assert len(taken) == 1
    assert taken[0].left_s <= 60
    assert not calls.cancel(call)


def test_whose_owner_ends_while_it_waits_is_answered_here(site: Site) -> None:
    plc, device = site.plc(timeout=30)
    plc.words["D"][10] = 5
    site.owner(device, works=False, lease_s=1)
    assert site.read(device).json == {"value": 5}


def test_whose_owner_lets_go_is_answered_here(site: Site) -> None:
    plc, device = site.plc(timeout=30)
    plc.words["D"][10] = 5
    owner = site.owner(device, polls=False)
    owner.driver = None
    asked = site.threads.submit(site.read, device)
    wait_until(lambda: owner.asked > 1, "the desk gave it back")
    owner.let_go()
    assert asked.result().json == {"value": 5}


def test_a_write_that_was_taken_and_not_answered_may_have_happened(site: Site) -> None:
    _, device = site.plc(timeout=2)
    owner = site.owner(device, works=False)
    calls = site.services.device_calls
    asked = site.threads.submit(site.write, device, 7)
    wait_until(lambda: bool(calls.waiting(owner.holder)), "it waits")
    assert calls.take(calls.waiting(owner.holder)[0].id, owner.holder) is not None
    answer = asked.result()
    assert code(answer) == (504, "device_timeout")
    assert answer.json["error"]["detail"] == {"may_be_written": True}
    assert "may have been written" in answer.json["error"]["message"]


def test_a_read_that_was_taken_by_an_owner_that_is_gone_is_read_again(site: Site) -> None:
    plc, device = site.plc(timeout=30)
    plc.words["D"][10] = 5
    owner = site.owner(device, works=False)
    calls = site.services.device_calls
    asked = site.threads.submit(site.read, device)
    wait_until(lambda: bool(calls.waiting(owner.holder)), "it waits")
    assert calls.take(calls.waiting(owner.holder)[0].id, owner.holder) is not None
    owner.let_go()
    assert asked.result().json == {"value": 5}


def test_a_silent_device_does_not_hold_up_another(site: Site) -> None:
    silent = Dripping(drips=False)
    site.loop.run(silent.start())
    slow_device = site.device(silent.port, timeout=30)
    _, device = site.plc(timeout=30)
    owner = site.owner(slow_device, polls=False)
    owner.also[device] = site.owner(device, works=False).driver
    asked = site.threads.submit(site.read, slow_device)
    wait_until(lambda: owner.asked > 0, "the silent one is asked")
    assert site.read(device).status_code == 200
    assert not asked.done()
    site.loop.run(silent.stop())
    assert asked.result().status_code in (503, 504)


def test_where_the_database_does_not_tell_it_is_looked_for_calls(
    site: Site, settings: Settings
) -> None:
    plc, device = site.plc(timeout=30)
    plc.words["D"][10] = 5
    mongo = connect(settings.mongo_uri or "", settings.mongo_db)
    try:
        site.owner(device, calls=DeviceCalls(replace(mongo, transactions=False)))
        assert site.read(device).json == {"value": 5}
    finally:
        site.close()
        site._ending.clear()
        mongo.close()


def test_a_device_that_is_free_is_left_to_a_worker_for_a_while(site: Site) -> None:
    _, device = site.plc(timeout=30, enabled=True)
    owner = site.owner(device, polls=False)
    owner.let_go()
    site.services.workers.tell(owner.holder, timedelta(seconds=60))
    try:
        asked = site.threads.submit(site.read, device)
        with pytest.raises(TimeoutError):
            asked.result(0.5)
        wait_until(owner.takes, "the worker has it")
        assert asked.result().status_code == 200
    finally:
        site.services.workers.leave(owner.holder)


def test_a_device_that_no_worker_comes_to_is_read_here(site: Site) -> None:
    plc, device = site.plc(timeout=30, enabled=True)
    plc.words["D"][10] = 5
    site.services.workers.tell("worker-2", timedelta(seconds=60))
    try:
        assert site.read(device).json == {"value": 5}
    finally:
        site.services.workers.leave("worker-2")


@pytest.fixture
def killed(site: Site, settings: Settings) -> Iterator[Callable[[int], Any]]:
    """Starts a worker in a process of its own, to be killed."""
    started = []

    def start(device: int) -> subprocess.Popen[bytes]:
        given = (settings.mongo_uri or "", settings.mongo_db, settings.secret or "", str(device))
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.devices.owning", *given],
            cwd=ROOT, stdout=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_read_whose_owner_is_killed_is_answered(site: Site, killed: Any) -> None:
    plc, device = site.plc(timeout=30)
    owner = killed(device)
    assert site.read(device).status_code == 200
    plc.read_s, seen = 0.5, plc.asked
    asked = [site.threads.submit(site.read, device) for _ in range(3)]
    wait_until(lambda: plc.asked > seen, "it is at work")
    owner.kill()
    assert [each.result().status_code for each in asked] == [200] * 3


def test_a_write_whose_owner_is_killed_meanwhile_may_have_happened(site: Site, killed: Any) -> None:
    plc, device = site.plc(timeout=2)
    owner = killed(device)
    assert site.read(device).status_code == 200
    plc.write_s = 30
    asked = site.threads.submit(site.write, device, 7)
    wait_until(lambda: plc.words["D"][10] == 7, "it was sent")
    owner.kill()
    answer = asked.result()
    assert code(answer) == (504, "device_timeout")
    assert answer.json["error"]["detail"]["may_be_written"] is True
