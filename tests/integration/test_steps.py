"""``step=``: buckets of any duration, equal to a plain computation over the raw datapoints."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from fractions import Fraction
from threading import Event
from typing import Any

import pytest
from pymongo.database import Database

from hub.errors import Invalid
from hub.jobs.streams import downsample
from hub.series.durations import Steps, duration
from hub.services import Services
from hub.services.statistics import making
from hub.services.statistics.steps import Bucket
from hub.services.streams.reading.settled import UNSEEN_MAX
from hub.values import Stream
from tests.figures import Raw
from tests.live import wait_until
from tests.streams import Streams

START = int(datetime(2024, 1, 31, tzinfo=UTC).timestamp()) * 1000
DAY = 86_400_000
NARROW = ((0, 10_000), (0, 10_000))
FENCES = iter(range(1, 10**6))


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


def now(streams: Streams, stream: Stream) -> Stream:
    return streams.services.streams.of(stream.id)


def append(streams: Streams, stream: Stream, raw: list[Raw]) -> None:
    streams.append(now(streams, stream), [(at / 1000, value) for at, value in raw])


def work(streams: Streams) -> None:
    wait_until(lambda: downsample(streams.services, next(FENCES), Event()), "all is carried up")


def ask(streams: Streams, stream: Stream, lo: int, hi: int, step: str) -> list[Bucket]:
    found = streams.services.statistics.stepping.buckets(
        [now(streams, stream)], (lo, hi), duration(step)
    )
    return list(found)


def plain(stream: Stream, raw: list[Raw], span: tuple[int, int], step: str) -> list[Any]:
    """One value after the other, by fractions."""
    lo, hi = span
    steps = Steps(lo, duration(step))
    held: dict[int, list[Any]] = {}
    for at, value in raw:
        if value is not None and lo <= at < hi:
            held.setdefault(steps.number(at), []).append(value)
    return [
        (
            stream.id,
            steps.start(number),
            min(steps.start(number + 1), hi),
            len(own),
            float(sum(map(Fraction, own)) / len(own)),
            min(own),
            max(own),
        )
        for number, own in sorted(held.items())
    ]


def same(found: list[Bucket], wanted: list[Any]) -> None:
    told = [(b.stream, b.at, b.end, b.count, b.mean, b.low, b.high) for b in found]
    assert [row[:4] for row in told] == [row[:4] for row in wanted]
    for got, expected in zip(told, wanted, strict=True):
        assert got[4] == pytest.approx(expected[4], rel=1e-12, abs=1e-9)
        assert got[5:] == expected[5:]


def some(seed: str, count: int, step_ms: int) -> list[Raw]:
    rng = random.Random(seed)
    at, raw = START + 1_234, []
    for _ in range(count):
        raw.append((at, rng.choice((None, rng.gauss(1e6, 1), rng.randint(-99, 99)))))
        at += rng.choice((step_ms, 3 * step_ms, step_ms // 10 + 1))
    return raw


@pytest.fixture(scope="module")
def seen(streams: Streams) -> tuple[Stream, list[Raw]]:
    """Hundred days, carried up through all levels."""
    stream, raw = streams.new(), some("days", 4_000, 1_700_000)
    append(streams, stream, raw)
    work(streams)
    return stream, raw


@pytest.fixture(scope="module")
def unseen(streams: Streams) -> tuple[Stream, list[Raw]]:
    """The same, with late datapoints that the worker has not seen."""
    stream, raw = streams.new(), some("unseen", 3_000, 1_700_000)
    append(streams, stream, raw)
    work(streams)
    late: list[Raw] = [(at + 1, 77) for at, _ in raw[::300]]
    append(streams, stream, late)
    return stream, sorted([*raw, *late], key=lambda point: point[0])


SPANS = {
    "aligned": (START, START + 60 * DAY),
    "by seconds": (START + 3_000, START + 50 * DAY + 7_001),
    "before and after all": (START - 400 * DAY, START + 4000 * DAY),
    "a part of an hour": (START + DAY + 5, START + DAY + 3_000_005),
    "nothing": (START + 5, START + 5),
}


@pytest.mark.parametrize("span", SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("step", ["PT1H", "P1D", "P1M", "P1Y", "P1W", "P1MT1H", "PT37M11S"])
@pytest.mark.parametrize("which", ["seen", "unseen"])
def test_buckets_are_those_of_the_raw_datapoints(
    streams: Streams,
    request: pytest.FixtureRequest,
    which: str,
    step: str,
    span: tuple[int, int],
) -> None:
    stream, raw = request.getfixturevalue(which)
    same(ask(streams, stream, *span, step), plain(stream, raw, span, step))


@pytest.mark.parametrize("step", ["PT0.01S", "PT1S", "PT7.5S", "PT10S", "PT11S", "PT1M"])
@pytest.mark.parametrize("offset", [0, 1, 5_000])
def test_short_buckets_are_those_of_the_raw_datapoints(
    streams: Streams, step: str, offset: int
) -> None:
    stream, raw = streams.new(widths=NARROW), some(f"short {step} {offset}", 400, 900)
    append(streams, stream, raw)
    span = START + offset, START + offset + 300_000
    for _ in range(2):
        same(ask(streams, stream, *span, step), plain(stream, raw, span, step))
        work(streams)


def test_rollups_are_read_where_they_fit(streams: Streams) -> None:
    """What is not in the rollups any more shows that it was they that were read."""
    stream = streams.new()
    append(streams, stream, [(START + n * 600_000, n) for n in range(300)])
    work(streams)
    streams.mongo.db["rollup_hours"].delete_many({"_id.s": stream.id})
    assert ask(streams, stream, START, START + 5 * 3_600_000, "PT1H") == []
    assert len(ask(streams, stream, START, START + 5 * 3_600_000, "PT50M")) == 6


def test_a_long_gap_is_passed_over(streams: Streams) -> None:
    stream = streams.new()
    raw: list[Raw] = [(START, 1), (START + 3000 * DAY, 2), (START + 3000 * DAY + 11_000, 4)]
    append(streams, stream, raw)
    span = START, START + 3001 * DAY
    for _ in range(2):
        for step in ("PT0.001S", "PT10S"):
            same(ask(streams, stream, *span, step), plain(stream, raw, span, step))
        work(streams)


def test_far_behind_long_stretches_of_raw_datapoints_are_folded(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "DOCUMENTS_TOGETHER", 20)
    stream, raw = streams.new(widths=NARROW), some("behind", 3_000, 9_000)
    append(streams, stream, raw[:300])
    work(streams)
    append(streams, stream, raw[300:])
    values = streams.mongo.db["values"]
    assert values.count_documents({"d": True, "_id.s": stream.id}) > UNSEEN_MAX
    for step in ("PT1M", "PT1H", "P1D"):
        span = START + 7, START + DAY + 7
        same(ask(streams, stream, *span, step), plain(stream, raw, span, step))


def test_what_only_the_rollups_have_is_told(streams: Streams) -> None:
    """Raw datapoints go, hours stay."""
    stream = streams.new()
    raw: list[Raw] = [(START + n * 600_000, n) for n in range(300)]
    append(streams, stream, raw)
    work(streams)
    streams.mongo.db["values"].delete_many({"_id.s": stream.id})
    for level in ("10seconds", "minutes", "10minutes"):
        streams.mongo.db[f"rollup_{level}"].delete_many({"_id.s": stream.id})
    span = START, START + 3 * DAY
    for step in ("PT1H", "PT12H", "P1M"):
        same(ask(streams, stream, *span, step), plain(stream, raw, span, step))


def test_a_mean_beyond_floats_is_null(streams: Streams) -> None:
    stream = streams.new()
    append(streams, stream, [(START, 1.7e308), (START + 1, 1.7e308)])
    (bucket,) = ask(streams, stream, START, START + 10_000, "PT1S")
    assert (bucket.mean, bucket.low, bucket.high) == (None, 1.7e308, 1.7e308)


def test_only_numbers_have_a_mean(streams: Streams) -> None:
    stream = streams.new(value_type="nominal", value_downsamplers=("count",))
    with pytest.raises(Invalid):
        ask(streams, stream, START, START + DAY, "PT1H")


def test_an_empty_stream_has_no_buckets(streams: Streams) -> None:
    stream = streams.new()
    for step in ("PT1S", "PT1H", "P1M"):
        assert ask(streams, stream, START, START + 9000 * DAY, step) == []
