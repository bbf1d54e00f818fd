"""A device that tells of changes by itself: followed until its configuration changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from hub.devices.contract import Driver, Point, Reading
from hub.values import Stream

Due = tuple[tuple[Stream, ...], tuple[Point, ...]]
Tell = Callable[[list[tuple[Stream, Reading]]], None]


class Watching(Driver, Protocol):
    """A driver that is told of changes, as ``hub.devices.opcua.driver.Opcua.watch`` says."""

    def watch(
        self, points: Sequence[Point], *, sampling_s: float
    ) -> AsyncGenerator[tuple[int, Reading], None]: ...


async def listen(
    driver: Watching,
    told: Sequence[tuple[Due, float]],
    beats: Sequence[tuple[Due, float]],
    tell: Tell,
    altered: asyncio.Event,
) -> None:
    """Hand on what the device tells, until ``altered``.

    Args:
        told: what is followed, and how often the device looks at it, in seconds.
        beats: what is read besides, and how often it is to be stored at least, in seconds.

    Raises:
        DeviceError: the connection was lost.
    """
    tasks = [asyncio.create_task(_follow(driver, due, each, tell)) for due, each in told]
    tasks += [asyncio.create_task(_beat(driver, due, each, tell)) for due, each in beats]
    ending = asyncio.create_task(altered.wait())
    try:
        done, _ = await asyncio.wait([*tasks, ending], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*tasks, ending):
            task.cancel()
        await asyncio.gather(*tasks, ending, return_exceptions=True)
    for ended in done:
        ended.result()


async def _follow(driver: Watching, due: Due, sampling_s: float, tell: Tell) -> None:
    streams, points = due
    waiting: list[tuple[Stream, Reading]] = []
    loop = asyncio.get_running_loop()

    def hand_on() -> None:
        tell(waiting)
        waiting.clear()

    async with aclosing(driver.watch(points, sampling_s=sampling_s)) as told:
        async for number, reading in told:
            waiting.append((streams[number], reading))
            if len(waiting) == 1:
                loop.call_soon(hand_on)


async def _beat(driver: Driver, due: Due, beat_s: float, tell: Tell) -> None:
    """Read what would be silent as long as it does not change: twice in the time that it may be."""
    streams, points = due
    while True:
        await asyncio.sleep(beat_s / 2)
        readings = await driver.read(points)
        tell(list(zip(streams, readings, strict=True)))
