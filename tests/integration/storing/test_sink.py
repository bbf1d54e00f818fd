"""Readings through the sink into streams: thinned, stored once, refused, dropped, held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from hub.series.records import Record
from hub.services import Services
from hub.services.devices.readings import Sink
from hub.values import Place, Stream
from tests.integration.storing import places
from tests.integration.storing.places import settled, stored, taken
from tests.live import wait_until
from tests.streams import Streams

START = 1_700_000_000_000
WIDE, NARROW = ((0, 3_600_000),), ((0, 60_000),)


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


@pytest.fixture
def sink(streams: Streams, tmp_path: Path) -> Iterator[Sink]:
    with places.sink(streams, tmp_path / "polled") as opened:
        yield opened


def polled(streams: Streams, widths: Any = NARROW, **place: Any) -> Stream:
    """A data stream of a device."""
    return streams.new(late="replace", widths=widths, place=Place(device=1, **place))


def one(streams: Streams, stream: Stream, at: int) -> Record:
    return streams.services.values.records.one(stream, at, 0)


def test_what_is_offered_is_stored(streams: Streams, sink: Sink) -> None:
    first, second = polled(streams), polled(streams)
    rows = [(START + 1_000 * n, n / 4) for n in range(200)]
    for at, value in rows:
        sink.offer([*taken(first, (at, value)), *taken(second, (at + 1, -value))])
    settled(sink)
    assert stored(streams, first) == rows
    assert stored(streams, second) == [(at + 1, -value) for at, value in rows]
    assert sink.counts().stored == 400


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, 1),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**64 - 1, float(2**64 - 1)),
        (0.1, 0.1),
        (5e-324, 5e-324),
    ],
)
def test_values_keep_their_digits(
    streams: Streams, sink: Sink, value: float, kept: int | float
) -> None:
    stream = polled(streams)
    sink.offer(taken(stream, (START, value)))
    settled(sink)
    assert stored(streams, stream) == [(START, kept)]
    assert isinstance(stored(streams, stream)[0][1], type(kept))


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (START, float("nan")),
        (START, float("inf")),
        (-1, 1.0),
        (2**31 * 1_000, 1.0),
        (START, "a text"),
        (START, None),
    ],
)
def test_what_is_no_number_or_of_no_time_is_refused_and_the_others_are_stored(
    streams: Streams, sink: Sink, at: int, value: Any
) -> None:
    stream = polled(streams)
    sink.offer(taken(stream, (START - 1, 1.0), (at, value), (START + 1, 2.0)))
    settled(sink)
    assert stored(streams, stream) == [(START - 1, 1.0), (START + 1, 2.0)]
    assert sink.counts().refused == 1


def test_a_deadband_thins_out_over_many_flushes(streams: Streams, sink: Sink) -> None:
    stream = polled(streams, deadband=1, heartbeat_s=10)
    for at, value in [(0, 5), (1, 5.75), (2, 6.25), (3, 5.5), (9, 7), (12, 7), (13, 8), (14, 9)]:
        sink.offer(taken(stream, (START + at * 1_000, value)))
        settled(sink)
    kept = [(at - START) // 1_000 for at, _ in stored(streams, stream)]
    assert kept == [0, 2, 12, 14]


def test_what_is_thinned_out_is_not_refused(streams: Streams, sink: Sink) -> None:
    stream = polled(streams, on_change=True)
    sink.offer(taken(stream, *[(START + n, 1.0) for n in range(5)]))
    settled(sink)
    assert stored(streams, stream) == [(START, 1.0)]
    assert (sink.counts().stored, sink.counts().refused) == (1, 0)


def test_the_same_instant_again_is_one_value(streams: Streams, sink: Sink) -> None:
    stream = polled(streams)
    sink.offer(taken(stream, (START, 1.0), (START, 2.0), (START, 3.0)))
    settled(sink)
    sink.offer(taken(stream, (START, 4.0)))
    settled(sink)
    assert stored(streams, stream) == [(START, 4.0)]


def test_one_value_an_instant_also_where_the_stream_keeps_several(
    streams: Streams, sink: Sink
) -> None:
    stream = replace(polled(streams), late="keep")
    sink.offer(taken(stream, (START, 1.0)))
    settled(sink)
    sink.offer(taken(stream, (START, 2.0)))
    settled(sink)
    assert stored(streams, stream) == [(START, 2.0)]


def test_values_far_apart_and_out_of_order_find_their_documents(
    streams: Streams, sink: Sink
) -> None:
    stream = polled(streams)
    rows = [(START + shift, float(shift)) for shift in (0, 10**9, 5, 10**7, 10**9 + 1, 61_000, 1)]
    sink.offer(taken(stream, *rows))
    settled(sink)
    assert stored(streams, stream) == sorted(rows)


def test_a_width_that_changed_meanwhile_hides_no_value(streams: Streams, sink: Sink) -> None:
    stream = polled(streams, WIDE)
    sink.offer(taken(stream, (START, 1.0)))
    settled(sink)
    streams.services.streams.of(stream.id)
    streams._store.set_widths(stream.id, [*WIDE, (START + 1_000, 60_000)])
    rows = [(START + n * 1_800_000, float(n)) for n in range(1, 5)]
    for row in rows:
        sink.offer(taken(stream, row))
        settled(sink)
    assert stored(streams, stream) == [(START, 1.0), *rows]
    widths = {row["_id"]["w"] for row in streams.mongo.db["values"].find({"_id.s": stream.id})}
    assert widths == {3_600_000, 60_000}


def test_what_was_polled_is_carried_up(streams: Streams, sink: Sink) -> None:
    stream = polled(streams)
    sink.offer(taken(stream, *[(START + n * 1_000, float(n)) for n in range(120)]))
    settled(sink)
    streams.downsample()
    levels = streams.mongo.db["rollup_minutes"].find({"_id.s": stream.id})
    assert sum(row[0] for chunk in levels for row in chunk["b"].values()) == 120


def test_a_stream_that_is_gone_takes_nothing(streams: Streams, sink: Sink) -> None:
    gone, there = polled(streams), polled(streams)
    streams.mongo.db["streams"].update_one({"_id": gone.id}, {"$set": {"deleted": now()}})
    sink.offer([*taken(gone, (START, 1.0)), *taken(there, (START, 1.0))])
    settled(sink)
    assert stored(streams, there) == [(START, 1.0)]
    assert streams.mongo.db["values"].count_documents({"_id.s": gone.id}) == 0
    assert sink.counts().refused == 1


def test_while_it_is_held_everything_waits_on_disk(
    streams: Streams, sink: Sink, tmp_path: Path
) -> None:
    stream = polled(streams)
    sink.hold()
    rows = [(START + n, float(n)) for n in range(10)]
    for row in rows:
        sink.offer(taken(stream, row))
    wait_until(lambda: bool(list((tmp_path / "polled").glob("*.sqlite"))), "it is on disk")
    assert stored(streams, stream) == []
    wait_until(lambda: sink.counts().waiting == 10, "all of it")
    sink.release()
    settled(sink)
    assert stored(streams, stream) == rows


def test_what_is_dropped_is_not_stored_and_what_comes_later_is(
    streams: Streams, sink: Sink
) -> None:
    own, other = polled(streams), polled(streams)
    sink.hold()
    for at in (0, 10, 20):
        sink.offer(taken(own, (START + at, 1.0 + at), device=7))
        sink.offer(taken(other, (START + at, 1.0 + at), device=8))
        wait_until(lambda: not sink._offered, "it was taken over")
    sink.drop(7, START + 10)
    sink.offer(taken(own, (START + 30, 5.0), device=7))
    sink.release()
    settled(sink)
    assert [at - START for at, _ in stored(streams, own)] == [0, 30]
    assert [at - START for at, _ in stored(streams, other)] == [0, 10, 20]


def test_what_is_dropped_while_it_catches_up_is_not_stored(
    streams: Streams, tmp_path: Path
) -> None:
    """Held and released while it is at a portion: that one is stored, of 60."""
    stream, storing = polled(streams), places.storing(streams)
    with places.sink(streams, tmp_path, storing, together=1) as sink:
        sink.hold()
        for n in range(60):
            sink.offer(taken(stream, (START + n, 1.0), device=7))
            wait_until(lambda: not sink._offered, "it was taken over")
        storing.gate.clear()
        sink.release()
        wait_until(storing.met.is_set, "it catches up")
        sink.hold()
        sink.drop(7, START)
        sink.release()
        storing.gate.set()
        settled(sink)
        assert sink.counts().stored == 1
    assert stored(streams, stream) == [(START, 1.0)]


def test_after_a_drop_the_next_value_is_stored_though_it_is_the_same(
    streams: Streams, sink: Sink
) -> None:
    stream = polled(streams, on_change=True)
    sink.hold()
    sink.offer(taken(stream, (START, 1.0), device=7))
    sink.drop(7, START)
    sink.offer(taken(stream, (START + 5, 1.0), device=7))
    sink.release()
    settled(sink)
    assert stored(streams, stream) == [(START + 5, 1.0)]


def test_closing_stores_what_there_is(streams: Streams, tmp_path: Path) -> None:
    stream = polled(streams)
    with places.sink(streams, tmp_path, flush_s=3_600.0) as sink:
        sink.offer(taken(stream, (START, 1.0)))
    assert stored(streams, stream) == [(START, 1.0)]


def test_what_waited_when_it_was_closed_is_stored_by_the_next(
    streams: Streams, tmp_path: Path
) -> None:
    stream = polled(streams)
    with places.sink(streams, tmp_path) as sink:
        sink.hold()
        sink.offer(taken(stream, (START, 1.0)))
    assert stored(streams, stream) == []
    with places.sink(streams, tmp_path):
        wait_until(lambda: stored(streams, stream) == [(START, 1.0)], "it is stored")
    assert list(tmp_path.iterdir()) == []


def test_what_overflowed_is_told_once(streams: Streams, tmp_path: Path) -> None:
    stream = polled(streams)
    before = len(places.logs(streams))
    with places.sink(streams, tmp_path, backlog_bytes_max=2_000) as sink:
        sink.hold()
        for n in range(100):
            sink.offer(taken(stream, *[(START + n * 100 + k, float(k)) for k in range(50)]))
            wait_until(lambda: not sink._offered, "it was taken over")
        wait_until(lambda: sink.counts().overflowed > 0, "there is no room")
        sink.release()
        settled(sink)
        wait_until(lambda: len(places.logs(streams)) == before + 1, "it is told")
        sink.offer(taken(stream, (START + 10**6, 1.0)))
        settled(sink)
        lost = sink.counts().overflowed
    told = places.logs(streams)[before:]
    assert [(one["device"], one["data"]) for one in told] == [
        (None, {"overflowed": lost, "refused": 0})
    ]
    kept = stored(streams, stream)
    assert len(kept) == 5_001 - lost
    assert kept[-2] == (START + 9_949, 49.0)


def now() -> datetime:
    return datetime.now(UTC)
