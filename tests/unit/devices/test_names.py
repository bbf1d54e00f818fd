"""Names of hosts: found, not found, and never: then nobody waits in the end."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from subprocess import run
from threading import Event
from typing import Any

import pytest

from hub.devices import names
from hub.devices.names import NamingLoop
from tests.live import PATIENCE_S, ROOT

HANGING = """
import asyncio, sys
from threading import Event
from hub.devices.names import NamingLoop

asked = Event()

def hang(*wanted, **how):
    asked.set()
    Event().wait()

async def connect():
    trying = asyncio.ensure_future(asyncio.open_connection("plc.example", 502))
    while not asked.is_set():
        await asyncio.sleep(0.01)
    trying.cancel()
    await asyncio.wait([trying])

with asyncio.Runner(loop_factory=lambda: NamingLoop(hang)) as runner:
    runner.run(connect())
print("ended")
"""


def ask(look: Callable[..., Any], *hosts: str) -> list[Any]:
    async def run() -> list[Any]:
        loop = asyncio.get_running_loop()
        wanted = (loop.getaddrinfo(host, 502, type=socket.SOCK_STREAM) for host in hosts)
        return await asyncio.gather(*wanted, return_exceptions=True)

    with asyncio.Runner(loop_factory=lambda: NamingLoop(look)) as runner:
        return runner.run(run())


def test_a_name_is_looked_up_as_the_system_does() -> None:
    seen: list[Any] = []

    def look(*wanted: Any, **how: int) -> Any:
        seen.append((wanted, how))
        return ["there"]

    assert ask(look, "plc.example") == [["there"]]
    assert seen == [(("plc.example", 502), {"type": socket.SOCK_STREAM})]


def test_a_name_that_there_is_not_is_told() -> None:
    def look(*_: Any, **how: int) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    (found,) = ask(look, "plc.example")
    assert isinstance(found, socket.gaierror)


def test_more_names_than_there_are_places_are_found_one_after_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(names, "LOOKING_MAX", 2)
    hosts = [f"plc-{number}" for number in range(20)]
    assert ask(lambda host, *_, **how: host, *hosts) == hosts


def test_a_name_that_hangs_delays_no_other() -> None:
    done = Event()

    async def run() -> str:
        loop = asyncio.get_running_loop()
        hanging = asyncio.ensure_future(loop.getaddrinfo("hangs", 502))
        found: str = await loop.getaddrinfo("answers", 502)
        hanging.cancel()
        await asyncio.wait([hanging])
        return found

    def look(host: str, *_: Any, **how: int) -> str:
        if host == "hangs":
            done.wait()
        return host

    with asyncio.Runner(loop_factory=lambda: NamingLoop(look)) as runner:
        assert runner.run(run()) == "answers"
    done.set()


def test_a_process_ends_whose_resolver_hangs() -> None:
    ended = run(
        [sys.executable, "-c", HANGING],
        cwd=ROOT, capture_output=True, timeout=PATIENCE_S, check=True,
    )  # fmt: skip
    assert ended.stdout == b"ended\n"
