"""What is looked at while devices are polled: processes, states, how old the newest values are."""

from __future__ import annotations

import contextlib
import math
import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.devices_plant import Plant, Polled
from bench.site import HUB_WEB
from hub.jobs.polling.grid import Grid
from hub.series.points import joined
from hub.store.client import connect
from hub.store.streams.points import PointStore
from hub.values import Stream

INTERVAL_MS = 1_000
GAP_MS = 1_500
TICKS_S = os.sysconf("SC_CLK_TCK")
AGE_EVERY_S = 0.2
SAMPLED = 1_000
"""Data streams whose stored values are read, at most about: every device has at least one."""


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds since the start of each part, and its memory in MiB."""

    at: float
    cpu_s: dict[str, float]
    rss_mb: dict[str, float]


def processes(plant: Plant) -> dict[str, list[int]]:
    """The parts that take part, and their processes."""
    live = plant.site.live
    mongod = plant.site.db.client.admin.command("serverStatus")["pid"]
    return {
        "poller": live.children(r"-m hub\.worker --only polling"),
        "upkeep": live.children(r"-m hub\.worker --only timetable"),
        "mongod": [int(mongod)],
        "web": live.children(HUB_WEB),
        "simulator": [plant.simulator],
    }


def usage(parts: dict[str, list[int]]) -> Usage:
    """What the parts, and the whole machine ("all", without what waits), took until now."""
    cpu_s = {name: sum(map(_cpu_s, pids)) for name, pids in parts.items()}
    rss_mb = {name: sum(map(_rss_mb, pids)) for name, pids in parts.items()}
    user, nice, system, _, _, irq, soft, *_ = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    cpu_s["all"] = (user + nice + system + irq + soft) / TICKS_S
    return Usage(time.monotonic(), cpu_s, rss_mb)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def _rss_mb(pid: int) -> float:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


@dataclass(frozen=True, slots=True)
class States:
    """What the devices say of themselves, together."""

    polls: int
    missed: int
    down: int
    took_ms: list[float]


def states(plant: Plant) -> States:
    """As they stand in the database: not more than two seconds old."""
    numbers = [each.id for each in plant.polled]
    rows = list(plant.site.db["device_states"].find({"_id": {"$in": numbers}}))
    return States(
        sum(row["polls"] for row in rows),
        sum(row["missed"] for row in rows),
        len(numbers) - sum(row["status"] == "up" for row in rows),
        [row["latency_ms"] for row in rows if row["latency_ms"] is not None],
    )


@dataclass(slots=True)
class Looks:
    """Ages of newest values in ms, and how long polls took, by samples."""

    ages_ms: list[float] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)


@contextlib.contextmanager
def looking(plant: Plant) -> Iterator[Looks]:
    """Look five times a second at a value, and every two seconds at the states, beside."""
    looks, done = Looks(), threading.Event()

    def look() -> None:
        chance, count = random.Random(3), 0
        while not done.wait(AGE_EVERY_S):
            age = _age_ms(plant, chance)
            looks.ages_ms += [age] if age is not None else []
            count += 1
            if count % 10 == 0:
                looks.took_ms += states(plant).took_ms

    thread = threading.Thread(target=look, name="looks")
    thread.start()
    try:
        yield looks
    finally:
        done.set()
        thread.join()


def _age_ms(plant: Plant, chance: random.Random) -> float | None:
    """How old the newest stored value of some data stream is; None where its document is new."""
    stream = chance.choice(chance.choice(plant.polled).streams)
    width = stream.widths[-1][1]
    now = time.time_ns() // 1_000_000
    key = {"s": stream.id, "w": width, "h": now - now % width}
    row = plant.site.db["values"].find_one({"_id": key}, {"z": 1})
    return None if row is None else time.time_ns() / 1e6 - key["h"] - row["z"]


@dataclass(frozen=True, slots=True)
class Held:
    """What is stored of a window of time.

    Attributes:
        share: of the values that were due, those that came not more than an interval later.
        gaps: places in the data of a device where the next value is more than one and a half
            intervals away.
        lags_ms: from a tick to the time of its values, within an interval: what takes longer shows
            as less, and as a gap.
    """

    share: float
    gaps: int
    lags_ms: list[float]


def held(plant: Plant, lo: int, hi: int) -> Held:
    """What is stored between two moments (ms): of some data streams of every device."""
    due = there = gaps = 0
    lags: list[float] = []
    ahead_ms = time.time_ns() / 1e6 - time.monotonic_ns() / 1e6
    with contextlib.closing(connect(plant.site.uri, plant.site.db.name)) as mongo:
        points = PointStore(mongo)
        for device in plant.polled:
            origin = ahead_ms + _origin(device)
            first, after = ((each - origin) // INTERVAL_MS + 1 for each in (lo, hi))
            ticks = int(after - first)
            begins, ends = (math.ceil(origin + tick * INTERVAL_MS) for tick in (first, after))
            for number, stream in enumerate(_some(device, len(plant.polled))):
                found = joined(list(points.between(stream, begins, ends + INTERVAL_MS))).at
                due, there = due + ticks, there + min(ticks, len(found))
                if number == 0:
                    at = found[found < ends]
                    lags += ((at + 0.5 - origin) % INTERVAL_MS).tolist()
                    gaps += int(np.sum(np.diff(at, prepend=begins, append=ends) > GAP_MS))
    return Held(there / max(1, due), gaps, lags)


def _some(device: Polled, devices: int) -> Sequence[Stream]:
    step = max(1, len(device.streams) * devices // SAMPLED)
    return device.streams[::step]


def _origin(device: Polled) -> int:
    """The moment of its first tick, by the steady clock."""
    grid = Grid(device.id)
    grid.alter({INTERVAL_MS}, 0)
    return grid.next or 0
