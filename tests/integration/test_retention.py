"""Retention: exactly what is older than its limit goes, and nothing that is kept changes."""

from __future__ import annotations

import random
import time
from itertools import pairwise
from threading import Event
from typing import Any

import pytest
from pymongo.database import Database

from hub.errors import Conflict
from hub.jobs.schedule import once, timetable
from hub.jobs.streams import purge_streams
from hub.series.levels import ROLLUPS
from hub.series.selection import Selection
from hub.services import Services
from hub.services.retention import enforcing
from hub.services.retention.enforcing import Enforced
from hub.store.streams.retention import Floors
from hub.values import Stream
from tests.figures import Raw, windows
from tests.retention import (
    DAY,
    FENCES,
    HOUR,
    MINUTE,
    NOW,
    append,
    emptied,
    fresh,
    keep,
    left,
    now,
    retain,
    work,
)
from tests.streams import Streams

WIDTHS = {
    "narrow": ((0, 10_000), (0, 10_000)),
    "wide": ((0, 10 * DAY), (0, 10 * DAY)),
    "changed": ((0, 10_000), (NOW - 4 * HOUR, HOUR)),
}


@pytest.fixture
def streams(services: Services, database: Database[Any]) -> Streams:
    return emptied(Streams(services, database))


def buckets(streams: Streams, stream: Stream, level: str) -> dict[int, Any]:
    """The stored buckets of a level by their starts, ms."""
    width = next(one.width_ms for one in ROLLUPS if one.name == level)
    rows = streams.mongo.db[f"rollup_{level}"].find({"_id.s": stream.id})
    return {
        row["_id"]["t"] + int(name) * width: part for row in rows for name, part in row["b"].items()
    }


def levels(streams: Streams, stream: Stream) -> dict[str, dict[int, Any]]:
    return {level.name: buckets(streams, stream, level.name) for level in ROLLUPS}


def some(seed: str, since: int, count: int = 1_000) -> list[Raw]:
    rng = random.Random(seed)
    times = sorted(rng.randrange(since, NOW) for _ in range(count))
    return [(at, rng.randint(-99, 99)) for at in dict.fromkeys(times)]


@pytest.mark.parametrize("widths", WIDTHS.values(), ids=WIDTHS)
def test_raw_values_that_are_too_old_go_and_nothing_else(streams: Streams, widths: Any) -> None:
    stream, other = streams.new(widths=widths), streams.new(widths=widths)
    raw = some("raw", NOW - DAY)
    limit = NOW - 3 * HOUR
    floor = limit - limit % MINUTE
    raw += [(floor - 1, 1), (floor, 2), (floor + 1, 3)]
    raw = sorted(dict(raw).items())
    append(streams, stream, raw)
    append(streams, other, raw)
    work(streams)
    before, statistics = levels(streams, stream), streams.mongo.db["statistics"]
    kept = list(statistics.find().sort("_id"))
    keep(streams, "core_value", 3 * HOUR, stream)
    done = retain(streams)
    assert done.whole
    assert done.documents > 0
    assert left(streams, stream) == [point for point in raw if point[0] >= floor]
    assert left(streams, other) == raw
    assert levels(streams, stream) == before
    assert list(statistics.find().sort("_id")) == kept
    stored = streams.mongo.db["values"].find({"_id.s": stream.id})
    assert all(row["v"] and not row.get("d") for row in stored)
    assert streams.services.readings.ends([now(streams, stream)])[stream.id] == (
        floor,
        raw[-1][0],
    )


def test_each_kind_has_its_own_limit(streams: Streams) -> None:
    stream, raw = streams.new(), some("kinds", NOW - 30 * DAY)
    append(streams, stream, raw)
    work(streams)
    limits = {"core_value": HOUR, "core_value_10seconds": 2 * HOUR, "core_value_minutes": DAY}
    limits |= {"core_value_10minutes": 3 * DAY, "core_value_hours": 7 * DAY}
    for table, limit in limits.items():
        keep(streams, table, limit)
    keep(streams, "core_valuestatistics", 5 * DAY)
    before = levels(streams, stream)
    retain(streams)
    for level, coarser in pairwise(ROLLUPS):
        limit = limits.get(f"core_value_{level.name}")
        floor = 0 if limit is None else coarser.floor(NOW - limit)
        wanted = {at: row for at, row in before[level.name].items() if at >= floor}
        assert buckets(streams, stream, level.name) == wanted
        assert (len(wanted) < len(before[level.name])) == (limit is not None)
    assert buckets(streams, stream, "days") == before["days"]
    stored = {row["_id"]["t"] for row in streams.mongo.db["statistics"].find()}
    assert stored == {at for at in windows(raw) if at >= (NOW - 5 * DAY) // MINUTE * MINUTE}


def test_a_streams_own_limit_stands_before_that_for_all(streams: Streams) -> None:
    short, longer, plain = (streams.new() for _ in range(3))
    raw = some("own", NOW - DAY, 100)
    for stream in (short, longer, plain):
        append(streams, stream, raw)
    work(streams)
    keep(streams, "core_value", 6 * HOUR)
    keep(streams, "core_value", HOUR, short)
    keep(streams, "core_value", 12 * HOUR, longer)
    retain(streams)
    for stream, limit in ((short, HOUR), (longer, 12 * HOUR), (plain, 6 * HOUR)):
        floor = (NOW - limit) // MINUTE * MINUTE
        assert left(streams, stream) == [point for point in raw if point[0] >= floor]


def test_a_policy_that_is_taken_back_removes_nothing_more(streams: Streams) -> None:
    stream, raw = streams.new(), some("taken back", NOW - DAY, 50)
    append(streams, stream, raw)
    work(streams)
    keep(streams, "core_value", HOUR)
    keep(streams, "core_value", None)
    assert retain(streams) == Enforced(whole=True)
    assert left(streams, stream) == raw
    assert streams.services.retention.rules.policies() == []


def test_policies_are_told_in_a_fixed_order(streams: Streams) -> None:
    rules, stream = streams.services.retention.rules, streams.new()
    rules.put("core_valuestatistics", DAY)
    rules.put("core_value", HOUR)
    rules.put("core_value", 2 * HOUR, stream)
    told = [(one.hypertable, one.stream, one.drop_after_ms) for one in rules.policies()]
    assert told == [("core_value", None, HOUR), ("core_valuestatistics", None, DAY)]
    (own,) = rules.policies(stream)
    assert (own.hypertable, own.stream, own.drop_after_ms) == ("core_value", stream.id, 2 * HOUR)


@pytest.mark.parametrize("widths", WIDTHS.values(), ids=WIDTHS)
def test_what_is_late_does_not_undo_what_only_the_rollups_have(
    streams: Streams, widths: Any
) -> None:
    """Datapoints below the floor change no level, those above it change theirs as ever."""
    stream, raw = streams.new(widths=widths), some("late", NOW - DAY)
    append(streams, stream, raw)
    work(streams)
    keep(streams, "core_value", 3 * HOUR)
    retain(streams)
    floor = (NOW - 3 * HOUR) // MINUTE * MINUTE
    before = levels(streams, stream)
    statistics = streams.services.statistics.kept
    told = list(statistics.range([now(streams, stream)], 0, floor))
    gone = [(at + 1, 50_000) for at, _ in raw if at < floor - 1][::20]
    late = [(floor + 7, 1_000), (floor + 61_234, 2_000)]
    append(streams, stream, [*gone, *late])
    for _ in range(2):
        assert list(statistics.range([now(streams, stream)], 0, floor)) == told
        work(streams)
    kept = [*raw, *late]
    other = streams.new()
    append(streams, other, kept)
    work(streams)
    for level in ROLLUPS:
        wanted = {at: row[:2] for at, row in levels(streams, other)[level.name].items()}
        found = {at: row[:2] for at, row in levels(streams, stream)[level.name].items()}
        assert found == wanted, level.name
    assert levels(streams, stream)["10seconds"] != before["10seconds"]
    assert streams.mongo.db["values"].count_documents({"d": True}) == 0
    retain(streams, NOW + 1)
    assert left(streams, stream) == sorted(point for point in kept if point[0] >= floor)


def test_raw_values_wait_until_the_rollups_have_seen_them(streams: Streams) -> None:
    stream, raw = streams.new(), some("wait", NOW - DAY, 200)
    append(streams, stream, raw)
    keep(streams, "core_value", HOUR)
    worker = fresh(streams)
    worker.run(next(FENCES), Event(), NOW)
    assert left(streams, stream) == raw
    work(streams)
    worker.run(next(FENCES), Event(), NOW)
    assert len(left(streams, stream)) < len(raw)
    counts = [row[1] for row in buckets(streams, stream, "days").values()]
    assert sum(counts) == len(raw)
    assert len(windows(raw)) == streams.mongo.db["statistics"].count_documents({})


def test_a_stream_that_is_written_all_the_time_does_not_keep_its_old_values(
    streams: Streams,
) -> None:
    """A mark of what is new in a document does not hold up what is old in it."""
    stream = streams.new(widths=WIDTHS["wide"])
    append(streams, stream, [(NOW - DAY, 1), (NOW - HOUR, 2)])
    work(streams)
    append(streams, stream, [(NOW, 3)])
    keep(streams, "core_value", 2 * HOUR)
    retain(streams)
    assert left(streams, stream) == [(NOW - HOUR, 2), (NOW, 3)]
    work(streams)
    assert [row[1] for row in buckets(streams, stream, "hours").values()] == [1, 1, 1]


def test_windows_of_a_stream_that_was_emptied_change_from_now_on(streams: Streams) -> None:
    stream, upkeep = streams.new(), streams.services.statistics.summarizing
    append(streams, stream, some("emptied", NOW - DAY, 20))
    work(streams)
    keep(streams, "core_value", HOUR)
    retain(streams, NOW + DAY)
    assert left(streams, stream) == []
    lengths = upkeep.set_window(now(streams, stream), 3600, NOW + DAY)
    assert lengths == ((0, MINUTE), ((NOW + DAY) // HOUR * HOUR + HOUR, HOUR))


def test_an_overtaken_worker_lifts_no_floor(streams: Streams) -> None:
    floors = Floors(streams.mongo)
    floors.lift({5: 100}, 7)
    with pytest.raises(Conflict):
        floors.lift({5: 200}, 6)
    floors.lift({5: 50}, 8)
    assert floors.of([5, 6]) == {5: 100}


def test_an_empty_stream_gets_no_floor(streams: Streams) -> None:
    """So what is imported into it later is in the rollups before it goes."""
    stream, raw = streams.new(), some("import", NOW - DAY, 100)
    keep(streams, "core_value", HOUR)
    retain(streams)
    append(streams, stream, raw)
    work(streams)
    retain(streams)
    assert sum(row[1] for row in buckets(streams, stream, "days").values()) == len(raw)
    assert left(streams, stream) == [point for point in raw if point[0] >= NOW - HOUR - 20_000]


@pytest.mark.parametrize("kept", [HOUR, 20 * 365 * DAY], ids=["some raw", "all raw"])
def test_levels_are_read_where_raw_values_are_gone(streams: Streams, kept: int) -> None:
    stream, other = streams.new(), streams.new()
    raw = some("levels", NOW - 3 * DAY, 300)
    for each in (stream, other):
        append(streams, each, raw)
    work(streams)
    keep(streams, "core_value", kept, stream)
    retain(streams)
    for level in ("minutes", "hours", "days", "weeks"):
        for asked in (
            Selection(granularity=level, limit=10_000, partial=True),
            Selection(granularity=level, start=NOW // 1000 - 2 * 86_400, limit=7),
        ):
            read = streams.services.readings.read
            found = read(now(streams, stream), asked)
            assert found == read(now(streams, other), asked)
            assert found.points or level == "weeks"


def test_levels_are_read_where_no_raw_value_is_left(streams: Streams) -> None:
    stream = streams.new()
    raw = some("no raw", NOW - 3 * DAY, 300)
    append(streams, stream, raw)
    work(streams)
    keep(streams, "core_value", HOUR)
    retain(streams, NOW + DAY)
    assert left(streams, stream) == []
    read = streams.services.readings.read
    hours = read(now(streams, stream), Selection(granularity="hours", limit=10_000)).points
    assert sum(point["v"]["c"] for point in hours) == len(raw)
    assert read(now(streams, stream), Selection()).total == 0
    drawn = read(now(streams, stream), Selection(points=10))
    assert drawn.granularity == "days"
    assert sum(point["v"]["c"] for point in drawn.points) == len(raw)


@pytest.mark.parametrize("offset", [0, 1, 30, 61])
def test_raw_pages_count_only_what_is_left(streams: Streams, offset: int) -> None:
    """Also where the floor is above what came late, and a longer limit lets that stay."""
    stream, raw = streams.new(), some("pages", NOW - 3 * DAY, 1_000)
    append(streams, stream, raw)
    work(streams)
    keep(streams, "core_value", 3 * HOUR)
    retain(streams)
    keep(streams, "core_value", 9 * DAY)
    append(streams, stream, [(NOW - 2 * DAY + n, n) for n in range(20)])
    work(streams)
    wanted = left(streams, stream)
    reading = streams.services.readings.read(
        now(streams, stream), Selection(offset=offset, limit=5)
    )
    assert reading.total == len(wanted)
    assert [point["v"] for point in reading.points] == [v for _, v in wanted[offset : offset + 5]]


def test_a_run_goes_in_bounded_steps_and_the_next_goes_on(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enforcing, "STEP", 3)
    made = [streams.new(widths=WIDTHS["narrow"]) for _ in range(3)]
    raw: list[Raw] = [(NOW - DAY + n * 10_000, n) for n in range(10)]
    for stream in made:
        append(streams, stream, raw)
    work(streams)
    keep(streams, "core_value", HOUR)
    worker, stopped = fresh(streams), Event()
    stopped.set()
    counts = []
    for _ in range(40):
        before = sum(len(left(streams, stream)) for stream in made)
        done = worker.run(next(FENCES), stopped, NOW)
        gone = before - sum(len(left(streams, stream)) for stream in made)
        assert gone <= 3
        counts.append(gone)
        if done.whole:
            break
    assert sum(counts) == 30
    assert done.whole


def test_a_deleted_stream_leaves_no_policy_and_no_floor(streams: Streams) -> None:
    stream = streams.new()
    append(streams, stream, some("deleted", NOW - DAY, 20))
    work(streams)
    keep(streams, "core_value", HOUR, stream)
    keep(streams, "core_value", DAY)
    retain(streams)
    assert Floors(streams.mongo).of([stream.id])
    streams.services.streams.delete(stream)
    assert purge_streams(streams.services, Event()) == 1
    assert not Floors(streams.mongo).of([stream.id])
    assert streams.services.retention.rules.policies(stream) == []
    assert len(streams.services.retention.rules.policies()) == 1


def test_no_stream_and_no_policy_is_no_work(streams: Streams) -> None:
    assert retain(streams) == Enforced(whole=True)
    keep(streams, "core_value", HOUR)
    assert retain(streams) == Enforced(whole=True)


def test_the_worker_has_a_job_for_it(streams: Streams) -> None:
    (job,) = (job for job in timetable(streams.services, Event()) if job.id == "retention")
    stream, clock = streams.new(), int(time.time()) * 1000
    append(streams, stream, [(clock - 2 * HOUR, 1), (clock - HOUR // 2, 2)])
    work(streams)
    keep(streams, "core_value", HOUR)
    assert once(streams.services, job) == 1
    assert left(streams, stream) == [(clock - HOUR // 2, 2)]
