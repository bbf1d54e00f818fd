"""Downsampling all levels from raw datapoints, beside a single ``$group``; and what comes late.

Usage: python -m bench.streams_upkeep [--rounds 3] [--points 1000000]
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
import numpy as np

from bench.ratios import Line, in_turns, show
from bench.site import Site, opened
from bench.streams_store import LEVELS, START_S, Store, each_second, store, unevenly
from hub.series.parts import IntArray
from hub.values import Stream

STREAMS = 10
AIM = 300_000.0
LATE = (1, 1_000)
SHAPES: dict[str, Callable[[int, int], IntArray]] = {
    "0.2 to 1.8 s apart": unevenly,
    "1 s apart": lambda count, _: each_second(count),
}


def measure(site: Site, *, rounds: int = 3, points: int = 1_000_000) -> list[Line]:
    """Datapoints a second carried to all levels, and the cost of late ones."""
    lines: list[Line] = []
    for shape, times in SHAPES.items():
        with store(site.uri) as stores:
            streams = [stores.add() for _ in range(STREAMS)]
            for seed, stream in enumerate(streams):
                stores.put(stream, times(points // STREAMS, seed))
            lines += _carried(stores, shape, rounds, points)
            if shape == "1 s apart":
                lines += _late(stores, streams, rounds, points)
    return lines


def _carried(stores: Store, shape: str, rounds: int, points: int) -> list[Line]:
    def hub() -> float:
        stores.forget()
        return points / stores.maintain()

    pairs = in_turns(rounds, lambda: points / _group_s(stores, points), hub)
    carried = [h for _, h in pairs]
    what = f"all levels of {points:,} points, {shape}"
    grouped = [f for f, _ in pairs]
    return [
        Line(what=f"{what} : one $group", unit="points/s", hub=carried, floor=grouped),
        Line(
            what=f"{what} : aim",
            unit="points/s",
            hub=carried,
            floor=[AIM] * rounds,
            target=1.0,
        ),
    ]


def _group_s(stores: Store, points: int) -> float:
    """Seconds that MongoDB takes for the 10-second level of the same documents; not stored."""
    at = {"$add": ["$_id.h", {"$toLong": "$v.k"}]}
    steps: list[dict[str, Any]] = [
        {"$project": {"v": {"$objectToArray": "$v"}}},
        {"$unwind": "$v"},
        {"$project": {"at": at, "v": "$v.v"}},
        {
            "$group": {
                "_id": {"s": "$_id.s", "t": {"$subtract": ["$at", {"$mod": ["$at", 10_000]}]}},
                "count": {"$sum": 1},
                "total": {"$sum": "$v"},
                "squares": {"$sum": {"$multiply": ["$v", "$v"]}},
                "low": {"$min": "$v"},
                "high": {"$max": "$v"},
                "first": {"$min": "$at"},
                "last": {"$max": "$at"},
            }
        },
        {"$group": {"_id": None, "points": {"$sum": "$count"}}},
    ]
    begun = time.perf_counter()
    (told,) = stores.mongo.db["values"].aggregate(steps, allowDiskUse=True)
    if told["points"] != points:
        raise SystemExit(f"the floor found {told['points']} points of {points}")
    return time.perf_counter() - begun


@dataclass(frozen=True, slots=True)
class Run:
    """A maintenance run: milliseconds, and documents written, in all and by level."""

    ms: float
    levels: dict[str, int]

    @property
    def documents(self) -> int:
        return sum(self.levels.values())


def _run(stores: Store) -> Run:
    fence = next(stores.fences) + 1
    ms = 1000 * stores.maintain()
    return Run(ms, stores.written(fence))


def _late(stores: Store, streams: Sequence[Stream], rounds: int, points: int) -> list[Line]:
    """Maintenance after late datapoints, beside building everything anew."""
    anew = []
    for _ in range(rounds):
        stores.forget()
        anew.append(_run(stores))
    lines = []
    for count in LATE:
        late = []
        for number in range(rounds):
            _scatter(stores, streams, count, points // STREAMS, seed=count + number)
            late.append(_run(stores))
        what = f"late points: {count:,} : all {points:,} anew"
        lines += [
            _beside(what, "ms", [r.ms for r in late], [r.ms for r in anew]),
            _beside(
                f"  written for {what}",
                "docs",
                [r.documents for r in late],
                [r.documents for r in anew],
            ),
        ]
        lines += [
            _beside(
                f"    of {name.removeprefix('rollup_')}",
                "docs",
                [r.levels[name] for r in late],
                [r.levels[name] for r in anew],
            )
            for name in LEVELS
        ]
    return lines


def _beside(what: str, unit: str, late: Sequence[float], anew: Sequence[float]) -> Line:
    return Line(what=what, unit=unit, hub=late, floor=anew, at_most=True)


def _scatter(stores: Store, streams: Sequence[Stream], count: int, seconds: int, seed: int) -> None:
    """Datapoints at random moments of the streams, each in a request of its own."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        at: IntArray = START_S * 1000 + chance.integers(0, seconds * 1000, 1)
        stores.put(streams[number % len(streams)], at)


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--points", default=1_000_000, show_default=True)
def main(rounds: int, points: int) -> None:
    """Downsampling: all levels against one $group, and late datapoints against all anew."""
    with opened() as site:
        show(measure(site, rounds=rounds, points=points))


if __name__ == "__main__":
    main()
