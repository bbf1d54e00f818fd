"""Where datapoints go: in order, late, twice, at one instant, from many at once."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from hub.errors import BadDatapoint, HubError, Invalid, LateDatapoint, NotJson
from hub.ingest.text import Shape
from hub.series.selection import Selection
from hub.services import Services
from hub.services.streams.writing.appending import Appended, Arriving
from hub.values import Late, Stream
from tests.chain import Raw
from tests.streams import Streams

START = 1_600_000_000
POLICIES: tuple[Late, ...] = ("keep", "replace", "reject")


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


def now(streams: Streams, stream: Stream) -> Stream:
    return streams.services.streams.of(stream.id)


def put(
    streams: Streams, stream: Stream, sent: Any, key: str | None = None, shape: Shape | None = None
) -> Appended:
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    shape = shape or ("array" if isinstance(sent, list) else "object")
    arriving = Arriving(
        stream=now(streams, stream), body=body, shape=shape, idempotency_key=key
    )  # fmt: skip
    return streams.services.appending.put(arriving)


def told(points: Iterable[Raw]) -> list[dict[str, Any]]:
    return [{"t": at / 1000, "v": value} for at, value in points]


def values(streams: Streams, stream: Stream) -> list[Any]:
    """All raw values, in the order of reading."""
    found: list[Any] = []
    while True:
        asked = Selection(offset=len(found), limit=10_000)
        reading = streams.services.readings.read(now(streams, stream), asked)
        found += [point["v"] for point in reading.points]
        if len(found) >= reading.total or not reading.points:
            assert len(found) == reading.total
            return found


def taken(policy: Late, arrived: Iterable[Raw]) -> tuple[list[Any], list[bool]]:
    """What a stream holds after some datapoints one by one, and which of them it took."""
    kept: list[Raw] = []
    verdicts = []
    for at, value in arrived:
        fine = policy != "reject" or not kept or at >= max(kept)[0]
        verdicts.append(fine)
        if policy == "replace":
            kept = [point for point in kept if point[0] != at]
        if fine:
            kept.append((at, value))
    return [value for _, value in sorted(kept, key=lambda point: point[0])], verdicts


def in_order(rng: random.Random) -> list[Raw]:
    times = sorted(rng.randrange(0, 60_000) for _ in range(120))
    return [(START * 1000 + at, n) for n, at in enumerate(times)]


def late(rng: random.Random) -> list[Raw]:
    return [(START * 1000 + rng.randrange(0, 60_000), n) for n in range(120)]


def equal(rng: random.Random) -> list[Raw]:
    """Few instants, again and again, within batches and across them."""
    return [(START * 1000 + rng.choice((0, 1, 999, 1000, 50_000)), n) for n in range(120)]


@pytest.mark.parametrize("size", [1, 7, 40, 120], ids=lambda size: f"by {size}")
@pytest.mark.parametrize("how", [in_order, late, equal], ids=lambda how: how.__name__)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_stream_holds_what_its_policy_takes(
    streams: Streams, policy: Late, how: Callable[[random.Random], list[Raw]], size: int
) -> None:
    raw = how(random.Random(f"{policy} {how.__name__} {size}"))
    stream = streams.new(late=policy, widths=((0, 10_000), (0, 10_000)))
    verdicts: list[bool] = []
    for lo in range(0, len(raw), size):
        found = put(streams, stream, told(raw[lo : lo + size]))
        verdicts += [not isinstance(verdict, HubError) for verdict in found.verdicts]
    wanted, fine = taken(policy, raw)
    assert verdicts == fine
    assert values(streams, stream) == wanted


def test_a_late_datapoint_of_its_own_is_refused_as_late(streams: Streams) -> None:
    stream = streams.new(late="reject")
    put(streams, stream, {"t": START, "v": 1})
    with pytest.raises(LateDatapoint):
        put(streams, stream, {"t": START - 1, "v": 2})
    assert values(streams, stream) == [1]


def at_once(jobs: list[Callable[[], object]]) -> None:
    """Run jobs in threads; the first failure of any is raised."""
    failures: list[BaseException] = []

    def caught(job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=caught, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.parametrize("size", [1, 5, 100], ids=lambda size: f"by {size}")
def test_keep_loses_no_datapoint_of_one_instant_from_four_threads(
    streams: Streams, size: int
) -> None:
    stream = streams.new(late="keep")
    count = 500

    def job(first: int) -> Callable[[], None]:
        def run() -> None:
            for n in range(first, first + count, size):
                put(streams, stream, told((START * 1000, n + i) for i in range(size)))

        return run

    at_once([job(thread * count) for thread in range(4)])
    found = values(streams, stream)
    assert sorted(found) == list(range(4 * count))
    for thread in range(4):
        own = [value for value in found if value // count == thread]
        assert own == sorted(own), "each sender's come in its order"


def test_many_at_one_instant_are_all_stored(streams: Streams) -> None:
    stream = streams.new(late="keep")

    def job(first: int) -> Callable[[], object]:
        return lambda: [put(streams, stream, {"t": START, "v": first + n}) for n in range(60)]

    at_once([job(thread * 60) for thread in range(12)])
    assert sorted(values(streams, stream)) == list(range(12 * 60))


def test_replace_keeps_one_value_of_one_instant_from_four_threads(streams: Streams) -> None:
    stream = streams.new(late="replace")
    jobs = [
        lambda first=first: [put(streams, stream, {"t": START, "v": first}) for _ in range(50)]
        for first in range(4)
    ]
    at_once(jobs)
    found = values(streams, stream)
    assert len(found) == 1
    assert found[0] in range(4)


REPEATED = {
    "in order": [(START * 1000 + n * 500, n) for n in range(30)],
    "one instant": [(START * 1000, n % 3) for n in range(9)],
    "late": [(START * 1000 + n * 777 % 10_000, n) for n in range(30)],
    "long": [(START * 1000 + n * 500, n) for n in range(200)],
}


@pytest.mark.parametrize("done", [True, False], ids=["closed", "never closed"])
@pytest.mark.parametrize("sent", REPEATED)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_repeat_doubles_nothing_and_answers_the_same(
    streams: Streams, policy: Late, sent: str, done: bool
) -> None:
    stream = streams.new(late=policy)
    put(streams, stream, told([(START * 1000 - 5000, -1), (START * 1000, -2)]))
    first = put(streams, stream, told(REPEATED[sent]), key="k")
    before = values(streams, stream)
    if not done:
        forget_the_end(streams)
    again = put(streams, stream, told(REPEATED[sent]), key="k")
    assert values(streams, stream) == before
    assert again.replayed
    assert [type(v) for v in again.verdicts] == [type(v) for v in first.verdicts]


def forget_the_end(streams: Streams) -> None:
    """As if the hub had died before it noted that everything was stored."""
    streams.mongo.db["idempotency"].update_many({}, {"$set": {"done": False}})


@pytest.mark.parametrize("policy", ["keep", "replace"])
def test_a_repeat_completes_what_was_stored_in_part(streams: Streams, policy: Late) -> None:
    stream = streams.new(late=policy, widths=((0, 1000), (0, 1000)))
    raw = [(START * 1000 + n // 2 * 700, n) for n in range(60)]
    put(streams, stream, told(raw), key="part")
    whole = values(streams, stream)
    streams.mongo.db["values"].delete_many(
        {"_id.s": stream.id, "_id.h": {"$mod": [2000, 0]}}
    )  # fmt: skip
    assert 0 < len(values(streams, stream)) < len(whole)
    forget_the_end(streams)
    put(streams, stream, told(raw), key="part")
    assert values(streams, stream) == whole


def test_a_repeat_after_newer_ones_came_is_not_late(streams: Streams) -> None:
    stream = streams.new(late="reject")
    put(streams, stream, {"t": START, "v": 1}, key="a")
    put(streams, stream, {"t": START + 10, "v": 2})
    forget_the_end(streams)
    again = put(streams, stream, {"t": START, "v": 1}, key="a")
    assert again.stored == 1
    assert values(streams, stream) == [1, 2]


@pytest.mark.parametrize(("held", "sent"), [(1, True), (True, 1), (0, False), ([1], [True])])
def test_a_repeat_is_told_apart_from_another_value_that_python_finds_equal(
    streams: Streams, held: Any, sent: Any
) -> None:
    stream = streams.new(value_type="nominal", value_downsamplers=("count",))
    put(streams, stream, {"t": START, "v": sent}, key="n")
    streams.mongo.db["values"].delete_many({"_id.s": stream.id})
    put(streams, stream, {"t": START, "v": held})
    forget_the_end(streams)
    put(streams, stream, {"t": START, "v": sent}, key="n")
    found = values(streams, stream)
    assert [repr(value) for value in found] == [repr(held), repr(sent)]


@pytest.mark.parametrize("taken_before", [True, False], ids=["beside newer ones", "alone"])
@pytest.mark.parametrize("count", [1, 40, 100])
@pytest.mark.parametrize("policy", POLICIES)
def test_repeats_that_run_at_once_double_nothing(
    streams: Streams, policy: Late, count: int, taken_before: bool
) -> None:
    stream = streams.new(late=policy, widths=((0, 3_600_000), (0, 3_600_000)))
    before = [{"t": START + 10, "v": -1}] if taken_before and policy != "reject" else []
    put(streams, stream, before)
    sent = [(START * 1000 + n // 2, n) for n in range(count)]
    at_once([lambda: put(streams, stream, told(sent), key="same") for _ in range(8)])
    wanted, _ = taken(policy, [*sent, *(((START + 10) * 1000, -1) for _ in before)])
    assert values(streams, stream) == wanted


def test_a_repeat_does_not_undo_what_corrected_it(streams: Streams) -> None:
    stream = streams.new(late="replace")
    put(streams, stream, {"t": START, "v": 1}, key="first")
    put(streams, stream, {"t": START, "v": 2})
    forget_the_end(streams)
    put(streams, stream, {"t": START, "v": 1}, key="first")
    assert values(streams, stream) == [2]


def test_another_key_is_another_datapoint(streams: Streams) -> None:
    stream = streams.new(late="keep")
    for key in ("one", "two", "one"):
        put(streams, stream, {"t": START, "v": 5}, key=key)
    assert values(streams, stream) == [5, 5]


def test_one_without_a_time_is_of_now(streams: Streams) -> None:
    stream = streams.new()
    before = int(time.time() * 1000)
    verdict = put(streams, stream, {"v": 1}).verdicts[0]
    assert isinstance(verdict, tuple)
    assert before <= verdict[0] <= int(time.time() * 1000)


def test_a_repeat_without_a_time_has_the_time_of_the_first(streams: Streams) -> None:
    """Milliseconds come back from the database as they went there, whichever they are."""
    stream = streams.new(late="keep")
    for n in range(200):
        put(streams, stream, {"v": n}, key=str(n))
        forget_the_end(streams)
        put(streams, stream, {"v": n}, key=str(n))
    assert values(streams, stream) == list(range(200))


@pytest.mark.parametrize(
    "t",
    [START + 0.123, "2020-09-13T12:26:40.123Z", "2020-09-13T14:26:40.123999+02:00"],
)
def test_a_time_keeps_its_milliseconds(streams: Streams, t: Any) -> None:
    stream = streams.new(late="replace")
    put(streams, stream, {"t": t, "v": 1})
    put(streams, stream, {"t": START + 0.124, "v": 2})
    put(streams, stream, {"t": START + 0.123, "v": 3})
    assert values(streams, stream) == [3, 2]


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**63, float(2**63)),
        (-(2**63) - 1, float(-(2**63))),
        (10**20, 1e20),
        (10**300, 1e300),
        (2**53 + 1, 2**53 + 1),
    ],
)
def test_integers_are_kept_within_64_bit_and_near_beyond(
    streams: Streams, sent: int, held: float
) -> None:
    stream = streams.new()
    put(streams, stream, {"t": START, "v": sent}, key="big")
    put(streams, stream, {"t": START + 100, "v": 1})
    forget_the_end(streams)
    put(streams, stream, {"t": START, "v": sent}, key="big")
    (found, _) = values(streams, stream)
    assert found == held
    assert isinstance(found, type(held))


@pytest.mark.parametrize("value", [True, False, "1", [1], {}, {"c": 1}])
def test_what_is_no_number_is_refused(streams: Streams, value: Any) -> None:
    stream = streams.new()
    with pytest.raises(BadDatapoint):
        put(streams, stream, {"t": START, "v": value})
    assert values(streams, stream) == []


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"1" * 400])
def test_nan_and_infinity_are_refused(streams: Streams, text: bytes) -> None:
    stream = streams.new()
    with pytest.raises((BadDatapoint, NotJson)):
        put(streams, stream, b'{"t": %d, "v": %s}' % (START, text))
    assert values(streams, stream) == []


@pytest.mark.parametrize(
    "t", [-1, -0.0005, 2**31, "1969-12-31T23:59:59Z", "2038-01-19T03:14:08Z", True, None, "x", ""]
)
def test_times_outside_what_a_stream_takes_are_refused(streams: Streams, t: Any) -> None:
    with pytest.raises(BadDatapoint):
        put(streams, streams.new(), {"t": t, "v": 1})


def test_the_first_and_the_last_second_are_taken(streams: Streams) -> None:
    stream = streams.new()
    sent = [{"t": 0, "v": 1}, {"t": "2038-01-19T03:14:07.999Z", "v": 2}]
    assert put(streams, stream, sent).stored == 2
    assert values(streams, stream) == [1, 2]


def test_a_batch_takes_the_good_and_tells_the_bad(streams: Streams) -> None:
    stream = streams.new()
    sent = b'{"t": 1, "v": 1}\n{"t": 2, "v": true}\nnonsense\n{"t": 3, "v": 3, "v": 4}\n'
    sent += b'{"t": 4, "v": 4}'
    found = put(streams, stream, sent, shape="lines")
    assert [isinstance(verdict, tuple) for verdict in found.verdicts] == [
        True, False, False, False, True,
    ]  # fmt: skip
    assert values(streams, stream) == [1, 4]


def test_an_iso_time_without_a_zone_is_utc(streams: Streams) -> None:
    moment = datetime.fromtimestamp(START, UTC)
    verdict = put(streams, streams.new(), {"t": moment.isoformat()[:19], "v": 1}).verdicts[0]
    assert verdict == (START * 1000, 1)
    shifted = (moment + timedelta(hours=5, minutes=45)).isoformat()[:19]
    verdict = put(streams, streams.new(), {"t": f"{shifted}+05:45", "v": 1}).verdicts[0]
    assert verdict == (START * 1000, 1)


@pytest.mark.parametrize("attempt", range(5))
def test_first_batches_that_come_at_once_lose_nothing(streams: Streams, attempt: int) -> None:
    """Each at a rate of its own, from which the documents' width is guessed."""
    stream = streams.new(late="keep")
    first = now(streams, stream)
    steps = (1, 3_600_000, 1_000_000)

    def job(step: int) -> Callable[[], object]:
        body = json.dumps(told((START * 1000 + n * step, n) for n in range(100))).encode()
        arriving = Arriving(stream=first, body=body, shape="array")
        return lambda: streams.services.appending.put(arriving)

    at_once([job(step) for step in steps])
    assert sorted(values(streams, stream)) == sorted([*range(100)] * 3)


@pytest.mark.parametrize("depth", [200, 900, 5_000])
def test_a_value_nested_beyond_reading_is_refused(streams: Streams, depth: int) -> None:
    stream = streams.new(value_type="nominal", value_downsamplers=("count",))
    body = b'[{"t": 1, "v": ' + b"[" * depth + b"]" * depth + b"}]"
    arriving = Arriving(stream=stream, body=body, shape="array")
    with suppress(Invalid):
        verdicts = streams.services.appending.put(arriving).verdicts
        assert isinstance(verdicts[0], Invalid)
    assert values(streams, stream) == []
