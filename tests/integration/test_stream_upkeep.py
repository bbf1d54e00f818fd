"""Downsampling that is killed, overtaken, outpaced or undone: nothing twice, nothing missing."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from hub.errors import Conflict
from hub.series.buckets import Bucket
from hub.series.levels import ROLLUPS
from hub.series.points import Points
from hub.series.selection import Selection
from hub.services import Services
from hub.services.streams.reading.readings import Readings, ReadLimits
from hub.services.streams.reading.settled import UNSEEN_MAX
from hub.services.streams.upkeep.downsample import Downsampling
from hub.services.streams.writing.placing import bucket_of
from hub.settings import Settings
from hub.store.streams import streams as store
from hub.store.streams.point_documents import Change, Mark
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups, collection_name
from hub.values import Stream
from tests.chain import WIDTHS, Raw, chain, differs
from tests.live import wait_until
from tests.streams import Streams

ROOT = Path(__file__).parent.parent.parent
START = 1_600_000_000
NARROW = ((0, 10_000), (0, 10_000))
"""Documents of 10 seconds, and no guess about better ones."""
WORKER = """
import sys
from threading import Event
from hub.settings import Settings
from hub.wiring import open_hub
uri, name, fence = sys.argv[1:]
hub = open_hub(Settings(mongo_uri=uri, mongo_db=name, secret="s" * 40))
print("ready", flush=True)
hub.services.downsampling.run(int(fence), Event())
"""


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


def now(streams: Streams, stream: Stream) -> Stream:
    return streams.services.streams.of(stream.id)


def told(raw: Iterable[Raw]) -> list[tuple[float, Any]]:
    return [(at / 1000, value) for at, value in raw]


def integers(count: int, seed: str, step_ms: int = 10_000) -> list[Raw]:
    rng = random.Random(seed)
    at, raw = START * 1000, []
    for _ in range(count):
        raw.append((at, rng.choice((None, rng.randint(-99, 99)))))
        at += rng.choice((step_ms, step_ms, 3 * step_ms // 10))
    return raw


def unseen(streams: Streams, stream: Stream) -> int:
    return streams.mongo.db["values"].count_documents({"d": True, "_id.s": stream.id})


def check(streams: Streams, stream: Stream, raw: list[Raw]) -> None:
    """Every level is what the simulation makes, out of the rollups alone."""
    assert unseen(streams, stream) == 0
    for name, wanted in chain(raw, stream.highest).items():
        found: list[dict[str, Any]] = []
        while len(found) < len(wanted):
            asked = Selection(granularity=name, offset=len(found), limit=10_000)
            page = streams.services.readings.read(now(streams, stream), asked).points
            assert page, name
            found += page
        wrong = (differs(got, point.told()) for got, point in zip(found, wanted, strict=True))
        assert next(filter(None, wrong), None) is None, name


def rows(streams: Streams, stream: Stream) -> dict[str, set[int]]:
    """The starts (ms) of the buckets that are stored at each level."""
    found = {}
    for level in ROLLUPS:
        chunks = streams.mongo.db[collection_name(level)].find({"_id.s": stream.id})
        found[level.name] = {
            chunk["_id"]["t"] + int(number) * level.width_ms
            for chunk in chunks
            for number in chunk.get("b", {})
        }
    return found


def worker(settings: Settings, fence: int) -> subprocess.Popen[bytes]:
    """A process that does one run; it is about to begin when this returns."""
    arguments = (str(settings.mongo_uri), settings.mongo_db, str(fence))
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, *arguments], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def test_a_run_killed_again_and_again_leaves_every_level_right(
    streams: Streams, settings: Settings
) -> None:
    raw = integers(6_000, "killed")
    stream = streams.new(widths=NARROW)
    streams.append(stream, told(raw))
    rng, left, kills = random.Random(1), [unseen(streams, stream)], 0
    while kills < 6:
        process = worker(settings, fence=kills + 1)
        enough = left[-1] - rng.choice((0, 1, 400))
        wait_until(lambda: unseen(streams, stream) <= enough, "a part is done")  # noqa: B023
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
        assert process.stdout is not None
        process.stdout.close()
        left.append(unseen(streams, stream))
        kills += 1
    assert left[-1] > 0
    with worker(settings, fence=kills + 1) as process:
        assert process.wait(60) == 0
    check(streams, stream, raw)


class Meanwhile(PointStore):
    """Something happens after the datapoints were read, before anything is made of them."""

    def __init__(self, streams: Streams, event: Callable[[], None]) -> None:
        super().__init__(streams.mongo)
        self._event: Callable[[], None] | None = event

    def many(self, ranges: Iterable[tuple[Stream, int, int]]) -> list[Points]:
        found = super().many(ranges)
        if event := self._event:
            self._event = None
            event()
        return found


def run(streams: Streams, fence: int, points: PointStore | None = None) -> None:
    points = points or PointStore(streams.mongo)
    upkeep = Downsampling(store.Streams(streams.mongo), points, Rollups(streams.mongo))
    upkeep.run(fence, threading.Event())


@pytest.fixture
def alone(services: Services, database: Database[Any]) -> Streams:
    """A database without datapoints."""
    made = Streams(services, database)
    for name in ("values", *map(collection_name, ROLLUPS)):
        made.mongo.db[name].delete_many({})
    return made


def test_an_overtaken_worker_is_refused_and_nothing_stays_wrong(alone: Streams) -> None:
    raw = integers(60, "overtaken")
    stream = alone.new(widths=NARROW)
    alone.append(stream, told(raw))
    late = (raw[30][0], 1000)

    def overtake() -> None:
        alone.append(stream, told([late]))
        run(alone, 12)

    with pytest.raises(Conflict):
        run(alone, 11, Meanwhile(alone, overtake))
    check(alone, stream, [*raw, late])


def remove(streams: Streams, stream: Stream, at_ms: Sequence[int]) -> None:
    """Take all datapoints of some instants away, as derived streams do."""
    points = PointStore(streams.mongo)
    for at in at_ms:
        bucket: Bucket = bucket_of(stream, at)
        held, revision = points.document(bucket)
        gone = [name for name in held if name.split("-")[0] == str(at - bucket.start)]
        assert points.exchange(Change(bucket, {}, at, at), held, gone, revision)


@pytest.mark.parametrize("seen", [True, False], ids=["seen before", "never seen"])
def test_an_overtaken_worker_brings_nothing_back(alone: Streams, seen: bool) -> None:
    raw = [((START + n * 3600) * 1000, n) for n in range(12)]
    stream = alone.new(widths=NARROW)
    alone.append(stream, told(raw))
    if seen:
        run(alone, 20)
        alone.append(stream, told([(raw[5][0], 77)]))

    def overtake() -> None:
        remove(alone, stream, [raw[5][0]])
        run(alone, 22)

    with pytest.raises(Conflict):
        run(alone, 21, Meanwhile(alone, overtake))
    left = [*raw[:5], *raw[6:]]
    assert rows(alone, stream)["10seconds"] == {at - at % 10_000 for at, _ in left}
    check(alone, stream, left)


def test_what_comes_during_a_run_is_seen_by_the_next(alone: Streams) -> None:
    raw = integers(40, "meanwhile")
    stream = alone.new(widths=NARROW)
    alone.append(stream, told(raw))
    more = [(at + 1, 5) for at, _ in raw]
    run(alone, 31, Meanwhile(alone, lambda: none(alone.append(stream, told(more)))))
    assert unseen(alone, stream) == len({at // NARROW[0][1] for at, _ in more})
    run(alone, 32)
    check(alone, stream, sorted([*raw, *more], key=lambda point: point[0]))


def none(_: object) -> None:
    """Only the effect is wanted."""


def test_appends_while_runs_go_on_end_right_after_a_last_run(streams: Streams) -> None:
    made = [streams.new() for _ in range(3)]
    raws = [integers(1500, f"threads {n}", 4_000) for n in range(3)]

    def append(stream: Stream, raw: list[Raw]) -> None:
        late = raw[::7]
        early = [point for index, point in enumerate(raw) if index % 7]
        for lo in range(0, len(early), 60):
            streams.append(now(streams, stream), told(early[lo : lo + 60]))
        for lo in range(0, len(late), 30):
            streams.append(now(streams, stream), told(late[lo : lo + 30]))

    threads = [threading.Thread(target=append, args=pair) for pair in zip(made, raws, strict=True)]
    for thread in threads:
        thread.start()
    fence = 1000
    while any(thread.is_alive() for thread in threads):
        run(streams, fence)
        fence += 1
    for thread in threads:
        thread.join()
    run(streams, fence)
    for stream, raw in zip(made, raws, strict=True):
        check(streams, stream, sorted(raw, key=lambda point: point[0]))


def test_removed_points_take_their_buckets_with_them_at_every_level(alone: Streams) -> None:
    days = [START * 1000 + n * 86_400_000 for n in range(4)]
    raw = [(at + n * 7_000_000, n) for at in days for n in range(3)]
    stream = alone.new(widths=NARROW)
    alone.append(stream, told(raw))
    run(alone, 2000)
    remove(alone, stream, [at for at, _ in raw[3:6]])
    remove(alone, stream, [raw[7][0]])
    run(alone, 2001)
    left = [point for index, point in enumerate(raw) if index not in (3, 4, 5, 7)]
    for level in ROLLUPS:
        wanted = {at - at % level.width_ms for at, _ in left}
        assert rows(alone, stream)[level.name] == wanted
    check(alone, stream, left)


def test_a_stream_that_lost_everything_has_nothing(alone: Streams) -> None:
    stream = alone.new(widths=NARROW)
    alone.append(stream, [(START, 1), (START + 100_000, 2)])
    run(alone, 2100)
    remove(alone, stream, [START * 1000, (START + 100_000) * 1000])
    run(alone, 2101)
    assert PointStore(alone.mongo).ends(stream) == (None, None)
    assert not any(rows(alone, stream).values())
    assert alone.mongo.db["values"].count_documents({"_id.s": stream.id}) == 0


def test_a_document_that_was_emptied_and_filled_again_knows_its_ends(alone: Streams) -> None:
    stream = alone.new(widths=NARROW)
    alone.append(stream, [(START, 1)])
    remove(alone, stream, [START * 1000])
    alone.append(stream, [(START + 3, 2)])
    points = PointStore(alone.mongo)
    assert points.ends(stream) == ((START + 3) * 1000, (START + 3) * 1000)
    run(alone, 2200)
    assert points.ends(stream) == ((START + 3) * 1000, (START + 3) * 1000)


@pytest.mark.parametrize("late", ["keep", "replace"])
def test_one_late_point_writes_one_document_a_level(alone: Streams, late: str) -> None:
    raw = integers(3000, "late", 60_000)
    stream = alone.new(late=late)
    alone.append(stream, told(raw))
    run(alone, 3000)
    at = raw[1000][0] + 1
    alone.append(now(alone, stream), told([(at, 5)]))
    run(alone, 3001)
    for level in ROLLUPS:
        found = alone.mongo.db[collection_name(level)]
        written = list(found.find({"_id.s": stream.id, "f": 3001}))
        assert [row["_id"]["t"] for row in written] == [at - at % (360 * level.width_ms)]
    check(alone, stream, sorted([*raw, (at, 5)], key=lambda point: point[0]))


def test_a_run_without_changes_writes_nothing(alone: Streams) -> None:
    stream = alone.new()
    alone.append(stream, [(START, 1), (START + 100_000, 2)])
    run(alone, 4000)
    run(alone, 4001)
    found = [alone.mongo.db[collection_name(level)] for level in ROLLUPS]
    assert sum(one.count_documents({"_id.s": stream.id, "f": 4001}) for one in found) == 0


class Busy(PointStore):
    """Datapoints come in between any two looks at them."""

    def __init__(self, streams: Streams, come: Callable[[], None]) -> None:
        super().__init__(streams.mongo)
        self._come = come

    def marks(self, stream: int | None = None, limit: int = 0) -> Iterator[Mark]:
        self._come()
        found = list(super().marks(stream, limit))
        self._come()
        return iter(found)


def test_a_bucket_is_told_as_finished_only_with_all_that_was_in_it(alone: Streams) -> None:
    """Every second a datapoint: a finished minute has all of its sixty."""
    stream = alone.new(widths=NARROW)
    begin = START - START % 60
    alone.append(stream, [(begin, 0)])
    run(alone, 5000)
    left = iter(range(1, 150))

    def come() -> None:
        seconds = [begin + next(left) for _ in range(31)]
        alone.append(stream, [(second, 0) for second in seconds])

    points, rollups = Busy(alone, come), Rollups(alone.mongo)
    upkeep = alone.services.downsampling
    readings = Readings(points, rollups, upkeep, ReadLimits())
    counts = []
    for _ in range(2):
        page = readings.read(stream, Selection(granularity="minutes")).points
        counts.append([point["v"]["c"] for point in page])
    assert counts == [[], [60]]


def test_far_behind_a_level_ends_before_the_first_change_unseen(alone: Streams) -> None:
    """More changed documents than a reader brings up to date for itself."""
    raw = integers(2400, "far behind")
    stream = alone.new(widths=NARROW)
    alone.append(stream, told(raw[:400]))
    run(alone, 6000)
    alone.append(now(alone, stream), told(raw[400:]))
    late = (raw[200][0] + 1, 7)
    alone.append(now(alone, stream), told([late]))
    assert unseen(alone, stream) > UNSEEN_MAX
    for name, every in chain(raw, "seconds").items():
        width = WIDTHS[name]
        wanted = [p for p in every if p.at + width <= late[0] // 1000 - late[0] // 1000 % width]
        asked = Selection(granularity=name, limit=10_000)
        found = alone.services.readings.read(now(alone, stream), asked).points
        wrong = (differs(got, point.told()) for got, point in zip(found, wanted, strict=True))
        assert next(filter(None, wrong), None) is None, name


def test_far_behind_raw_pages_are_right(alone: Streams) -> None:
    raw = integers(2400, "far behind")
    stream = alone.new(widths=NARROW)
    alone.append(stream, told(raw[:400]))
    run(alone, 6000)
    alone.append(now(alone, stream), told(raw[400:]))
    alone.append(now(alone, stream), told([(raw[200][0] + 1, 7)]))
    wanted = [value for _, value in sorted([*raw, (raw[200][0] + 1, 7)], key=lambda p: p[0])]
    for offset in (0, 199, 202, 390, 399, 402, 1777, 2395):
        for reverse in (False, True):
            asked = Selection(offset=offset, limit=9, reverse=reverse)
            reading = alone.services.readings.read(now(alone, stream), asked)
            ordered = wanted[::-1] if reverse else wanted
            assert reading.total == len(wanted)
            assert [p["v"] for p in reading.points] == ordered[offset : offset + 9]
