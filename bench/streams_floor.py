"""The floor under appends: the same documents set by the same upserts, from a plain script.

Nothing is checked, nothing is parsed, nothing is looked up; each process has its updates ready and
only changes the documents that they go to. Started by ``bench.streams_append``.
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

FLOOR = "floor_values"
STREAMS = 20
WIDTH_MS = first_width(1.0, "seconds")


def make_floor(db: Database[dict[str, Any]]) -> None:
    """An empty collection with the indexes and the compression of the hub's datapoints."""
    db.drop_collection(FLOOR)
    db.create_collection(FLOOR, storageEngine={"wiredTiger": {"configString": ZSTD}})
    indexes: list[IndexModel] = [i for c in COLLECTIONS if c.name == "values" for i in c.indexes]
    db[FLOOR].create_indexes(indexes)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one batch does to one document; ``start`` of the first cycle, ms."""

    start: int
    update: dict[str, Any]


def cycle(size: int) -> int:
    """After so many batches their times fall into the documents in the same way again."""
    return int(np.lcm(size * 1000, WIDTH_MS)) // (size * 1000)


def patterns(size: int) -> list[list[Prepared]]:
    """The batches of one cycle, as updates of documents."""
    times = each_second(cycle(size) * size)
    values = readings(times)
    return [
        _prepared(times[first : first + size], values[first : first + size])
        for first in range(0, len(times), size)
    ]


def _prepared(times: Any, values: list[float]) -> list[Prepared]:
    made = []
    for bucket, chosen in buckets.split(0, ((0, WIDTH_MS),), times):
        offsets = (times[chosen] - bucket.start).tolist()
        held = {f"v.{o}": v for o, v in zip(offsets, values[chosen], strict=True)}
        low, high = offsets[0], offsets[-1]
        update = {
            "$set": {**held, "d": True},
            "$inc": {"r": 1},
            "$min": {"lo": low, "a": low},
            "$max": {"hi": high, "z": high},
        }
        made.append(Prepared(bucket.start, update))
    return made


@click.command()
@click.option("--clients", default=1, show_default=True)
@click.option("--seconds", default=3.0, show_default=True)
@click.option("--first", default=1, show_default=True, help="The first stream's number.")
@click.option("--size", default=BATCH, show_default=True, help="Datapoints of a batch.")
def main(clients: int, seconds: float, first: int, size: int) -> None:
    """Set batches of datapoints with ``bulk_write``, one process a client; print what was done."""
    starts = multiprocessing.get_context("spawn")
    gate, told = starts.Barrier(clients), starts.SimpleQueue()
    writers = [
        starts.Process(target=_write, args=(gate, told, seconds, first + number * STREAMS, size))
        for number in range(clients)
    ]
    for writer in writers:
        writer.start()
    counts = [told.get() for _ in writers]
    for writer in writers:
        writer.join()
    points, taken = sum(stored for stored, _ in counts), max(taken for _, taken in counts)
    click.echo(orjson.dumps({"points": points, "seconds": taken}))


def _write(gate: Any, told: Any, seconds: float, first: int, size: int) -> None:
    """One client with streams of its own, in turns."""
    settle()
    values, prepared = collection(FLOOR), patterns(size)
    values.find_one({})
    gate.wait(60)
    stored = 0
    begun = now = time.perf_counter()
    for number in count():
        if now >= begun + seconds:
            break
        turn, stream = divmod(number, STREAMS)
        cycles, batch = divmod(turn, len(prepared))
        later = cycles * len(prepared) * size * 1000
        values.bulk_write(
            [
                UpdateOne(
                    {"_id": {"s": first + stream, "w": WIDTH_MS, "h": one.start + later}},
                    one.update,
                    upsert=True,
                )
                for one in prepared[batch]
            ],
            ordered=False,
        )
        stored, now = stored + size, time.perf_counter()
    told.put((stored, now - begun))


if __name__ == "__main__":
    main()
