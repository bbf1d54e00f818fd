"""Raw documents follow a stream's rate, and nothing is out of sight when their width changes."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from hub.errors import TooLarge
from hub.series.selection import Selection
from hub.services import Services
from hub.values import Stream
from tests.streams import Streams

START = 1_600_000_000


@pytest.fixture(scope="module")
def streams(services: Services, database: Database) -> Streams:
    return Streams(services, database)


def now(streams: Streams, stream: Stream) -> Stream:
    return streams.services.streams.of(stream.id)


def widest(streams: Streams, stream: Stream) -> int:
    """The most datapoints that one document of a stream holds."""
    rows = streams.mongo.db["values"].find({"_id.s": stream.id})
    return max(len(row["v"]) for row in rows)


def every(streams: Streams, stream: Stream) -> list[Any]:
    read = streams.services.readings.read
    pages = [
        read(now(streams, stream), Selection(limit=10_000, offset=offset)).points
        for offset in range(0, 40_000, 10_000)
    ]
    return [point["v"] for page in pages for point in page]


def test_a_first_batch_tells_the_width(streams: Streams) -> None:
    stream = streams.new()
    streams.append(stream, [(START + n / 1000, n) for n in range(5_000)])
    assert now(streams, stream).widths == ((0, 3_600_000), (0, 1_000))
    assert widest(streams, stream) == 1_000
    assert every(streams, stream) == list(range(5_000))


def test_a_stream_that_becomes_fast_gets_narrow_documents(streams: Streams) -> None:
    stream = streams.new()
    streams.append(stream, [(START + n * 10, n) for n in range(30)])
    streams.append(now(streams, stream), [(START + 300 + n / 100, n) for n in range(5_000)])
    streams.downsample()
    assert len(now(streams, stream).widths) == 2
    streams.append(now(streams, stream), [(START + 350 + n / 100, n) for n in range(5_000)])
    streams.downsample()
    assert every(streams, stream) == [*range(30), *range(5_000), *range(5_000)]


def test_slow_batches_get_wide_documents(streams: Streams) -> None:
    stream = streams.new()
    streams.append(stream, [(START + n * 3_600, n) for n in range(1_000)])
    assert widest(streams, stream) >= 200
    assert every(streams, stream) == list(range(1_000))


def test_late_points_go_where_their_time_was_kept(streams: Streams) -> None:
    stream = streams.new(late="replace")
    streams.append(stream, [(START + n * 10, n) for n in range(30)])
    streams.append(now(streams, stream), [(START + 300 + n / 100, n) for n in range(5_000)])
    streams.downsample()
    streams.append(now(streams, stream), [(START + 10, -1), (START + 300, -2)])
    found = every(streams, stream)
    assert (found[1], found[30], len(found)) == (-1, -2, 5_030)


def test_a_stale_writer_s_points_are_seen(streams: Streams) -> None:
    stream = streams.new()
    streams.append(stream, [(START + n / 1000, n) for n in range(3_000)])
    streams.append(stream, [(START + 10, 99)])
    assert every(streams, stream)[-1] == 99
    streams.downsample()
    minutes = streams.services.readings.read(
        now(streams, stream), Selection(granularity="minutes", partial=True)
    )
    assert sum(point["v"]["c"] for point in minutes.points) == 3_001


def test_large_values_get_narrower_documents(streams: Streams) -> None:
    stream = streams.new(value_type="nominal", value_downsamplers=("count",))
    large = "x" * 100_000
    for n in range(0, 400, 50):
        pairs = [(START + m, f"{m}{large}") for m in range(n, n + 50)]
        streams.append(now(streams, stream), pairs)
    reading = streams.services.readings.read(now(streams, stream), Selection(limit=1_000))
    assert [len(point["v"]) - len(large) for point in reading.points][::100] == [1, 3, 3, 3]
    assert reading.total == 400


def test_what_cannot_be_kept_together_is_refused_with_a_reason(streams: Streams) -> None:
    stream = streams.new(value_type="nominal", value_downsamplers=("count",))
    half = "x" * 9_000_000
    with pytest.raises(TooLarge):
        streams.append(stream, [(START, half), (START, half)])
    refused = 0
    for n in range(8):
        try:
            streams.append(now(streams, stream), [(START + n / 10, half)])
        except TooLarge:
            refused += 1
    assert refused == 3
