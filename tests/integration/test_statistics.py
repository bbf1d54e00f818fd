"""Statistics of streams: kept by the worker, killed and overtaken, posted, and read."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import Any

import pytest
from pymongo.database import Database

from hub.errors import Conflict, Invalid, NotFound
from hub.jobs.streams import downsample, purge_streams
from hub.series.climb import Span
from hub.series.records import Statistic, parsed
from hub.series.windows import HOUR_MS, ONE_MINUTE
from hub.services import Services
from hub.services.statistics import computing
from hub.services.streams.writing.placing import bucket_of
from hub.settings import Settings
from hub.store.streams import streams as store
from hub.store.streams.point_documents import Change
from hub.store.streams.points import PointStore
from hub.store.streams.statistics import StatisticStore
from hub.values import Stream
from tests.figures import FIELDS, Raw, windows
from tests.live import ROOT, wait_until
from tests.streams import Streams

START = 1_600_000_020_000
"""A whole minute, ms."""
NARROW = ((0, 10_000), (0, 10_000))
"""Documents of 10 seconds, and no guess about better ones."""
WORKER = """
import sys
from threading import Event
from hub.jobs.streams import downsample
from hub.settings import Settings
from hub.wiring import open_hub
uri, name, fence = sys.argv[1:]
hub = open_hub(Settings(mongo_uri=uri, mongo_db=name, secret="s" * 40))
print("ready", flush=True)
downsample(hub.services, int(fence), Event())
"""
FENCES = iter(range(1, 10**6))


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


def work(streams: Streams, fence: int | None = None) -> int:
    """One run of the worker; its fencing token."""
    fence = next(FENCES) if fence is None else fence
    wait_until(lambda: downsample(streams.services, fence, Event()), "all is carried up")
    return fence


def now(streams: Streams, stream: Stream) -> Stream:
    return streams.services.streams.of(stream.id)


def append(streams: Streams, stream: Stream, raw: Iterable[Raw]) -> None:
    appended = streams.append(now(streams, stream), [(at / 1000, value) for at, value in raw])
    assert appended.stored == len(appended.verdicts)


def some(seed: str, count: int = 600, step_ms: int = 7_000) -> list[Raw]:
    rng = random.Random(seed)
    at, raw = START, []
    for _ in range(count):
        raw.append((at, rng.choice((None, 3, rng.gauss(1e6, 1), rng.randint(-99, 99)))))
        at += rng.choice((step_ms, step_ms, 11 * step_ms, 500))
    return raw


def stored(streams: Streams, stream: Stream) -> dict[int, dict[str, Any]]:
    """The documents by their moment."""
    rows = streams.mongo.db["statistics"].find({"_id.s": stream.id})
    return {row["_id"]["t"]: row for row in rows}


def same(found: Iterable[Statistic], wanted: dict[int, dict[str, float]]) -> None:
    records = list(found)
    assert [one.at for one in records] == list(wanted)
    for one in records:
        assert tuple(one.told) == FIELDS
        assert one.told == pytest.approx(wanted[one.at], rel=1e-12, abs=1e-9)


def every(streams: Streams, stream: Stream) -> list[Statistic]:
    return list(streams.services.statistics.kept.range([now(streams, stream)], 0, 2**45))


@pytest.mark.parametrize("widths", [NARROW, ((0, 86_400_000),)], ids=["narrow", "wide"])
def test_the_worker_keeps_every_window(streams: Streams, widths: Any) -> None:
    stream, raw = streams.new(widths=widths), some("kept")
    append(streams, stream, raw)
    work(streams)
    wanted = windows(raw)
    assert stored(streams, stream).keys() == wanted.keys()
    same(every(streams, stream), wanted)


def test_a_reader_does_not_wait_for_the_worker(streams: Streams) -> None:
    stream, raw = streams.new(), some("reader")
    append(streams, stream, raw[:400])
    work(streams)
    late = [(at + 1, 12.5) for at, _ in raw[:400:50]]
    append(streams, stream, [*raw[400:], *late])
    before = stored(streams, stream)
    wanted = windows([*raw, *late])
    same(every(streams, stream), wanted)
    kept = streams.services.statistics.kept
    same(kept.newest([now(streams, stream)], 7)[::-1], dict(list(wanted.items())[-7:]))
    assert stored(streams, stream) == before


@pytest.mark.parametrize("late", ["keep", "replace"])
def test_a_late_or_corrected_value_touches_its_window_only(streams: Streams, late: str) -> None:
    stream, raw = streams.new(late=late), some(late)
    append(streams, stream, raw)
    work(streams)
    at = next(at for at, value in raw[300:] if value is not None)
    append(streams, stream, [(at, 5.5)])
    fence = work(streams)
    touched = [t for t, row in stored(streams, stream).items() if row["f"] == fence]
    assert touched == [at - at % 60_000]
    left = [point for point in raw if late == "keep" or point[0] != at]
    same(every(streams, stream), windows([*left, (at, 5.5)]))


def test_a_long_stretch_is_computed_piece_by_piece(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "VALUES_MAX", 50)
    stream = streams.new(widths=NARROW)
    streams.services.statistics.summarizing.set_window(stream, 600, START)
    raw: list[Raw] = [(START + n * 5_000, n % 17) for n in range(2_000)]
    append(streams, stream, raw)
    work(streams)
    same(every(streams, stream), windows(raw, 600_000))


def test_a_worker_killed_again_and_again_leaves_every_window_right(
    streams: Streams, settings: Settings
) -> None:
    stream, raw = streams.new(widths=NARROW), some("killed", 6_000)
    append(streams, stream, raw)
    unseen = {"d": True, "_id.s": stream.id}
    values = streams.mongo.db["values"]
    left = [values.count_documents(unseen)]
    for _ in range(5):
        arguments = (str(settings.mongo_uri), settings.mongo_db, str(next(FENCES)))
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, *arguments], cwd=ROOT, stdout=subprocess.PIPE
        )
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            wait_until(lambda: values.count_documents(unseen) < left[-1], "a part is done")
            process.send_signal(signal.SIGKILL)
        left.append(values.count_documents(unseen))
    assert left[-1] > 0
    work(streams)
    assert values.count_documents(unseen) == 0
    same(every(streams, stream), windows(raw))


def test_an_overtaken_worker_is_refused(streams: Streams) -> None:
    stream = streams.new()
    append(streams, stream, [(START, 1)])
    fence = work(streams)
    append(streams, stream, [(START + 1, 2)])
    changed = [(now(streams, stream), [Span(START, START + 10_000)])]
    with pytest.raises(Conflict):
        streams.services.statistics.summarizing.follow(changed, fence - 1)
    assert stored(streams, stream)[START]["c"][0] == 1


def take_away(streams: Streams, stream: Stream, at: int) -> None:
    """As derived streams do."""
    points = PointStore(streams.mongo)
    bucket = bucket_of(stream, at)
    held, revision = points.document(bucket)
    gone = [str(at - bucket.start)]
    assert points.exchange(Change(bucket, {}, at, at), held, gone, revision)


def test_a_window_without_values_goes_and_what_was_posted_stays(streams: Streams) -> None:
    stream, kept = streams.new(widths=NARROW), streams.services.statistics.kept
    append(streams, stream, [(START, 1), (START + 60_000, 2), (START + 120_000, 3)])
    kept.post(stream, START + 60_000, {"mean": 7})
    work(streams)
    take_away(streams, stream, START)
    take_away(streams, stream, START + 60_000)
    assert [one.at for one in every(streams, stream)] == [START + 60_000, START + 120_000]
    work(streams)
    found = every(streams, stream)
    assert [(one.at, dict(one.told)["mean"]) for one in found] == [
        (START + 60_000, 7.0),
        (START + 120_000, 3.0),
    ]
    assert stored(streams, stream).keys() == {START + 60_000, START + 120_000}


def test_what_is_posted_stands_before_what_is_computed(streams: Streams) -> None:
    stream, kept = streams.new(), streams.services.statistics.kept
    kept.post(stream, START, {"mean": 7, "max": 9})
    append(streams, stream, [(START, 1), (START + 60_000, 2)])
    told = [(one.posted, one.length, dict(one.told)) for one in every(streams, stream)]
    work(streams)
    assert [(o.posted, o.length, dict(o.told)) for o in every(streams, stream)] == told
    assert told[0] == (True, None, {"mean": 7.0, "max": 9.0})
    assert told[1][:2] == (False, 60_000)


def test_posting_again_changes_the_named_fields(streams: Streams) -> None:
    stream, kept = streams.new(), streams.services.statistics.kept
    kept.post(stream, START + 17, {"mean": 7, "max": 9, "count": 3})
    assert kept.post(stream, START + 17, {"max": 8.5}).told == {"count": 3, "mean": 7, "max": 8.5}
    assert kept.one(stream, START + 17).told == {"count": 3, "mean": 7, "max": 8.5}


@pytest.mark.parametrize(
    ("told", "path"),
    [({"max": 1}, "max"), ({"min": 8}, "min"), ({"mean": 9.5}, "mean"), ({"q1": 9.5}, "q1")],
)
def test_what_is_posted_again_fits_what_was_posted(
    streams: Streams, told: dict[str, float], path: str
) -> None:
    stream, kept = streams.new(), streams.services.statistics.kept
    before = {"mean": 7, "min": 5, "max": 9}
    kept.post(stream, START, before)
    with pytest.raises(Invalid) as refused:
        kept.post(stream, START, told)
    assert refused.value.detail["path"] == path
    assert kept.one(stream, START).told == before


def test_many_who_post_at_once_leave_a_record_that_fits(streams: Streams) -> None:
    stream, kept = streams.new(), streams.services.statistics.kept
    kept.post(stream, START, {"min": 0, "max": 100})

    def post(number: int) -> None:
        with suppress(Invalid, Conflict):
            kept.post(stream, START, {("min", "max")[number % 2]: number})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post, range(80)))
    told = kept.one(stream, START).told
    assert told["min"] <= told["max"]


@pytest.mark.parametrize(
    ("at", "told", "path"),
    [
        (START, {"mean": "7"}, "mean"),
        (START, {"mean": True}, "mean"),
        (START, {"mean": None}, "mean"),
        (START, {"mean": float("nan")}, "mean"),
        (START, {"mean": 10**400}, "mean"),
        (START, {"average": 1}, "average"),
        (START, {"rms": -1}, "rms"),
        (START, {"count": 1.5}, "count"),
        (START, {"count": -1}, "count"),
        (START, {"min": 2, "max": 1}, "min"),
        (START, {"q1": 3, "q3": 1}, "q1"),
        (START, {"mean": 3, "max": 1}, "mean"),
        (-1, {"mean": 3}, "timestamp"),
        (2**31 * 1000, {"mean": 3}, "timestamp"),
    ],
)
def test_what_is_no_record_is_refused(streams: Streams, at: int, told: Any, path: str) -> None:
    stream = streams.new()
    with pytest.raises(Invalid) as refused:
        streams.services.statistics.kept.post(stream, at, told)
    assert refused.value.detail["path"] == path
    assert not stored(streams, stream)


def test_an_empty_record_is_refused(streams: Streams) -> None:
    with pytest.raises(Invalid):
        streams.services.statistics.kept.post(streams.new(), START, {})


def test_records_of_several_streams_come_newest_first_or_in_order_of_time(
    streams: Streams,
) -> None:
    made = [streams.new() for _ in range(4)]
    kept = streams.services.statistics.kept
    for index, stream in enumerate(made[:3]):
        own = [(START + n * 180_000 + index * 60_000, n) for n in range(5)]
        append(streams, stream, [*own, (START + 7_200_000, 1)])
    work(streams)
    kept.post(made[3], START + 3, {"mean": 1})
    kept.post(made[3], START + 9_000_000, {"mean": 1})
    times = sorted(
        [(START + 3, made[3].id), (START + 9_000_000, made[3].id)]
        + [(START + n * 60_000, made[n % 3].id) for n in range(15)]
        + [(START + 7_200_000, stream.id) for stream in made[:3]]
    )
    found = kept.range(made, 0, 2**45)
    assert [(one.at, one.stream) for one in found] == times
    for limit in (1, 2, 5, 17, 100):
        newest = [(one.at, one.stream) for one in kept.newest(made, limit)]
        assert newest == times[::-1][:limit]


def test_a_range_holds_the_records_that_begin_in_it(streams: Streams) -> None:
    stream, kept = streams.new(), streams.services.statistics.kept
    append(streams, stream, [(START + n * 60_000 + 500, n) for n in range(5)])
    for _ in range(2):
        found = kept.range([stream], START + 60_000, START + 180_001)
        assert [one.at - START for one in found] == [60_000, 120_000, 180_000]
        found = kept.range([stream], START + 60_001, START + 180_000)
        assert [one.at - START for one in found] == [120_000]
        work(streams)


def test_a_record_has_an_id_that_leads_back_to_it(streams: Streams) -> None:
    stream, kept = streams.new(), streams.services.statistics.kept
    append(streams, stream, [(START + 1, 5)])
    (record,) = every(streams, stream)
    number, at, _ = parsed(record.id)
    assert number == stream.id
    assert kept.one(stream, at) == record
    with pytest.raises(NotFound):
        kept.one(stream, at + 1)


def test_an_empty_stream_has_another_window_at_once(streams: Streams) -> None:
    stream = streams.new()
    made = streams.services.statistics.summarizing.set_window(stream, 10, START)
    assert made == ((0, 10_000),)
    raw = some("ten")
    append(streams, stream, raw)
    work(streams)
    same(every(streams, stream), windows(raw, 10_000))


def test_another_window_counts_from_the_next_hour_after_all_values(streams: Streams) -> None:
    stream = streams.new()
    append(streams, stream, [(START, 1), (START + 5_400_000, 2)])
    work(streams)
    upkeep = streams.services.statistics.summarizing
    lengths = upkeep.set_window(now(streams, stream), 300, START)
    since = (START + 5_400_000) // HOUR_MS * HOUR_MS + HOUR_MS
    assert lengths == ((0, 60_000), (since, 300_000))
    append(streams, stream, [(START + 1, 3), (since + 299_999, 4), (since + 300_000, 5)])
    work(streams)
    found = [(one.at, one.length) for one in every(streams, stream)]
    assert found == [
        (START, 60_000),
        (START + 5_400_000, 60_000),
        (since, 300_000),
        (since + 300_000, 300_000),
    ]


def test_a_stream_without_windows_has_no_statistics(streams: Streams) -> None:
    stream = streams.new()
    streams.services.statistics.summarizing.set_window(stream, 0, START)
    append(streams, stream, some("none"))
    assert every(streams, stream) == []
    work(streams)
    assert not stored(streams, stream)


def test_windows_that_two_change_at_once_are_those_of_one(streams: Streams) -> None:
    stream, statistics = streams.new(), StatisticStore(streams.mongo)
    assert statistics.set_lengths(stream.id, ((0, 10_000),), ONE_MINUTE)
    assert not statistics.set_lengths(stream.id, ((0, 20_000),), ONE_MINUTE)
    assert streams.services.statistics.summarizing.lengths(stream) == ((0, 10_000),)


def test_streams_of_other_values_have_none(streams: Streams) -> None:
    stream = streams.new(value_type="nominal", value_downsamplers=("count",))
    append(streams, stream, [(START, "on"), (START + 1, 5)])
    assert every(streams, stream) == []
    work(streams)
    assert not stored(streams, stream)
    with pytest.raises(Invalid):
        streams.services.statistics.summarizing.set_window(stream, 60, START)


def test_a_deleted_stream_leaves_nothing(streams: Streams) -> None:
    stream = streams.new()
    upkeep = streams.services.statistics.summarizing
    upkeep.set_window(stream, 10, START)
    append(streams, stream, some("deleted"))
    work(streams)
    assert stored(streams, stream)
    streams.services.streams.delete(stream)
    assert purge_streams(streams.services, Event()) == 1
    assert not stored(streams, stream)
    assert streams.mongo.db["statistic_windows"].find_one({"_id": stream.id}) is None
    assert not store.Streams(streams.mongo).by_ids([stream.id])


def test_far_behind_what_is_stored_is_told(streams: Streams) -> None:
    """More changed documents than a reader computes for itself."""
    stream = streams.new(widths=NARROW)
    append(streams, stream, [(START, 1)])
    work(streams)
    append(streams, stream, [(START + n * 10_000 + 1, 2) for n in range(600)])
    assert [one.told["count"] for one in every(streams, stream)] == [1]
    work(streams)
    assert len(every(streams, stream)) == 100
