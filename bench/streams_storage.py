"""Bytes on disk: a raw datapoint, and each level, after a checkpoint.

Usage: python -m bench.streams_storage [--points 1000000]
"""

from __future__ import annotations

from typing import Any

import click

from bench.ratios import Line, show
from bench.site import Site, opened
from bench.streams_store import LEVELS, Store, each_second, store

STREAMS = 10
BATCH = 1_000
PLAIN_POINT = 16.0
"""A time and a value of eight bytes each."""
PLAIN_PART = 80.0
"""The ten figures of a bucket, eight bytes each."""


def measure(site: Site, *, points: int = 1_000_000) -> list[Line]:
    """One datapoint a second, two digits each, stored in arrays of 1,000."""
    with store(site.uri) as stores:
        for _ in range(STREAMS):
            stores.put(stores.add(), each_second(points // STREAMS), BATCH)
        stores.maintain()
        stores.mongo.client.admin.command("fsync")
        return _lines(stores, points)


def _lines(stores: Store, points: int) -> list[Line]:
    raw = _size(stores, "values")
    levels = {name: _size(stores, name) for name in LEVELS}
    lines = [
        _line(f"storage of {points:,} raw points : 16 B", "B/point", raw / points, PLAIN_POINT),
        _line(
            "storage of all levels : raw", "B/point", sum(levels.values()) / points, raw / points
        ),
    ]
    for name, size in levels.items():
        level = name.removeprefix("rollup_")
        parts = _parts(stores, name)
        lines += [
            _line(f"  {level} : raw", "B/point", size / points, raw / points),
            _line(f"  {level}, {parts:,} parts : 80 B", "B/part", size / parts, PLAIN_PART),
        ]
    return lines


def _line(what: str, unit: str, size: float, plain: float) -> Line:
    return Line(what=what, unit=unit, hub=[size], floor=[plain], at_most=True)


def _size(stores: Store, name: str) -> int:
    """Documents and indexes in the file system."""
    told: dict[str, Any] = stores.mongo.db.command("collStats", name)
    return int(told["storageSize"] + told["totalIndexSize"])


def _parts(stores: Store, name: str) -> int:
    sizes = {"$sum": {"$size": {"$objectToArray": "$b"}}}
    (told,) = stores.mongo.db[name].aggregate([{"$group": {"_id": None, "n": sizes}}])
    return int(told["n"])


@click.command()
@click.option("--points", default=1_000_000, show_default=True)
def main(points: int) -> None:
    """Bytes a datapoint and a level take on disk."""
    with opened() as site:
        show(measure(site, points=points))


if __name__ == "__main__":
    main()
