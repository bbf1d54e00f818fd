"""Values of very many data streams at once: in order of time and newest first, against lists."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from hub.series.grid import AFTER_ALL, BEFORE_ALL
from hub.services import Services
from hub.services.records import latest as newest
from hub.services.records import sweeping
from hub.services.records.latest import latest
from hub.services.records.stretches import Stretch
from hub.services.records.sweeping import swept
from hub.settings import Settings
from hub.store.streams.sweep import Sweep
from hub.values import Stream
from tests.commands import Commands
from tests.streams import Streams

START = 1_600_000_000_000
DAY = 86_400_000
WIDTHS = (
    ((0, 10_000),),
    ((0, 60_000),),
    ((0, 600_000), (START + 100_000, 10_000)),
    ((0, 10 * DAY),),
    ((0, 1_000), (START + 50_000, DAY)),
)
Row = tuple[int, int, int, Any]
"""Time, stream, sequence and value."""


class Many:
    """Streams of all kinds, and what is in them in order of time."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self.sweep = Sweep(streams.mongo)
        self.known: list[Stream] = []
        self.rows: list[Row] = []

    def add(self, raw: list[tuple[int, Any]], **changes: Any) -> Stream:
        """A stream with these datapoints, ascending in time."""
        stream = self.streams.new(**changes)
        self.streams.append(stream, [(at / 1000, value) for at, value in raw])
        counts: dict[int, int] = {}
        for at, value in raw:
            self.rows.append((at, stream.id, counts.get(at, 0), value))
            counts[at] = counts.get(at, 0) + 1
        self.rows.sort(key=lambda row: row[:3])
        self.known.append(self.streams.services.streams.of(stream.id))
        return self.known[-1]

    def swept(self, lo: int, hi: int, limit: int | None = None) -> list[Row]:
        found = list(swept(self.sweep, self.known, lo, hi, limit))
        return [row for stretch in found for row in rows_of(stretch)]

    def latest(self, limit: int) -> list[Row] | None:
        found = latest(self.sweep, self.known, limit)
        if found is None:
            return None
        return [(one.at, one.stream, one.sequence, one.value) for one in found]


def rows_of(stretch: Stretch) -> Iterator[Row]:
    columns = (stretch.at.tolist(), stretch.streams.tolist(), stretch.sequence, stretch.values)
    return zip(*columns, strict=True)


def some(rng: random.Random) -> list[tuple[int, Any]]:
    """Several of one instant, nulls, gaps of years."""
    at, raw = START + rng.randrange(200_000), list[tuple[int, Any]]()
    for number in range(rng.randrange(120)):
        raw.append((at, rng.choice([number, number / 4, None])))
        at += rng.choice([0, 0, 1, 999, 1_000, 1_000, 7_000, 60_000])
        at += rng.choice([DAY, 400 * DAY]) if rng.random() < 0.02 else 0
    return raw


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


@pytest.fixture(scope="module")
def many(streams: Streams) -> Many:
    rng, made = random.Random(8), Many(streams)
    for number in range(40):
        made.add(some(rng), widths=WIDTHS[number % len(WIDTHS)])
    return made


@pytest.fixture(params=[100, 30_000])
def slices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many values in a slice."""
    monkeypatch.setattr(sweeping, "LEAST", request.param)
    monkeypatch.setattr(sweeping, "EACH", 0)


@pytest.mark.usefixtures("slices")
def test_all_values_come_in_order_of_time(many: Many) -> None:
    assert many.swept(BEFORE_ALL, AFTER_ALL) == many.rows


@pytest.mark.usefixtures("slices")
def test_a_range_holds_what_lies_in_it(many: Many) -> None:
    rng = random.Random(4)
    for _ in range(6):
        lo, hi = sorted((rng.choice(many.rows)[0], rng.choice(many.rows)[0] + rng.randint(0, 1)))
        assert many.swept(lo, hi) == [row for row in many.rows if lo <= row[0] < hi]


@pytest.mark.parametrize("limit", [1, 100, 2_000])
def test_at_least_as_many_as_are_wanted_are_found(many: Many, limit: int) -> None:
    assert many.swept(START, AFTER_ALL, limit)[:limit] == many.rows[:limit]


def test_nothing_lies_before_and_behind_all(many: Many) -> None:
    assert many.swept(BEFORE_ALL, START - 20 * DAY) == []
    assert many.swept(many.rows[-1][0] + 1, AFTER_ALL) == []


def test_a_stretch_goes_on_behind_any_of_its_places(many: Many) -> None:
    stretch = max(swept(many.sweep, many.known, START, START + 300_000, None), key=len)
    rows = list(rows_of(stretch))
    assert len(rows) > 50
    for number, (at, stream, sequence, _) in enumerate(rows):
        assert list(rows_of(stretch.after((at, stream, sequence)))) == rows[number + 1 :]


def test_more_values_than_a_document_should_hold_are_read_in_parts(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first guess at a slice is far too long then."""
    monkeypatch.setattr(sweeping, "LEAST", 500)
    dense = Many(streams)
    for shift in range(2):
        dense.add([(START + shift + n * 2, n) for n in range(4_000)], widths=((0, DAY),))
    assert dense.swept(BEFORE_ALL, AFTER_ALL) == dense.rows


@pytest.mark.parametrize("limit", [1, 2, 30, 500, 10_000])
def test_the_newest_come_first(many: Many, limit: int) -> None:
    assert many.latest(limit) == many.rows[::-1][:limit]


def test_a_document_whose_newest_went_hides_no_other(streams: Streams) -> None:
    """Its outermost time may be later than all that is left in it."""
    two = Many(streams)
    first = two.add([(START + n * 1_000, n) for n in range(9)], widths=((0, 10_000),))
    two.add([(START - 50_000, 1)], widths=((0, 10_000),))
    streams.mongo.db["values"].update_one(
        {"_id.s": first.id}, {"$unset": {f"v.{n}000": "" for n in range(1, 9)}}
    )
    wanted = [two.rows[1], two.rows[0]]
    assert two.latest(2) in (wanted, None)
    assert two.latest(1) in (wanted[:1], None)


def test_much_that_is_newer_elsewhere_is_not_looked_through(
    many: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest, "LOOKS", 0)
    monkeypatch.setattr(newest, "LOOKS_EACH", 1)
    later = Many(many.streams)
    later.add([(START + 5_000 * DAY + n * 10_000, n) for n in range(60)], widths=2 * WIDTHS[0])
    assert many.latest(5) is None


def test_how_many_streams_there_are_is_no_number_of_commands(
    streams: Streams, settings: Settings
) -> None:
    heard, wide = Commands(), Many(streams)
    for number in range(150):
        wide.add([(START + number, number)], widths=((0, 60_000),))
    client: MongoClient[Any]
    with MongoClient(settings.mongo_uri, tz_aware=True, event_listeners=[heard]) as client:
        wide.sweep = Sweep(Streams(streams.services, client[settings.mongo_db]).mongo)
        assert wide.latest(5) == wide.rows[::-1][:5]
        assert heard.names.count("find") <= 2
        assert wide.swept(START, START + 60_000) == wide.rows
        assert heard.names.count("find") <= 8
