"""Derived streams as the worker keeps them: from now on, late, corrected, chained, backfilled."""

from __future__ import annotations

from threading import Event
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from hub.errors import Conflict
from hub.series.selection import Selection
from hub.services import Services
from hub.values import Derivation, Source, Stream
from tests.streams import Streams

START = 1_600_000_000
DAY = 86_400


@pytest.fixture(scope="module")
def streams(services: Services, database: Database) -> Streams:
    return Streams(services, database)


def derived(streams: Streams, op: str, *sources: Stream | Source, **changes: Any) -> Stream:
    """A derived stream; ``args`` and ``after_ms`` are the derivation's."""
    inputs = tuple(s if isinstance(s, Source) else Source(s.id, s.highest) for s in sources)
    derivation = Derivation(op, inputs, changes.pop("args", {}), changes.pop("after_ms", None))
    return streams.new(derivation=derivation, **changes)


def settle(streams: Streams) -> None:
    """What the worker does: backfill, and a run."""
    list(streams.services.deriving.backfill(60, Event()))
    streams.downsample()


def points(streams: Streams, stream: Stream) -> list[tuple[str, Any]]:
    reading = streams.services.readings.read(stream, Selection(limit=10_000))
    return [(point["t"][11:19], point["v"]) for point in reading.points]


def test_a_derivative_follows_its_source(streams: Streams) -> None:
    source = streams.new()
    target = derived(streams, "derivative", source)
    streams.append(source, [(0, 1), (10, 2), (20, 4.0)])
    settle(streams)
    assert points(streams, target) == [("00:00:10", 0.1), ("00:00:20", 0.2)]
    streams.append(source, [(30, 4)])
    settle(streams)
    assert points(streams, target)[-1] == ("00:00:30", 0.0)


def test_a_late_point_sets_both_neighbours_right(streams: Streams) -> None:
    source = streams.new(late="replace")
    target = derived(streams, "derivative", source)
    streams.append(source, [(0, 0), (100, 100), (200, 300)])
    settle(streams)
    streams.append(source, [(50, 0), (200, 100)])
    settle(streams)
    assert points(streams, target) == [("00:00:50", 0.0), ("00:01:40", 2.0), ("00:03:20", 0.0)]


def test_a_sum_waits_for_all_its_sources(streams: Streams) -> None:
    one, two = streams.new(), streams.new()
    target = derived(streams, "sum", one, two)
    streams.append(one, [(0, 1), (1, 2), (2, None)])
    settle(streams)
    assert points(streams, target) == []
    streams.append(two, [(0, 10), (2, None)])
    settle(streams)
    assert points(streams, target) == [("00:00:00", 11), ("00:00:02", None)]


def test_counters_are_differentiated_across_resets(streams: Streams) -> None:
    counter = streams.new()
    resets = derived(streams, "counter_reset", counter, value_type="nominal")
    rate = derived(streams, "counter_derivative", Source(resets.id, "seconds", "reset"), counter)
    streams.append(counter, [(0, 10), (10, 20), (20, 5), (30, 15)])
    settle(streams)
    assert points(streams, resets) == [("00:00:20", 1)]
    assert points(streams, rate) == [("00:00:10", 1.0), ("00:00:30", 1.0)]


def test_a_chain_is_right_within_one_run(streams: Streams) -> None:
    source = streams.new()
    speed = derived(streams, "derivative", source)
    acceleration = derived(streams, "derivative", speed)
    settle(streams)
    streams.append(source, [(t, t * t) for t in range(5)])
    streams.downsample()
    assert points(streams, acceleration) == [(f"00:00:0{t}", 2.0) for t in (2, 3, 4)]


def test_a_coarser_source_gives_its_finished_means(streams: Streams) -> None:
    source = streams.new()
    target = derived(streams, "sum", Source(source.id, "minutes"), highest="minutes")
    streams.append(source, [(t, t) for t in range(0, 150, 10)])
    settle(streams)
    assert points(streams, target) == [("00:00:00", 25.0), ("00:01:00", 85.0)]
    streams.append(source, [(200, 7)])
    settle(streams)
    assert points(streams, target)[-1] == ("00:02:00", 130.0)


def test_history_is_backfilled_like_it_would_have_come(streams: Streams) -> None:
    rng = np.random.default_rng(4)
    times = np.cumsum(rng.choice([1, 5, 40_000], 5_000, p=[0.5, 0.49, 0.01])).tolist()
    values = rng.integers(0, 100, 5_000).tolist()
    source = streams.new()
    before = derived(streams, "derivative", source)
    streams.append(source, zip(times, values, strict=True))
    settle(streams)
    after = derived(streams, "derivative", source)
    settle(streams)
    assert len(points(streams, before)) == 4_999
    assert points(streams, after) == points(streams, before)


def test_without_a_backfill_old_data_is_never_used(streams: Streams) -> None:
    source = streams.new()
    streams.append(source, [(0, 1), (10, 2)])
    target = derived(streams, "derivative", source, after_ms=15_000)
    settle(streams)
    streams.append(source, [(20, 3), (30, 5)])
    settle(streams)
    assert points(streams, target) == [("00:00:30", 0.2)]


def test_a_derived_stream_takes_no_datapoints(streams: Streams) -> None:
    target = derived(streams, "derivative", streams.new())
    with pytest.raises(Conflict):
        streams.append(target, [(0, 1)])


def test_a_derived_stream_is_downsampled_itself(streams: Streams) -> None:
    source = streams.new()
    target = derived(streams, "derivative", source)
    settle(streams)
    streams.append(source, [(START + t, 2 * t) for t in range(0, DAY // 4, 5)])
    streams.downsample()
    hours = streams.services.readings.read(target, Selection(granularity="hours"))
    assert [point["v"]["m"] for point in hours.points] == [2.0] * hours.total
