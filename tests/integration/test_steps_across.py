"""``step=`` over very many data streams at once: the buckets of each, in order of time."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from pymongo.database import Database

from hub.series.durations import Steps, duration
from hub.services import Services
from hub.services.statistics import making
from hub.services.statistics import steps as module
from hub.services.statistics.steps import Bucket
from hub.values import Stream
from tests.figures import Raw
from tests.retention import append, work
from tests.streams import Streams

START = int(datetime(2024, 1, 31, tzinfo=UTC).timestamp()) * 1000
DAY = 86_400_000
WIDTHS = (
    ((0, 60_000),),
    ((0, 600_000), (START + 3 * DAY, 60_000)),
    ((0, 10 * DAY),),
    ((0, 3_600_000),),
)
SPANS = {
    "aligned": (START, START + 12 * DAY),
    "by milliseconds": (START + 3_001, START + 6 * DAY + 7_777),
    "a part": (START + 2 * DAY + 17, START + 2 * DAY + 40_000_017),
    "before and after all": (START - 40 * DAY, START + 100 * DAY),
    "nothing": (START + 5, START + 5),
}


class Many:
    """Streams of all kinds, and what is in each."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self.raw: dict[int, list[Raw]] = {}
        self.late: set[int] = set()

    def add(self, raw: list[Raw], **changes: Any) -> Stream:
        stream = self.streams.new(**changes)
        self.raw[stream.id] = []
        self.put(stream.id, raw)
        return stream

    def put(self, number: int, raw: list[Raw]) -> None:
        append(self.streams, self.known(number), raw)
        self.raw[number] = sorted([*self.raw[number], *raw], key=lambda point: point[0])

    def known(self, number: int) -> Stream:
        return self.streams.services.streams.of(number)

    def every(self) -> list[Stream]:
        return [self.known(number) for number in self.raw]

    def ask(self, span: tuple[int, int], step: str, since: int | None = None) -> list[Bucket]:
        stepping = self.streams.services.statistics.stepping
        return list(stepping.buckets(self.every(), span, duration(step), since=since))

    def each(self, span: tuple[int, int], step: str) -> list[Any]:
        """One value after the other, by fractions."""
        steps, held = Steps(span[0], duration(step)), dict[tuple[int, int], list[Any]]()
        for number, raw in self.raw.items():
            for at, value in raw:
                if value is not None and span[0] <= at < span[1]:
                    held.setdefault((steps.number(at), number), []).append(value)
        return [
            (
                steps.start(count),
                number,
                min(steps.start(count + 1), span[1]),
                len(own),
                min(own),
                max(own),
                pytest.approx(float(sum(map(Fraction, own)) / len(own)), rel=1e-12, abs=1e-9),
            )
            for (count, number), own in sorted(held.items())
        ]


def shown(found: list[Bucket]) -> list[Any]:
    return [(b.at, b.stream, b.end, b.count, b.low, b.high, b.mean) for b in found]


def some(rng: random.Random) -> list[Raw]:
    """Several of one instant, nulls, gaps of days and weeks."""
    at, raw = START + rng.randrange(4 * DAY), list[Raw]()
    for _ in range(rng.randrange(1, 40)):
        raw.append((at, rng.choice((None, rng.gauss(1e6, 1), rng.randint(-99, 99)))))
        at += rng.choice((0, 1, 999, 7_000, 60_000, 5_000_000))
        at += rng.choice((DAY, 40 * DAY)) if rng.random() < 0.05 else 0
    return raw


@pytest.fixture(scope="module")
def many(services: Services, database: Database[Any]) -> Many:
    """Of some the rollups have seen all, of others not, of others nothing; some are empty."""
    rng, made = random.Random(12), Many(Streams(services, database))
    for number in range(16):
        made.add(some(rng) if number % 7 else [], widths=WIDTHS[number % len(WIDTHS)])
    work(made.streams)
    for number in list(made.raw)[::3]:
        made.put(number, [(START + DAY + 5_000 * n, n) for n in range(20)])
    for number in range(3):
        made.add(some(rng), widths=WIDTHS[number % len(WIDTHS)])
    return made


@pytest.fixture(params=["as it is", "tiny slabs", "far behind"])
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "tiny slabs":
        monkeypatch.setattr(module, "SLAB", 70)
        monkeypatch.setattr(module, "STEPS_TOGETHER", 16)
        monkeypatch.setattr(making, "CELLS_TOGETHER", 9)
        monkeypatch.setattr(making, "DOCUMENTS_TOGETHER", 12)
        monkeypatch.setattr(making, "RANGES", 2)
    if request.param == "far behind":
        monkeypatch.setattr(module, "UNSEEN_MAX", 0)
        monkeypatch.setattr(module, "UNSEEN_EACH", 0)


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("span", SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("step", ["PT1H", "P1D", "P1M"])
def test_the_buckets_of_many_are_those_of_the_raw_datapoints(
    many: Many, step: str, span: tuple[int, int]
) -> None:
    assert shown(many.ask(span, step)) == many.each(span, step)


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("step", ["PT0.5S", "PT1S", "PT7S"])
def test_short_buckets_of_many_are_those_of_the_raw_datapoints(many: Many, step: str) -> None:
    for span in (SPANS["a part"], (START + 3, START + 40 * DAY)):
        assert shown(many.ask(span, step)) == many.each(span, step)


@pytest.mark.parametrize("step", ["PT1S", "PT1H", "P1M"])
def test_an_answer_goes_on_with_any_of_its_buckets(many: Many, step: str) -> None:
    span = START + 3_001, START + 9 * DAY
    whole = many.ask(span, step)
    starts = sorted({bucket.at for bucket in whole})
    for since in starts[:: len(starts) // 3 + 1]:
        assert many.ask(span, step, since) == [one for one in whole if one.at >= since]


@pytest.mark.usefixtures("bounds")
def test_what_only_the_rollups_have_is_told_of_many(
    services: Services, database: Database[Any]
) -> None:
    """Raw datapoints go, hours stay; of one stream with a gap of years between."""
    made = Many(Streams(services, database))
    for start in (START, START + 4 * DAY, START + 30 * DAY):
        made.add([(start + n * 600_000, n) for n in range(300)])
    made.put(min(made.raw), [(START + 3_000 * DAY, 7)])
    work(made.streams)
    for name in ("values", "rollup_10seconds", "rollup_minutes", "rollup_10minutes"):
        database[name].delete_many({"_id.s": {"$in": list(made.raw)}})
    span = START - 60 * DAY, START + 4_000 * DAY
    for step in ("PT1H", "PT12H", "P1M"):
        assert shown(made.ask(span, step)) == made.each(span, step)


def test_only_what_is_told_of_costs_looks_of_its_own(
    services: Services, database: Database[Any]
) -> None:
    """However many streams there are beside those with datapoints in the range."""
    made = Many(Streams(services, database))
    for _ in range(3):
        made.add([(START + n * 600_000, n) for n in range(300)])
    for _ in range(120):
        made.add([])
    for _ in range(20):
        made.add([(START + 90 * DAY, 1)])
    work(made.streams)
    asked = START - 200 * DAY, START + 60 * DAY
    known, stepping = made.every(), services.statistics.stepping
    database.command("profile", 2)
    try:
        told = list(stepping.buckets(known, asked, duration("PT1H")))
    finally:
        database.command("profile", 0)
    own = {"op": {"$in": ["query", "command", "getmore"]}, "ns": {"$regex": "values|rollup"}}
    commands = database["system.profile"].count_documents(own)
    database.drop_collection("system.profile")
    assert shown(told) == made.each(asked, "PT1H")
    assert 0 < commands < len(made.raw)
