"""Values as records: newest first, in order of time, by id; made and changed at their time."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from pymongo.database import Database

from hub.errors import BadDatapoint, Conflict, LateDatapoint, NotFound
from hub.series.records import Record, parsed
from hub.services import Services
from hub.services.values import Values
from hub.values import Derivation, Feed, Source, Stream
from tests.figures import Raw
from tests.streams import Streams

START = 1_600_000_000_000
NARROW = ((0, 10_000), (0, 10_000))
CHANGED = ((0, 10_000), (START + 60_000, 60_000))
"""Documents of ten seconds, and from a moment on of a minute."""


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


@pytest.fixture(scope="module")
def values(services: Services) -> Values:
    return services.values


def append(streams: Streams, stream: Stream, raw: list[Raw]) -> Stream:
    """The stream as it is then: its documents may have another width."""
    streams.append(stream, [(at / 1000, value) for at, value in raw])
    return streams.services.streams.of(stream.id)


def some(seed: str, count: int = 200) -> list[Raw]:
    rng = random.Random(seed)
    at, raw = START, []
    for number in range(count):
        raw.append((at, number if number % 7 else None))
        at += rng.choice((0, 0, 1, 900, 4_000))
    return raw


def told(records: Any) -> list[tuple[int, int, int, Any]]:
    return [(one.stream, one.at, one.sequence, one.value) for one in records]


def numbered(stream: Stream, raw: list[Raw]) -> list[tuple[int, int, int, Any]]:
    """The datapoints, those of one instant counted."""
    made, counts = [], dict[int, int]()
    for at, value in raw:
        made.append((stream.id, at, counts.get(at, 0), value))
        counts[at] = counts.get(at, 0) + 1
    return made


@pytest.mark.parametrize(
    "widths", [NARROW, CHANGED, ((0, 1_000_000_000),)], ids=["10s", "changed", "wide"]
)
@pytest.mark.parametrize("limit", [1, 2, 50, 199, 200, 1_000])
def test_the_newest_of_a_stream(streams: Streams, values: Values, widths: Any, limit: int) -> None:
    stream, raw = streams.new(widths=widths), some("newest")
    stream = append(streams, stream, raw)
    found = values.records.newest([stream], limit)
    assert told(found) == numbered(stream, raw)[::-1][:limit]


def test_the_newest_of_a_stream_that_has_none(streams: Streams, values: Values) -> None:
    assert values.records.newest([streams.new()], 5) == []


@pytest.mark.parametrize("limit", [1, 3, 40, 10_000])
def test_the_newest_of_several_streams(streams: Streams, values: Values, limit: int) -> None:
    made = [streams.new(widths=NARROW) for _ in range(5)]
    every = []
    for index, stream in enumerate(made[:4]):
        raw = [(at + 30_000 * index, value) for at, value in some(f"several {index}", 60)]
        append(streams, stream, raw)
        every += numbered(stream, raw)
    every.sort(key=lambda row: (row[1], row[0], row[2]), reverse=True)
    assert told(values.records.newest(made, limit)) == every[:limit]


@pytest.mark.parametrize("span", [(0, 2**45), (START + 4_000, START + 40_001), (START, START)])
def test_a_range_of_several_streams_comes_in_order_of_time(
    streams: Streams, values: Values, span: tuple[int, int]
) -> None:
    made = [streams.new(widths=NARROW), streams.new(), streams.new(widths=CHANGED)]
    every = []
    for index, stream in enumerate(made):
        raw = some(f"range {index}", 90)
        made[index] = append(streams, stream, raw)
        every += [row for row in numbered(stream, raw) if span[0] <= row[1] < span[1]]
    every.sort(key=lambda row: (row[1], row[0], row[2]))
    assert told(values.records.range(made, *span)) == every
    alone = [row for row in every if row[0] == made[0].id]
    assert told(values.records.range(made[:1], *span)) == alone
    pieces = list(values.records.pieces(made[0], *span))
    assert [at for piece in pieces for at in piece.at.tolist()] == [row[1] for row in alone]


def test_an_id_leads_back_to_its_record(streams: Streams, values: Values) -> None:
    stream = append(streams, streams.new(), some("ids"))
    for record in values.records.newest([stream], 1_000):
        number, at, sequence = parsed(record.id)
        assert number == stream.id
        assert values.records.one(stream, at, sequence) == record


@pytest.mark.parametrize(("at", "sequence"), [(START + 1, 0), (START, 1)])
def test_a_record_that_is_not_there(
    streams: Streams, values: Values, at: int, sequence: int
) -> None:
    stream = streams.new()
    append(streams, stream, [(START, 5)])
    with pytest.raises(NotFound):
        values.records.one(stream, at, sequence)


@pytest.mark.parametrize(
    "text",
    ["", "5", "5-", "-5", "0-5", "05-5", "5-05", "5-5-0", "5--5", "5-5-", "a-5", "5-5-5-5", "٣-5",
     "5-5\n", "5-" + "9" * 17],
)  # fmt: skip
def test_what_is_no_id_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        parsed(text)


def test_an_id_and_what_it_says() -> None:
    assert Record(10, 1_777_377_600_000, 0, 1200.5).id == "10-1777377600000"
    assert parsed("10-1777377600000") == (10, 1_777_377_600_000, 0)
    assert parsed(Record(10, 5, 2, None).id) == (10, 5, 2)


@pytest.mark.parametrize("late", ["replace", "keep", "reject"])
def test_a_value_is_made_and_then_changed(streams: Streams, values: Values, late: str) -> None:
    stream = streams.new(late=late)
    assert values.setting.put(stream, START, 1) == Record(stream.id, START, 0, 1)
    assert values.setting.put(stream, START + 1, 7.5).value == 7.5
    assert values.setting.put(stream, START, None) == Record(stream.id, START, 0, None)
    assert told(values.records.range([stream], 0, 2**45)) == [
        (stream.id, START, 0, None),
        (stream.id, START + 1, 0, 7.5),
    ]


def test_of_several_values_of_an_instant_the_last_is_changed(
    streams: Streams, values: Values
) -> None:
    stream = streams.new()
    append(streams, stream, [(START, 1), (START, 2), (START, 3)])
    assert values.setting.put(stream, START, 9) == Record(stream.id, START, 2, 9)
    assert [one.value for one in values.records.range([stream], 0, 2**45)] == [1, 2, 9]


def test_a_value_in_a_document_of_an_earlier_width_is_changed_there(
    streams: Streams, values: Values
) -> None:
    stream = streams.new(widths=((0, 10_000),))
    append(streams, stream, [(START, 1)])
    wider = replace(stream, widths=((0, 10_000), (0, 60_000)))
    values.setting.put(wider, START, 2)
    assert [one.value for one in values.records.range([wider], 0, 2**45)] == [2]


def test_a_late_value_is_refused_where_late_ones_are(streams: Streams, values: Values) -> None:
    stream = streams.new(late="reject")
    values.setting.put(stream, START, 1)
    with pytest.raises(LateDatapoint):
        values.setting.put(stream, START - 1, 1)


def test_many_at_once_at_one_instant_make_one_value(streams: Streams, values: Values) -> None:
    stream = streams.new()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda value: values.setting.put(stream, START, value), range(40)))
    (record,) = values.records.range([stream], 0, 2**45)
    assert record.value in range(40)


@pytest.mark.parametrize(
    ("at", "value", "path"),
    [
        (START, "1", "value"),
        (START, True, "value"),
        (START, float("inf"), "value"),
        (START, {"m": 1}, "value"),
        (-1, 1, "timestamp"),
        (2**31 * 1000, 1, "timestamp"),
    ],
)
def test_what_is_no_value_is_refused(
    streams: Streams, values: Values, at: int, value: Any, path: str
) -> None:
    with pytest.raises(BadDatapoint) as refused:
        values.setting.put(streams.new(late="replace"), at, value)
    assert refused.value.detail["path"].startswith(path)


@pytest.mark.parametrize(
    "own",
    [
        {"feed": Feed("00000000-0000-4000-8000-000000000000", "a")},
        {"derivation": Derivation("sum", (Source(1, "seconds"),), {})},
    ],
    ids=["fed", "derived"],
)
def test_the_hubs_own_values_are_not_set(
    streams: Streams, values: Values, own: dict[str, Any]
) -> None:
    with pytest.raises(Conflict):
        values.setting.put(replace(streams.new(), **own), START, 1)


def test_values_of_several_streams_are_put_each_with_its_verdict(
    streams: Streams, values: Values
) -> None:
    single, other = streams.new(late="replace"), streams.new(late="replace")
    keeping, large = streams.new(), streams.new(late="replace")
    wanted = [
        (single, START, 1),
        (single, START, 2),
        (other, START, "no"),
        (keeping, START, 3),
        (other, START + 99_000_000, 4),
        (other, START, 5),
        *((large, START + n, n) for n in range(80)),
    ]
    verdicts = values.setting.put_all(wanted)
    assert [type(verdict).__name__ for verdict in verdicts[:6]] == [
        "Record", "Record", "BadDatapoint", "Record", "Record", "Record",
    ]  # fmt: skip
    found = told(values.records.range([single, other, keeping], 0, 2**45))
    assert found == [
        (single.id, START, 0, 2),
        (other.id, START, 0, 5),
        (keeping.id, START, 0, 3),
        (other.id, START + 99_000_000, 0, 4),
    ]
    now = streams.services.streams.of(large.id)
    assert [one.value for one in values.records.range([now], 0, 2**45)] == list(range(80))


def test_what_is_put_is_marked_for_the_rollups(streams: Streams, values: Values) -> None:
    one, two = streams.new(late="replace"), streams.new()
    values.setting.put_all([(one, START, 1), (two, START, 1)])
    values.setting.put(two, START, 2)
    chosen = {"d": True, "_id.s": {"$in": [one.id, two.id]}}
    assert streams.mongo.db["values"].count_documents(chosen) == 2
