"""Reads of a long stream over HTTP, beside the same reads of short ones.

Usage: python -m bench.streams_read [--days 365] [--rounds 5] [--requests 10]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import click
import numpy as np

from bench.ratios import Line, show
from bench.site import Site, opened
from bench.streams_hub import Door, clear, door, resting, settle, side_by_side
from bench.streams_store import START_S, Store, each_second, over
from hub.series.parts import IntArray
from hub.store.client import connect
from hub.values import Stream

DAY_S = 86_400
TARGET = 2.0
UNSEEN_POINTS = 5_000
LATE_POINTS = 20


@dataclass(frozen=True, slots=True)
class Read:
    """A read of the long stream and its like: the stream and the query of each."""

    what: str
    long: tuple[Stream, str]
    short: tuple[Stream, str]
    target: float | None = TARGET


@dataclass(frozen=True, slots=True)
class Streams:
    """One datapoint a second for many days and for one; one a day and one an hour for as long."""

    long: Stream
    day: Stream
    daily: Stream
    hourly: Stream
    points: int


def measure(site: Site, *, days: int = 365, rounds: int = 5, requests: int = 10) -> list[Line]:
    """Latencies of the reads, with everything downsampled, then with changes unseen."""
    opening = door(site)
    mongo = connect(site.uri, site.db.name)
    try:
        stores = over(mongo)
        streams = _filled(stores, days)
        settle(site)
        lines = [_line(opening, read, rounds, requests) for read in _reads(streams, days)]
        with resting(site):
            _disturb(stores, streams)
            lines += [_line(opening, read, rounds, requests) for read in _unseen(streams, days)]
        settle(site)
        clear(site)
    finally:
        mongo.close()
    return lines


def _filled(stores: Store, days: int) -> Streams:
    """The streams with their datapoints, stored as the hub does; its worker downsamples them."""
    every_day, every_hour = _steps(days, DAY_S), _steps(24 * days, 3_600)
    return Streams(
        long=_with(stores, each_second(days * DAY_S), 1.0),
        day=_with(stores, each_second(DAY_S), 1.0),
        daily=_with(stores, every_day, DAY_S),
        hourly=_with(stores, every_hour, 3_600),
        points=days * DAY_S,
    )


def _steps(count: int, seconds: int) -> IntArray:
    times: IntArray = (START_S + np.arange(count, dtype=np.int64) * seconds) * 1000
    return times


def _with(stores: Store, at_ms: IntArray, interval_s: float) -> Stream:
    stream = stores.add(interval_s)
    stores.put(stream, at_ms)
    return stream


def _reads(streams: Streams, days: int) -> Sequence[Read]:
    long, day = streams.long, streams.day
    deep = streams.points * 2 // 3
    hours, tens = 24 * (days - 1), 8_640 * (days // 2)
    return (
        Read("hours, the first 23 : of a day", (long, "g=h&limit=23"), (day, "g=h&limit=23")),
        Read(
            f"hours, 23 at {hours:,} : of a day",
            (long, f"g=h&limit=23&offset={hours}"),
            (day, "g=h&limit=23"),
        ),
        Read("days, the first : of a day", (long, "g=d&limit=1"), (day, "g=d&partial=true")),
        Read(
            f"days, all {days - 1} : of one point a day",
            (long, "g=d&limit=10000"),
            (streams.daily, "g=d&limit=10000"),
        ),
        Read(
            f"hours, all {24 * days - 1:,} : of one point an hour",
            (long, "g=h&limit=10000"),
            (streams.hourly, "g=h&limit=10000"),
        ),
        Read("10seconds, 100 : of a day", (long, "g=S"), (day, "g=S")),
        Read(f"10seconds, 100 at {tens:,} : of a day", (long, f"g=S&offset={tens}"), (day, "g=S")),
        Read("raw, the first 100 : of a day", (long, ""), (day, "")),
        Read(f"raw, 100 at {deep:,} : the first", (long, f"offset={deep}"), (long, ""), None),
        Read("raw, the last 100 : the first", (long, "r=t"), (long, ""), None),
    )


def _unseen(streams: Streams, days: int) -> Sequence[Read]:
    """The same reads of the changed stream, beside the one where nothing is unseen."""
    return tuple(
        replace(read, what=f"unseen changes: {read.what}", target=None)
        for read in _reads(streams, days)
    )


def _disturb(stores: Store, streams: Streams) -> None:
    """Datapoints at the end and late ones all over, which the worker does not see."""
    end = START_S * 1000 + streams.points * 1000
    stores.put(streams.long, end + 1000 * np.arange(UNSEEN_POINTS, dtype=np.int64))
    chance = np.random.default_rng(1)
    for at in chance.integers(START_S * 1000, end, LATE_POINTS).tolist():
        stores.put(streams.long, np.array([at], np.int64))


def _line(opening: Door, read: Read, rounds: int, requests: int) -> Line:
    hub, floor = (
        opening.get(f"/api/v1/stream/{stream.uuid}/", query)
        for stream, query in (read.long, read.short)
    )
    pairs = side_by_side(opening.site, floor, hub, rounds, requests)
    return Line(
        what=read.what,
        unit="ms",
        hub=[h for _, h in pairs],
        floor=[f for f, _ in pairs],
        target=read.target,
        at_most=True,
    )


@click.command()
@click.option("--days", default=365, show_default=True, help="Of one datapoint a second.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--requests", default=10, show_default=True, help="Of each read in a round.")
def main(days: int, rounds: int, requests: int) -> None:
    """Reads of a year of data, against the same reads of a day."""
    with opened() as site:
        show(measure(site, days=days, rounds=rounds, requests=requests))


if __name__ == "__main__":
    main()
