"""A bridge over a wire that is slow or broken, with real programs."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from hub.errors import Unavailable
from hub.terminal.bridge import HIGH_BYTES, Bridge, Kit
from hub.terminal.contract import Allowed, Limits
from hub.terminal.identity import identity
from hub.terminal.running import LAST_BYTES_MAX, READ_BYTES

ALLOWED = Allowed("grant", "t", "key", True, ("yes", "deaf", "none", "echo", "true"))
PRESETS = {
    "yes": ["/usr/bin/yes"],
    "deaf": ["/bin/sleep", "600"],
    "none": ["/nowhere/none"],
    "echo": ["/bin/cat"],
    "true": ["/bin/true"],
}


class SlowWire:
    """Nothing leaves it but by ``drain``."""

    def __init__(self) -> None:
        self.waiting_bytes = 0
        self.printed = bytearray()
        self.said: list[dict[str, Any]] = []

    def told(self, name: str) -> list[Any]:
        """The values of all messages of a name."""
        return [said[name] for said in self.said if name in said]

    def send(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.waiting_bytes += len(message)
            self.printed += message
        else:
            self.said.append(json.loads(message))


async def silent(action: str, facts: Mapping[str, Any]) -> None:
    pass


async def broken(action: str, facts: Mapping[str, Any]) -> None:
    raise Unavailable("the database cannot be reached")


def bridge(wire: SlowWire, note: Any = silent, allowed: Allowed = ALLOWED) -> Bridge:
    who = identity("nobody" if os.geteuid() == 0 else None)
    return Bridge(wire, allowed, Kit(who, PRESETS, ["/bin/sh"], Limits()), note)


async def until(true: Any) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


def test_a_program_is_held_up_while_its_output_waits_and_goes_on_after() -> None:
    async def story() -> None:
        wire = SlowWire()
        tested = bridge(wire)
        running = asyncio.create_task(tested.run())
        tested.receive('{"run": "yes"}')
        await until(lambda: wire.waiting_bytes > HIGH_BYTES)
        await asyncio.sleep(0.3)
        full = wire.waiting_bytes
        assert full <= HIGH_BYTES + READ_BYTES
        wire.waiting_bytes = 0
        tested.room()
        await until(lambda: tested.sent_bytes > full + HIGH_BYTES)
        tested.end("enough")
        assert await asyncio.wait_for(running, 30) == "enough"

    asyncio.run(story())


def test_what_is_typed_for_a_program_that_does_not_read_has_a_bound() -> None:
    async def story() -> str:
        wire = SlowWire()
        tested = bridge(wire)
        running = asyncio.create_task(tested.run())
        tested.receive('{"run": "deaf"}')
        await until(lambda: {"started": "deaf"} in wire.said)
        for _ in range(80):
            tested.receive(16_384 * b"x\n")
        return await asyncio.wait_for(running, 30)

    assert asyncio.run(story()) == "too much was typed"


@pytest.mark.parametrize("typed", [65_537 * b"x", b"exit 5\n"])
def test_what_is_typed_while_a_program_is_being_started(typed: bytes) -> None:
    async def story() -> None:
        wire = SlowWire()
        tested = bridge(wire)
        running = asyncio.create_task(tested.run())
        tested.receive('{"shell": true}')
        tested.receive(typed)
        if len(typed) > 65_536:
            assert await asyncio.wait_for(running, 30) == "too much was typed"
        else:
            assert await asyncio.wait_for(running, 30) == "exit"
            assert {"exit": {"program": "shell", "code": 5}} in wire.said

    asyncio.run(story())


@pytest.mark.parametrize(("preset", "note"), [("none", silent), ("yes", broken)])
def test_a_program_that_cannot_be_started_or_noted_does_not_run(preset: str, note: Any) -> None:
    async def story() -> None:
        wire = SlowWire()
        tested = bridge(wire, note)
        running = asyncio.create_task(tested.run())
        tested.receive(json.dumps({"run": preset}))
        await until(lambda: {"error": f"{preset} cannot be started."} in wire.said)
        tested.end("enough")
        assert await asyncio.wait_for(running, 30) == "enough"
        assert wire.waiting_bytes == 0

    asyncio.run(story())


@pytest.mark.parametrize("text", ["", "x", "[]", "5", '{"a": 1, "b": 2}', "[" * 4_000, "x" * 5_000])
def test_what_is_no_message(text: str) -> None:
    async def story() -> None:
        wire = SlowWire()
        tested = bridge(wire)
        tested.receive(text)
        assert wire.said == [{"error": "This is no message."}]

    asyncio.run(story())


def test_only_ctrl_c_is_typed_where_a_grant_is_not_interactive() -> None:
    async def story() -> None:
        wire = SlowWire()
        tested = bridge(wire, allowed=replace(ALLOWED, shell=False))
        running = asyncio.create_task(tested.run())
        tested.receive('{"run": "echo"}')
        tested.receive(b"early\n")
        await until(lambda: {"started": "echo"} in wire.said)
        tested.receive(b"secret\n")
        tested.receive(b"x\x03y")
        await until(lambda: {"exit": {"program": "echo", "code": -2}} in wire.said)
        tested.end("enough")
        await asyncio.wait_for(running, 30)
        assert wire.printed == b"^C"

    asyncio.run(story())


def test_a_preset_is_typed_to_where_a_grant_is_interactive() -> None:
    async def story() -> None:
        wire = SlowWire()
        tested = bridge(wire)
        running = asyncio.create_task(tested.run())
        tested.receive('{"run": "echo"}')
        tested.receive(b"word\n")
        await until(lambda: wire.printed.count(b"word") == 2)
        tested.end("enough")
        await asyncio.wait_for(running, 30)

    asyncio.run(story())


def test_what_waits_has_a_bound_however_many_programs_there_are_and_whatever_is_said() -> None:
    async def story() -> None:
        wire = SlowWire()
        tested = bridge(wire)
        running = asyncio.create_task(tested.run())
        tested.receive('{"run": "yes"}')
        await until(lambda: wire.waiting_bytes > HIGH_BYTES)
        tested.receive(b"\x03")
        await until(lambda: wire.told("exit"))
        full, said = wire.waiting_bytes, len(wire.said)
        for _ in range(1_000):
            tested.receive("no message")
            tested.receive('{"run": "yes"}')
        assert len(wire.said) == said
        await asyncio.sleep(0)
        assert wire.told("started") == ["yes"]
        wire.waiting_bytes = 0
        tested.room()
        await until(lambda: wire.told("started") == ["yes", "yes"])
        tested.end("enough")
        await asyncio.wait_for(running, 30)
        assert full <= HIGH_BYTES + LAST_BYTES_MAX + 2 * READ_BYTES

    asyncio.run(story())


def test_programs_of_a_session_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.terminal.bridge.PROGRAMS_MAX", 2)

    async def story() -> str:
        wire = SlowWire()
        tested = bridge(wire)
        running = asyncio.create_task(tested.run())
        for count in (1, 2):
            tested.receive('{"run": "true"}')
            await until(lambda n=count: len(wire.told("exit")) == n)
        await asyncio.sleep(0)
        tested.receive('{"run": "true"}')
        return await asyncio.wait_for(running, 30)

    assert asyncio.run(story()) == "too many programs"


RESIZES = [
    None, 5, "x", [], {}, {"rows": 5}, {"rows": 5, "cols": -1}, {"rows": 1_000_000_000, "cols": 5},
    {"rows": "5", "cols": "5"}, {"rows": 5.0, "cols": 5}, {"rows": True, "cols": 5},
    {"rows": 1_001, "cols": 5}, {"rows": 0, "cols": 0},
]  # fmt: skip


@pytest.mark.parametrize("size", RESIZES)
def test_what_is_no_size(size: Any) -> None:
    async def story() -> None:
        wire = SlowWire()
        tested = bridge(wire)
        tested.receive(json.dumps({"resize": size}))
        assert wire.said == [{"error": "This is no message."}]

    asyncio.run(story())
