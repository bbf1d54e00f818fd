"""Statistics of very many data streams at once are those of each by itself."""

from __future__ import annotations

import random
from threading import Event
from typing import Any

import pytest
from pymongo.database import Database

from hub.jobs.streams import downsample
from hub.series.records import Statistic
from hub.services import Services
from hub.services.statistics import kept as module
from hub.services.statistics.kept import KeptStatistics
from hub.values import Stream
from tests.live import wait_until
from tests.retention import FENCES, append
from tests.streams import Streams

START = 1_600_000_020_000
MINUTE = 60_000


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


@pytest.fixture(scope="module")
def kept(services: Services) -> KeptStatistics:
    return services.statistics.kept


@pytest.fixture(scope="module")
def made(streams: Streams, kept: KeptStatistics) -> list[Stream]:
    """Some of their windows are kept, others were changed since; some records are posted."""
    rng = random.Random(6)
    made = [streams.new(value_type="nominal")]
    for number in range(16):
        stream = streams.new(widths=((0, 60_000),))
        at = sorted(START + rng.randrange(90 * MINUTE) for _ in range(60))
        append(streams, stream, [(one, rng.randint(-9, 9)) for one in at[:50]])
        if number == 10:
            wait_until(
                lambda: downsample(streams.services, next(FENCES), Event()), "all is carried up"
            )
        if number % 3 == 0:
            kept.post(stream, START + number * MINUTE, {"mean": number})
            kept.post(stream, at[0] - at[0] % MINUTE, {"median": number})
        append(streams, stream, [(one, 7) for one in at[45:]])
        made.append(stream)
    return [streams.services.streams.of(stream.id) for stream in made]


def each(kept: KeptStatistics, made: list[Stream], lo: int, hi: int) -> list[Statistic]:
    found = [one for stream in made for one in kept.range([stream], lo, hi)]
    return sorted(found, key=lambda one: (one.at, one.stream))


@pytest.mark.parametrize("span", [(0, 2**45), (START + 5 * MINUTE, START + 40 * MINUTE + 1)])
@pytest.mark.parametrize("unseen", [0, 500])
def test_a_range_of_many_is_that_of_each(
    kept: KeptStatistics,
    made: list[Stream],
    monkeypatch: pytest.MonkeyPatch,
    span: tuple[int, int],
    unseen: int,
) -> None:
    monkeypatch.setattr(module, "UNSEEN_MAX", unseen)
    wanted = each(kept, made, *span)
    assert len(wanted) > 100
    monkeypatch.setattr(module, "FEW", 0)
    assert list(kept.range(made, *span)) == wanted


@pytest.mark.parametrize("limit", [1, 10, 400, 10_000])
def test_the_newest_of_many_are_the_end_of_all(
    kept: KeptStatistics, made: list[Stream], monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    wanted = each(kept, made, 0, 2**45)
    monkeypatch.setattr(module, "FEW", 0)
    assert kept.newest(made, limit) == wanted[::-1][:limit]


def test_the_newest_of_some_are_found_behind_much_that_is_newer(
    streams: Streams, kept: KeptStatistics, made: list[Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = streams.new()
    for number in range(40):
        kept.post(later, START + (1_000 + number) * MINUTE, {"mean": number})
    monkeypatch.setattr(module, "LOOKS", 0)
    monkeypatch.setattr(module, "LOOKS_EACH", 1)
    monkeypatch.setattr(module, "FEW", 0)
    assert kept.newest(made, 5) == each(kept, made, 0, 2**45)[::-1][:5]
