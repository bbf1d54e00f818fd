"""A bridge over a wire that is slow or broken, with real programs."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from typing import Any

import pytest

from hub.errors import Unavailable
from hub.terminal.bridge import HIGH_BYTES, Bridge, Kit
from hub.terminal.contract import Allowed, Limits
from hub.terminal.identity import identity
from hub.terminal.running import READ_BYTES

ALLOWED = Allowed("grant", "t", "key", True, ("yes", "deaf", "none"))
PRESETS = {"yes": ["/usr/bin/yes"], "deaf": ["/bin/sleep", "600"], "none": ["/nowhere/none"]}


class SlowWire:
    """Nothing leaves it but by ``drain``."""

    def __init__(self) -> None:
        self.waiting_bytes = 0
        self.said: list[dict[str, Any]] = []

    def send(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.waiting_bytes += len(message)
        else:
            self.said.append(json.loads(message))


async def silent(action: str, facts: Mapping[str, Any]) -> None:
    pass


async def broken(action: str, facts: Mapping[str, Any]) -> None:
    raise Unavailable("the database cannot be reached")


def bridge(wire: SlowWire, note: Any = silent) -> Bridge:
    who = identity("nobody" if os.geteuid() == 0 else None)
    return Bridge(wire, ALLOWED, Kit(who, PRESETS, ["/bin/sh"], Limits()), note)


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
