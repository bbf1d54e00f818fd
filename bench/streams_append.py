"""Datapoints put into streams over HTTP: the hub against plain upserts and a bare view.

Usage: python -m bench.streams_append [--rounds 5] [--seconds 3]
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

import click
import orjson

from bench.floor_script import BATCH
from bench.load import Target, connected, drive, request_bytes
from bench.ratios import Line, in_turns, show
from bench.site import Site, opened
from bench.streams_floor import FLOOR, STREAMS, make_floor
from bench.streams_hub import Door, clear, door, resting
from bench.streams_store import START_S, each_second, readings
from hub.values import Late
from tests.live import ROOT

TARGET = 0.60
RATE_MAX = 2_500
"""Arrays of 1,000 a second for which bodies are made ready, far beyond what was seen."""
CONNECTIONS = 32
SPREAD = 8 * CONNECTIONS
"""Streams for single datapoints: enough that no two under way are for one stream."""
SINGLE_RATE_MAX = 6_000


@dataclass(slots=True)
class Supply:
    """Batches of one datapoint a second for some streams in turns, none of them twice."""

    door: Door
    streams: list[str]
    size: int = BATCH
    _starts: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self._starts = itertools.count(START_S, self.size)

    def requests(self, count: int) -> list[bytes]:
        """At least so many requests."""
        found: list[bytes] = []
        while len(found) < count:
            shift = next(self._starts) - START_S
            times = each_second(self.size) + shift * 1000
            seconds, values = (times // 1000).tolist(), readings(times, shift)
            points = [{"t": t, "v": v} for t, v in zip(seconds, values, strict=True)]
            body = orjson.dumps(points)
            found += [self.door.put(stream, body) for stream in self.streams]
        return found


def measure(site: Site, *, rounds: int = 5, seconds: float = 3.0) -> list[Line]:
    """Datapoints a second in arrays, and single ones."""
    make_floor(site.db)
    opening, firsts = door(site), itertools.count(1, 1_000)
    lines = []
    for late, clients, worker, size, merged in ARRAYS:
        compared = Arrays(site, opening, late, clients, size, merged, firsts)
        with nullcontext() if worker else resting(site):
            pairs = compared.measure(rounds, seconds)
        clear(site)
        beside = ", worker busy" if worker else ", floor merges" if merged else ""
        lines.append(
            Line(
                what=f"append arrays of {size:,}, late={late}, clients: {clients}{beside}",
                unit="points/s",
                hub=[h for _, h in pairs],
                floor=[f for f, _ in pairs],
                target=None if worker or merged else TARGET,
            )
        )
    with resting(site):
        lines.append(_singles(site, opening, rounds, seconds))
    clear(site)
    site.db.drop_collection(FLOOR)
    return lines


LARGE = 10_000
ARRAYS: tuple[tuple[Late, int, bool, int, bool], ...] = (
    ("keep", 2, False, BATCH, False),
    ("replace", 2, False, BATCH, False),
    ("keep", 4, False, BATCH, False),
    ("replace", 4, False, BATCH, False),
    ("keep", 2, False, LARGE, False),
    ("keep", 4, False, LARGE, False),
    ("keep", 2, False, BATCH, True),
    ("keep", 2, False, LARGE, True),
    ("keep", 4, True, BATCH, False),
)
"""Policy, connections, whether the worker works, size, whether the floor merges as the hub does."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """The hub and its floor, with as many connections as the floor has processes."""

    site: Site
    door: Door
    late: Late
    clients: int
    size: int
    merged: bool
    firsts: Iterator[int]

    def measure(self, rounds: int, seconds: float) -> list[tuple[float, float]]:
        streams = [self.door.make(self.late) for _ in range(STREAMS)]
        supply = Supply(self.door, streams, self.size)
        self._hub(supply, 0.5)
        return in_turns(rounds, lambda: self._floor(seconds), lambda: self._hub(supply, seconds))

    def _floor(self, seconds: float) -> float:
        first = ("--first", str(next(self.firsts)))
        load = ("--clients", str(self.clients), "--seconds", str(seconds))
        size = ("--size", str(self.size), *(("--merged",) if self.merged else ()))
        done = subprocess.run(
            [sys.executable, "-m", "bench.streams_floor", *first, *load, *size],
            env=os.environ | self.site.floor_env, cwd=ROOT, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        told = orjson.loads(done.stdout)
        return float(told["points"] / told["seconds"])

    def _hub(self, supply: Supply, seconds: float) -> float:
        requests = supply.requests(int(RATE_MAX * seconds * BATCH / self.size))
        with connected(self.site.hub, self.clients) as connections:
            measured = drive(connections, requests, seconds, wanted=201)
        if measured.failures:
            raise SystemExit(f"{measured.failures} arrays failed")
        if (sent := len(measured.latencies)) > len(requests):
            raise SystemExit(f"{sent} arrays were sent, and {len(requests)} were ready")
        return measured.rate * self.size


def _singles(site: Site, opening: Door, rounds: int, seconds: float) -> Line:
    streams = [opening.make() for _ in range(SPREAD)]
    starts = itertools.count(START_S)
    bare = [request_bytes("PUT", "/", orjson.dumps({"t": START_S, "v": 20.25}))]

    def rate(target: Target, requests: list[bytes], length: float) -> float:
        with connected(target, CONNECTIONS) as connections:
            measured = drive(connections, requests, length, wanted=201)
        if measured.failures:
            raise SystemExit(f"{measured.failures} datapoints failed")
        return measured.rate

    def hub(length: float = seconds) -> float:
        requests = []
        for _ in range(int(SINGLE_RATE_MAX * length) // SPREAD + 1):
            body = orjson.dumps({"t": next(starts), "v": 20.25})
            requests += [opening.put(stream, body) for stream in streams]
        return rate(site.hub, requests, length)

    hub(1.0)
    rate(site.floor, bare, 1.0)
    pairs = in_turns(rounds, lambda: rate(site.floor, bare, seconds), hub)
    return Line(
        what=f"append one at a time, {CONNECTIONS} connections",
        unit="req/s",
        hub=[h for _, h in pairs],
        floor=[f for f, _ in pairs],
    )


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--seconds", default=3.0, show_default=True, help="Length of a round.")
def main(rounds: int, seconds: float) -> None:
    """Appends over HTTP: the hub against plain upserts, and against a bare view."""
    with opened() as site:
        show(measure(site, rounds=rounds, seconds=seconds))


if __name__ == "__main__":
    main()
