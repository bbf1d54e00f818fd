"""Values through the plant API: written one by one and in batches, read by range and by the newest.

Usage: python -m bench.plant [--rounds 5] [--seconds 3] [--values 1000000] [--held 50000000]
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import click
import orjson
from pymongo import UpdateOne
from pymongo.write_concern import WriteConcern

from bench.load import Target, connected, download, drive, request_bytes
from bench.plant_door import EACH, START_MS, WIDTH_MS, door, fill
from bench.ratios import Line, in_turns, show
from bench.site import UNHINDERED, Site, opened
from bench.streams_floor import FLOOR, make_floor
from bench.streams_hub import clear, latency_ms, resting
from bench.streams_store import START_S
from hub.store.client import connect
from hub.store.streams.points import PointStore
from hub.store.streams.streams import Streams

CONNECTIONS = 32
SPREAD = 8 * CONNECTIONS
"""Data streams for single values: enough that no two under way are for one."""
SINGLE_RATE_MAX = 4_000
STREAMS, BATCH = 20, 1_000
BATCH_RATE_MAX = 200
"""Batches a second that are made ready."""
RANGE_TARGET, NEWEST_TARGET = 0.60, 1.5
HELD_STREAMS = 50
REQUESTS = 40
"""Of a round of latencies."""


def measure(
    site: Site,
    *,
    rounds: int = 5,
    seconds: float = 3.0,
    values: int = 1_000_000,
    held: int = 50_000_000,
) -> list[Line]:
    """Writes beside their floors, a range beside the store, the newest beside an empty system."""
    with resting(site):
        lines = [_singles(site, rounds, seconds), _batches(site, rounds, seconds)]
        clear(site)
        site.db.drop_collection(FLOOR)
        lines += _ranged(site, rounds, values)
        clear(site)
        lines += _newest(site, rounds, held)
        clear(site)
    return lines


def _singles(site: Site, rounds: int, seconds: float) -> Line:
    opening = door(site)
    streams = [opening.make() for _ in range(SPREAD)]
    starts = itertools.count(START_S)
    bare = [request_bytes("PUT", "/", orjson.dumps({"t": START_S, "v": 20.25}))]

    def hub() -> float:
        asking, found = door(site), list[bytes]()
        for _ in range(int(SINGLE_RATE_MAX * seconds) // SPREAD + 1):
            body = orjson.dumps({"timestamp": next(starts), "value": 20.25})
            found += [asking.post(f"data/{data}/value/", body) for data in streams]
        return _rate(site.hub, found, seconds, CONNECTIONS)

    hub()
    pairs = in_turns(rounds, lambda: _rate(site.floor, bare, seconds, CONNECTIONS), hub)
    what = f"values one at a time, {CONNECTIONS} connections"
    return _line(what, "req/s", pairs)


def _rate(target: Target, requests: list[bytes], seconds: float, count: int) -> float:
    with connected(target, count) as connections:
        measured = drive(connections, requests, seconds, wanted=201)
    if measured.failures:
        raise SystemExit(f"{measured.failures} writes failed")
    return measured.rate


def _batches(site: Site, rounds: int, seconds: float) -> Line:
    """Values of many data streams at once, beside the same upserts without a hub."""
    make_floor(site.db)
    opening, shifts = door(site), itertools.count(0, BATCH // STREAMS)
    streams = [opening.make() for _ in range(STREAMS)]

    def hub() -> float:
        asking = door(site)
        count = int(BATCH_RATE_MAX * seconds)
        found = [asking.post_many(_batch(streams, next(shifts))) for _ in range(count)]
        return BATCH * _rate(site.hub, found, seconds, 1)

    def floor() -> float:
        return _upserted(site, streams, shifts, seconds)

    hub()
    pairs = in_turns(rounds, floor, hub)
    return _line(f"batches of {BATCH:,} over {STREAMS} data streams, clients: 1", "values/s", pairs)


def _batch(streams: list[int], shift: int) -> bytes:
    times = range(START_S + shift, START_S + shift + BATCH // STREAMS)
    return orjson.dumps(
        [{"data": data, "timestamp": at, "value": at % 97 / 4} for data in streams for at in times]
    )


def _upserted(site: Site, streams: list[int], shifts: Iterator[int], seconds: float) -> float:
    """Values a second of ``bulk_write`` with updates that are ready."""
    place = site.db.get_collection(FLOOR, write_concern=WriteConcern(w="majority", j=True))
    count = int(2 * BATCH_RATE_MAX * seconds)
    ready = [_updates(streams, next(shifts)) for _ in range(count)]
    stored, begun = 0, time.perf_counter()
    for updates in ready:
        place.bulk_write(updates, ordered=False)
        stored += BATCH
        if time.perf_counter() > begun + seconds:
            break
    return stored / (time.perf_counter() - begun)


def _updates(streams: list[int], shift: int) -> list[UpdateOne]:
    by_start: dict[int, dict[str, Any]] = {}
    for at in range(START_S + shift, START_S + shift + BATCH // STREAMS):
        start = at * 1000 - at * 1000 % WIDTH_MS
        by_start.setdefault(start, {})[f"v.{at * 1000 - start}"] = at % 97 / 4
    return [
        UpdateOne(
            {"_id": {"s": data, "w": WIDTH_MS, "h": start}},
            {"$set": {**held, "d": True}, "$inc": {"r": 1}, "$min": {"lo": 0}, "$max": {"hi": 0}},
            upsert=True,
        )
        for data in streams
        for start, held in by_start.items()
    ]


def _ranged(site: Site, rounds: int, values: int) -> list[Line]:
    """All values of a data stream, beside what the hub's store gives by itself."""
    opening = door(site)
    data, documents = opening.make(), values // EACH
    fill(site, data, 0, documents)
    count = documents * EACH
    mongo = connect(site.uri, site.db.name)
    try:
        points, stream = PointStore(mongo), Streams(mongo).by_id(data)

        def store() -> float:
            begun = time.perf_counter()
            read = sum(map(len, points.between(stream, START_MS, 2**62)))
            if read != count:
                raise SystemExit(f"the store gave {read} values of {count}")
            return read / (time.perf_counter() - begun)

        lines = []
        for what, url in (
            ("of one data stream", f"data/{data}/value/?from=0"),
            ("with their ids", f"value/?data={data}&from=0"),
        ):
            asking = opening.get(url, Connection="close")
            pairs = in_turns(rounds, store, _downloading(site, asking, count))
            target = RANGE_TARGET if "ids" not in what else None
            lines.append(_line(f"a range of {count:,} values {what}", "values/s", pairs, target))
    finally:
        mongo.close()
    return lines


def _downloading(site: Site, asking: bytes, count: int) -> Callable[[], float]:
    return lambda: count / download(site.hub.port, asking)[0]


def _newest(site: Site, rounds: int, held: int) -> list[Line]:
    """The hundred newest before and after very many values are there."""
    opening = door(site)
    streams = [opening.make() for _ in range(HELD_STREAMS)]
    last = held // EACH // HELD_STREAMS
    for data in streams:
        fill(site, data, last, last + 1)
    asked = {
        "of one data stream": opening.get(f"data/{streams[7]}/value/?limit=100"),
        f"across {HELD_STREAMS} data streams": opening.get("value/?limit=100"),
    }
    before = {what: _latencies(site, one, rounds) for what, one in asked.items()}
    for data in streams:
        fill(site, data, 0, last)
    after = {what: _latencies(site, one, rounds) for what, one in asked.items()}
    return [
        Line(
            what=f"the newest 100 {what}, {held:,} values : {HELD_STREAMS * EACH:,}",
            unit="ms",
            hub=after[what],
            floor=before[what],
            target=NEWEST_TARGET,
            at_most=True,
        )
        for what in asked
    ]


def _latencies(site: Site, asking: bytes, rounds: int) -> list[float]:
    with connected(site.hub, 1) as (connection,):
        latency_ms(connection, asking, 20)
        return [latency_ms(connection, asking, REQUESTS) for _ in range(rounds)]


def _line(what: str, unit: str, pairs: list[Any], target: float | None = None) -> Line:
    floors, hubs = [floor for floor, _ in pairs], [hub for _, hub in pairs]
    return Line(what=what, unit=unit, hub=hubs, floor=floors, target=target)


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--seconds", default=3.0, show_default=True, help="Length of a round of writes.")
@click.option("--values", default=1_000_000, show_default=True, help="Of the range.")
@click.option("--held", default=50_000_000, show_default=True, help="Values beside the newest.")
def main(rounds: int, seconds: float, values: int, held: int) -> None:
    """The plant API: the hub beside a bare view, plain upserts, its own store, and itself empty."""
    with opened(**UNHINDERED) as site:
        show(measure(site, rounds=rounds, seconds=seconds, values=values, held=held))


if __name__ == "__main__":
    main()
