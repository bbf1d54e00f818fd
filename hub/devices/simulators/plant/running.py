"""A plant that runs: its model by the clock, its values in the memory of a simulator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.devices.simulators.plant.memories import MEMORIES
from hub.devices.simulators.plant.memory import Memory
from hub.devices.simulators.plant.model import Plant
from hub.devices.simulators.plant.tags import TAGS, Kind

TICK_S = 0.2
TOLD = tuple(tag for tag in TAGS if tag.told)


async def run(
    plant: Plant, kind: Kind, at: tuple[str, int], speed: float, listening: Callable[[int], None]
) -> None:
    """Run a plant until it is cancelled.

    Args:
        at: host and port, port 0 for one that is free.
        speed: how many seconds of the plant pass in one.
        listening: is told the port, once.

    Raises:
        OSError: the address cannot be used.
    """
    clock = asyncio.get_running_loop().time
    async with MEMORIES[kind](*at) as memory:
        shown: dict[str, float] = {}
        await show(memory, plant, shown)
        listening(memory.port)
        before = clock()
        while True:
            await asyncio.sleep(TICK_S)
            now = clock()
            await obey(memory, plant, shown)
            plant.advance((now - before) * speed)
            before = now
            await show(memory, plant, shown)


async def obey(memory: Memory, plant: Plant, shown: dict[str, float]) -> None:
    """Take over what others wrote."""
    for tag in TOLD:
        shown[tag.key] = await memory.get(tag)
    plant.commands.take(shown)


async def show(memory: Memory, plant: Plant, shown: dict[str, float]) -> None:
    """Put what differs from what is ``shown`` into the memory."""
    values = plant.values()
    for tag in TAGS:
        if shown.get(tag.key) != values[tag.key]:
            await memory.put(tag, values[tag.key])
            shown[tag.key] = values[tag.key]
