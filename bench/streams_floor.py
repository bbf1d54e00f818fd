"""The floor under appends: the same documents set by plain upserts, from a plain script.

Nothing is checked, nothing is parsed, nothing is looked up; each process has its updates ready and
only changes the documents that they go to. They set each name; with ``--merged`` they merge maps as
the hub does (docs/decisions/025-merging-maps.md). Started by ``bench.streams_append``.
"""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from itertools import count
from typing import Any

import click
import numpy as np
import orjson
from pymongo import IndexModel, UpdateOne
from pymongo.database import Database

from bench.floor_script import BATCH, collection, settle
from bench.streams_store import each_second, readings
from hub.series import buckets
from hub.series.widths import first_width
from hub.store.schema import COLLECTIONS, ZSTD
from hub.store.streams.point_documents import Change, merge_of, update_of

FLOOR = "floor_values"
STREAMS = 20
WIDTH_MS = first_width(1.0, "seconds")


def make_floor(db: Database[dict[str, Any]]) -> None:
    """An empty collection with the indexes and the compression of the hub's datapoints."""
    db.drop_collection(FLOOR)
    db.create_collection(FLOOR, storageEngine={"wiredTiger": {"configString": ZSTD}})
    indexes: list[IndexModel] = [i for c in COLLECTIONS if c.name == "values" for i in c.indexes]
    db[FLOOR].create_indexes(indexes)


Update = dict[str, Any] | list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one batch does to one document; ``start`` of the first cycle, ms."""

    start: int
    update: Update


def cycle(size: int) -> int:
    """After so many batches their times fall into the documents in the same way again."""
    return int(np.lcm(size * 1000, WIDTH_MS)) // (size * 1000)


def patterns(size: int, *, merged: bool = False) -> list[list[Prepared]]:
    """The batches of one cycle, as updates of documents."""
    times = each_second(cycle(size) * size)
    values = readings(times)
    return [
        _prepared(times[first : first + size], values[first : first + size], merged=merged)
        for first in range(0, len(times), size)
    ]


def _prepared(times: Any, values: list[float], *, merged: bool) -> list[Prepared]:
    made = []
    for bucket, chosen in buckets.split(0, ((0, WIDTH_MS),), times):
        offsets = (times[chosen] - bucket.start).tolist()
        held = dict(zip(map(str, offsets), values[chosen], strict=True))
        change = Change(bucket, held, int(times[chosen.start]), int(times[chosen.stop - 1]))
        made.append(Prepared(bucket.start, merge_of(change) if merged else update_of(change)))
    return made


@click.command()
@click.option("--clients", default=1, show_default=True)
@click.option("--seconds", default=3.0, show_default=True)
@click.option("--first", default=1, show_default=True, help="The first stream's number.")
@click.option("--size", default=BATCH, show_default=True, help="Datapoints of a batch.")
@click.option("--merged", is_flag=True, help="Merge maps instead of setting each name.")
def main(clients: int, seconds: float, first: int, size: int, merged: bool) -> None:
    """Set batches of datapoints with ``bulk_write``, one process a client; print what was done."""
    starts = multiprocessing.get_context("spawn")
    gate, told = starts.Barrier(clients), starts.SimpleQueue()
    writers = [
        starts.Process(target=_write, args=(gate, told, Load(seconds, own, size, merged)))
        for own in range(first, first + clients * STREAMS, STREAMS)
    ]
    for writer in writers:
        writer.start()
    counts = [told.get() for _ in writers]
    for writer in writers:
        writer.join()
    points, taken = sum(stored for stored, _ in counts), max(taken for _, taken in counts)
    click.echo(orjson.dumps({"points": points, "seconds": taken}))


@dataclass(frozen=True, slots=True)
class Load:
    """What one client does: for how long, from which stream on, batches of which size and form."""

    seconds: float
    first: int
    size: int
    merged: bool


def _write(gate: Any, told: Any, load: Load) -> None:
    """One client with streams of its own, in turns."""
    settle()
    values, prepared = collection(FLOOR), patterns(load.size, merged=load.merged)
    values.find_one({})
    gate.wait(60)
    stored = 0
    begun = now = time.perf_counter()
    for number in count():
        if now >= begun + load.seconds:
            break
        turn, stream = divmod(number, STREAMS)
        cycles, batch = divmod(turn, len(prepared))
        later = cycles * len(prepared) * load.size * 1000
        values.bulk_write(
            [
                UpdateOne(
                    {"_id": {"s": load.first + stream, "w": WIDTH_MS, "h": one.start + later}},
                    one.update,
                    upsert=True,
                )
                for one in prepared[batch]
            ],
            ordered=False,
        )
        stored, now = stored + load.size, time.perf_counter()
    told.put((stored, now - begun))


if __name__ == "__main__":
    main()
