"""Many datapoints of one document are one merge for the server: the same as a name at a time."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pymongo import UpdateOne
from pymongo.database import Database

from hub.series.buckets import Bucket
from hub.series.selection import Selection
from hub.services import Services
from hub.store.streams.point_documents import MANY, Change, key_of, merge_of, setting, update_of
from hub.values import Late, Stream
from tests.streams import Streams

START = 1_600_000_000
BUCKET = Bucket(1, 600_000, 0)
VALUES: tuple[Any, ...] = (
    0,
    1,
    -0.0,
    2.5,
    2**40,
    None,
    True,
    "$v",
    "a.b",
    [],
    {"$x": 1, "a.b": {"$c": [1]}},
)


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


def every(streams: Streams, stream: Stream) -> list[Any]:
    found = streams.services.streams.of(stream.id)
    return [p["v"] for p in streams.services.readings.read(found, Selection(limit=9_000)).points]


def typed(value: Any) -> Any:
    """A value that equals another one only of the same type, whatever the order of names."""
    if isinstance(value, dict):
        return {name: typed(inner) for name, inner in value.items()}
    return type(value), repr(value)


def change(rng: random.Random) -> Change:
    offsets = rng.sample(range(30), rng.randint(1, 6))
    names = [f"{offset}-1" if rng.random() < 0.2 else str(offset) for offset in offsets]
    held = {name: rng.choice(VALUES) for name in names}
    by = rng.choice([b"", rng.randbytes(2)])
    return Change(BUCKET, held, min(offsets), max(offsets), by=by)


@pytest.mark.parametrize("seed", range(5))
def test_a_merge_leaves_the_document_that_single_names_leave(
    database: Database[Any], seed: int
) -> None:
    rng, key = random.Random(seed), {"_id": key_of(BUCKET)}
    plain, merged = database[f"plain_{seed}"], database[f"merged_{seed}"]
    for _ in range(40):
        one = change(rng)
        plain.update_one(key, update_of(one), upsert=True)
        merged.update_one(key, merge_of(one), upsert=True)
        assert typed(merged.find_one(key)) == typed(plain.find_one(key))


@pytest.mark.parametrize(
    ("count", "more", "merges"),
    [
        (MANY, {}, True),
        (MANY, {"fresh": True, "by": b"one"}, True),
        (MANY - 1, {}, False),
        (MANY, {"sure": True}, False),
        (MANY, {"uncertain": ("0",)}, False),
    ],
)
def test_only_many_values_of_which_nothing_else_is_said_are_merged(
    count: int, more: dict[str, Any], merges: bool
) -> None:
    one = Change(BUCKET, {str(n): n for n in range(count)}, 0, count - 1, **more)
    update = merge_of(one) if merges else update_of(one)
    found = setting(one)
    assert found == UpdateOne(found._filter, update, upsert=True)


@pytest.mark.parametrize(
    ("late", "held"),
    [
        ("keep", [*range(100), *(v for n in range(100) for v in (100 + n, n)), *range(100, 200)]),
        ("replace", [*range(100), *range(200)]),
    ],
)
def test_arrays_that_overlap_follow_the_policy(
    streams: Streams, late: Late, held: list[int]
) -> None:
    stream = streams.new(late=late, widths=((0, 3_600_000),))
    streams.append(stream, [(START + n, n) for n in range(200)])
    streams.append(stream, [(START + 100 + n, n) for n in range(200)])
    assert every(streams, stream) == held


def test_an_array_of_large_values_gets_narrower_documents(streams: Streams) -> None:
    stream = streams.new(value_type="nominal", value_downsamplers=("count",), late="replace")
    large = "x" * 75_000
    for first in (0, 120):
        found = streams.services.streams.of(stream.id)
        streams.append(found, [(START + first + n, f"{first + n}{large}") for n in range(120)])
    assert [int(value.rstrip("x")) for value in every(streams, stream)] == [*range(240)]
    assert len(streams.services.streams.of(stream.id).widths) > 1
