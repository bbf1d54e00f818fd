"""Whose turn it is: what is too old goes in time, and many streams do not keep the worker busy."""

from __future__ import annotations

import random
from threading import Event
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from hub.services import Services
from hub.services.retention import enforcing
from hub.settings import Settings
from hub.values import Stream
from tests.commands import Commands
from tests.figures import Raw
from tests.retention import (
    DAY,
    FENCES,
    HOUR,
    MINUTE,
    NOW,
    RUN_S,
    append,
    emptied,
    fresh,
    keep,
    left,
    retain,
    work,
)
from tests.streams import Streams

NARROW = ((0, 10_000),)
OLD: list[Raw] = [(NOW - 2 * DAY + n * 30_000, n) for n in range(20)]
FRESH: list[Raw] = [(NOW - 10_000, 1)]


@pytest.fixture
def streams(services: Services, database: Database[Any]) -> Streams:
    return emptied(Streams(services, database))


def filled(streams: Streams, raw: list[Raw], **changes: Any) -> Stream:
    stream = streams.new(**changes)
    append(streams, stream, raw)
    work(streams)
    return stream


@pytest.mark.parametrize(
    ("limit", "after", "looked"),
    [
        (HOUR, 1, 0),
        (HOUR, 3 * MINUTE - 1, 0),
        (HOUR, 3 * MINUTE, 1),
        (30 * DAY, HOUR - 1, 0),
        (30 * DAY, HOUR, 1),
        (1_000, 50, 1),
    ],
)
def test_a_stream_has_its_turn_again_after_a_part_of_its_limit(
    streams: Streams, limit: int, after: int, looked: int
) -> None:
    filled(streams, OLD)
    keep(streams, "core_value", limit)
    worker = fresh(streams)
    assert worker.run(next(FENCES), Event(), NOW, run_s=RUN_S).streams == 1
    assert worker.run(next(FENCES), Event(), NOW + after, run_s=RUN_S).streams == looked


def test_the_shortest_limit_of_a_stream_counts(streams: Streams) -> None:
    filled(streams, OLD)
    keep(streams, "core_value", 30 * DAY)
    keep(streams, "core_valuestatistics", HOUR)
    worker = fresh(streams)
    worker.run(next(FENCES), Event(), NOW, run_s=RUN_S)
    assert worker.run(next(FENCES), Event(), NOW + 3 * MINUTE, run_s=RUN_S).streams == 1


def test_what_comes_late_goes_with_the_next_turn(streams: Streams) -> None:
    stream = filled(streams, [*OLD, *FRESH])
    keep(streams, "core_value", HOUR)
    worker = fresh(streams)
    worker.run(next(FENCES), Event(), NOW, run_s=RUN_S)
    append(streams, stream, OLD)
    work(streams)
    worker.run(next(FENCES), Event(), NOW + MINUTE, run_s=RUN_S)
    assert left(streams, stream) == [*OLD, *FRESH]
    worker.run(next(FENCES), Event(), NOW + 3 * MINUTE, run_s=RUN_S)
    assert left(streams, stream) == FRESH


def test_another_limit_counts_at_once(streams: Streams) -> None:
    stream = filled(streams, [*OLD, *FRESH])
    keep(streams, "core_value", 30 * DAY)
    worker = fresh(streams)
    worker.run(next(FENCES), Event(), NOW, run_s=RUN_S)
    assert left(streams, stream) == [*OLD, *FRESH]
    keep(streams, "core_value", DAY, stream)
    worker.run(next(FENCES), Event(), NOW + 1, run_s=RUN_S)
    assert left(streams, stream) == FRESH


def test_a_new_stream_is_looked_at_at_once(streams: Streams) -> None:
    filled(streams, OLD)
    keep(streams, "core_value", HOUR)
    worker = fresh(streams)
    worker.run(next(FENCES), Event(), NOW, run_s=RUN_S)
    stream = filled(streams, [*OLD, *FRESH])
    worker.run(next(FENCES), Event(), NOW + 1, run_s=RUN_S)
    assert left(streams, stream) == FRESH


def test_what_waits_for_the_rollups_is_looked_at_with_every_run(streams: Streams) -> None:
    stream = streams.new()
    append(streams, stream, [*OLD, *FRESH])
    keep(streams, "core_value", HOUR)
    worker = fresh(streams)
    worker.run(next(FENCES), Event(), NOW, run_s=RUN_S)
    assert left(streams, stream) == [*OLD, *FRESH]
    work(streams)
    worker.run(next(FENCES), Event(), NOW + 1, run_s=RUN_S)
    assert left(streams, stream) == FRESH


def test_each_of_many_streams_has_its_own_limit(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enforcing, "STREAMS_TOGETHER", 4)
    rng = random.Random(3)
    made: list[tuple[Stream, list[Raw], int | None]] = []
    for _ in range(18):
        stream = streams.new(widths=rng.choice([NARROW, ((0, 10 * DAY),)]))
        raw: list[Raw] = [(at, 1) for at in sorted(rng.sample(range(NOW - DAY, NOW), 40))]
        append(streams, stream, raw)
        made.append((stream, raw, rng.choice([HOUR, 5 * HOUR, 2 * DAY, None])))
    work(streams)
    keep(streams, "core_value", 3 * HOUR)
    for stream, _, limit in made:
        keep(streams, "core_value", limit, stream)
    retain(streams)
    for stream, raw, limit in made:
        until = NOW - (limit or 3 * HOUR)
        floor = until - until % MINUTE
        assert left(streams, stream) == [point for point in raw if point[0] >= floor]


def test_a_worker_that_is_killed_after_each_step_removes_the_same(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enforcing, "STEP", 3)
    made = [filled(streams, [*OLD, *FRESH], widths=NARROW) for _ in range(3)]
    keep(streams, "core_value", HOUR)
    keep(streams, "core_valuestatistics", HOUR)
    stopped = Event()
    stopped.set()
    runs = 0
    while any(left(streams, stream) != FRESH for stream in made):
        assert fresh(streams).run(next(FENCES), stopped, NOW).documents <= 3
        runs += 1
        assert runs < 200
    assert runs >= 20


def test_a_run_with_nothing_to_do_asks_for_policies_and_streams_only(
    streams: Streams, settings: Settings
) -> None:
    for _ in range(20):
        streams.new()
    keep(streams, "core_value", DAY)
    heard = Commands()
    client: MongoClient[Any]
    with MongoClient(settings.mongo_uri, tz_aware=True, event_listeners=[heard]) as client:
        worker = fresh(Streams(streams.services, client[settings.mongo_db]))
        assert worker.run(next(FENCES), Event(), NOW, run_s=RUN_S).streams == 20
        heard.names.clear()
        assert worker.run(next(FENCES), Event(), NOW + 10_000, run_s=RUN_S).whole
        assert heard.names == ["find", "find"]
