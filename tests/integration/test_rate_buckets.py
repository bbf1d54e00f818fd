"""Token buckets, the same in the database and in Redis, and what a process takes from them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest

from hub.errors import SetupError
from hub.services.rates import HANDFUL_MAX, HELD_S, REFUSING_S, Meter
from hub.settings import Settings
from hub.store import schema
from hub.store.access.rates import SHARE, Buckets, Drawn, Rate, RateStore
from hub.store.client import Mongo, connect
from hub.store.redis import PAUSE_S, Redis, RedisBuckets
from hub.store.redis import connect as connect_redis
from tests.live import wait_until
from tests.redis_server import RedisServer, redis_server

NEVER = 1e-6
"""Tokens a second: none comes back in a test."""
CLOCKS_S = 0.05
"""What the server's clock may gain on ours, or lose, in a test; it tells milliseconds."""
PATIENCE_S = 60.0
"""So long Redis may stay silent where it is to answer."""


class Clock:
    """Stands still unless a test turns it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def mongo(settings: Settings) -> Iterator[Mongo]:
    opened = connect(settings.mongo_uri or "", settings.mongo_db)
    schema.ensure(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


class Nowhere:
    """No buckets at all."""

    def draw(self, bucket: str, rate: Rate, *, wish: int = 1, back: int = 0) -> Drawn:
        raise AssertionError("Redis was to answer")


@pytest.fixture(params=["database", "redis"])
def buckets(request: pytest.FixtureRequest, mongo: Mongo, redis: RedisServer) -> Iterator[Buckets]:
    if request.param == "database":
        yield RateStore(mongo)
        return
    with connect_redis(redis.url, PATIENCE_S) as client:
        yield RedisBuckets(client, "test", Nowhere())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def name() -> str:
    return secrets.token_hex(8)


def let_pass(seconds: float) -> None:
    """Wait for a little more than that."""
    until = monotonic() + seconds + 0.01
    wait_until(lambda: monotonic() > until, "time passes")


def test_a_new_bucket_is_full_and_gives_no_more_than_it_holds(buckets: Buckets, name: str) -> None:
    drawn = [buckets.draw(name, Rate(NEVER, 3)) for _ in range(5)]
    assert [one.count for one in drawn] == [1, 1, 1, 0, 0]
    assert [round(one.left, 3) for one in drawn] == [2, 1, 0, 0, 0]


@pytest.mark.parametrize(("burst", "wish", "count"), [(80, 4, 4), (80, 64, 10), (7, 64, 1)])
def test_a_wish_is_met_up_to_its_share(
    buckets: Buckets, name: str, burst: int, wish: int, count: int
) -> None:
    drawn = buckets.draw(name, Rate(NEVER, burst), wish=wish)
    assert (drawn.count, round(drawn.left, 3)) == (count, burst - count)


@pytest.mark.parametrize(("back", "left"), [(1, 2), (2, 3), (50, 4)])
def test_what_comes_back_is_there_again_and_fills_no_further_than_the_burst(
    buckets: Buckets, name: str, back: int, left: int
) -> None:
    for _ in range(3):
        buckets.draw(name, Rate(NEVER, 5))
    assert round(buckets.draw(name, Rate(NEVER, 5), back=back).left, 3) == left


def test_of_many_at_once_as_many_are_let_in_as_it_holds(buckets: Buckets, name: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: buckets.draw(name, Rate(NEVER, 100), wish=9), range(300)))
    assert sum(one.count for one in drawn) == 100


def test_tokens_come_back_with_time(buckets: Buckets, name: str) -> None:
    rate = Rate(2, 2)
    while buckets.draw(name, rate).count:
        pass
    wait_until(lambda: buckets.draw(name, rate).count == 1, "a token is back")


def test_it_fills_as_fast_as_its_rate(buckets: Buckets, name: str) -> None:
    """What it gains lies between the time from answer to question and from question to answer."""
    rate = Rate(1000, 10_000_000)
    started = monotonic()
    first = buckets.draw(name, rate, wish=1_000_000)
    answered = monotonic()
    let_pass(0.2)
    asked = monotonic()
    then = buckets.draw(name, rate)
    came_s = (then.left + then.count - first.left) / 1000
    assert asked - answered - CLOCKS_S <= came_s <= monotonic() - started + CLOCKS_S


def test_a_burst_that_was_lowered_counts_at_once(buckets: Buckets, name: str) -> None:
    buckets.draw(name, Rate(NEVER, 1000))
    assert round(buckets.draw(name, Rate(NEVER, 10)).left, 3) == 9


def test_buckets_are_apart(buckets: Buckets, name: str) -> None:
    buckets.draw(name, Rate(NEVER, 1))
    assert buckets.draw(name, Rate(NEVER, 1)).count == 0
    assert buckets.draw(f"{name}x", Rate(NEVER, 1)).count == 1


def test_redis_forgets_a_bucket_when_it_is_full_again(redis: RedisServer, name: str) -> None:
    with connect_redis(redis.url, PATIENCE_S) as client:
        RedisBuckets(client, "test", Nowhere()).draw(name, Rate(0.1, 300))
        assert 2_900_000 < client.pttl(f"hub:rate:test:{name}") <= 3_001_000


def test_two_hubs_in_one_redis_count_apart(redis: RedisServer, name: str) -> None:
    with connect_redis(redis.url, PATIENCE_S) as client:
        one, other = (RedisBuckets(client, space, Nowhere()) for space in "ab")
        assert one.draw(name, Rate(NEVER, 1)).count == 1
        assert other.draw(name, Rate(NEVER, 1)).count == 1


class Asked(Redis):
    """A client that counts what it is to send."""

    times = 0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.times += 1
        return super().execute_command(*args, **options)


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_while_redis_is_silent_the_database_counts(
    mongo: Mongo, clock: Clock, name: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    rate = Rate(NEVER, 3)
    with redis_server() as server, Asked.from_url(server.url, socket_timeout=0.1) as client:
        buckets = RedisBuckets(client, "test", RateStore(mongo), clock=clock)
        getattr(server, how)()
        with caplog.at_level(logging.WARNING, "hub.store.redis"):
            drawn = [buckets.draw(name, rate).count for _ in range(4)]
        assert client.times == 1
    assert drawn == [1, 1, 1, 0]
    assert caplog.text.count("rates are counted in the database") == 1


def test_redis_counts_again_when_it_is_back(mongo: Mongo, clock: Clock, name: str) -> None:
    with redis_server() as server, connect_redis(server.url, PATIENCE_S) as client:
        buckets = RedisBuckets(client, "test", RateStore(mongo), clock=clock)
        server.stop()
        buckets.draw(name, Rate(1, 10))
        server.start()
        clock.now += PAUSE_S - 0.001
        buckets.draw(name, Rate(1, 10))
        assert server.keys() == []
        clock.now += 0.002
        buckets.draw(name, Rate(1, 10))
        assert server.keys() == [f"hub:rate:test:{name}"]


@pytest.mark.parametrize("url", ["http://h/0", "redis://:s3cret@h:port/0", "nonsense"])
def test_a_url_that_is_none_of_redis_stops_the_start_and_is_not_repeated(url: str) -> None:
    with pytest.raises(SetupError, match="HUB_REDIS_URL") as failure:
        connect_redis(url)
    assert "s3cret" not in str(failure.value)
    assert url not in str(failure.value)


# By the handful


class Watched:
    """Buckets that tell how often they were drawn from, and for what."""

    def __init__(self, inner: Buckets) -> None:
        self.wishes: list[int] = []
        self._inner = inner

    def draw(self, bucket: str, rate: Rate, *, wish: int = 1, back: int = 0) -> Drawn:
        self.wishes.append(wish)
        return self._inner.draw(bucket, rate, wish=wish, back=back)


def counted(meter: Meter, who: str, times: int) -> int:
    """How many of so many requests are counted."""
    return sum(meter.count(who).wait_s == 0 for _ in range(times))


def test_who_comes_often_costs_few_draws(buckets: Buckets, clock: Clock, name: str) -> None:
    watched = Watched(buckets)
    meter = Meter(watched, "key", Rate(NEVER, 10_000), clock=clock)
    assert counted(meter, name, 1_000) == 1_000
    assert len(watched.wishes) < 100
    assert max(watched.wishes) == HANDFUL_MAX


def test_who_comes_now_and_then_takes_one_at_a_time(
    buckets: Buckets, clock: Clock, name: str
) -> None:
    watched = Watched(buckets)
    meter = Meter(watched, "key", Rate(1000, 1_000), clock=clock)
    for _ in range(3):
        meter.count(name)
        clock.now += HELD_S
    assert watched.wishes == [1, 1, 1]


@pytest.mark.parametrize("burst", [1, 5, SHARE, 200, 999])
def test_a_burst_is_given_out_whole_and_no_further(buckets: Buckets, name: str, burst: int) -> None:
    meter = Meter(buckets, "key", Rate(NEVER, burst))
    assert counted(meter, name, burst + 50) == burst


def test_a_burst_is_that_of_all_processes_and_threads(buckets: Buckets, name: str) -> None:
    meters = [Meter(buckets, "key", Rate(NEVER, 500)) for _ in range(3)]
    with ThreadPoolExecutor(9) as pool:
        passed = pool.map(lambda turn: counted(meters[turn % 3], name, 100), range(9))
        total = sum(passed)
    assert 500 - 3 * HANDFUL_MAX <= total <= 500
    total += sum(counted(meter, name, 200) for meter in meters)
    assert total == 500


def test_what_a_process_did_not_use_goes_back(buckets: Buckets, clock: Clock, name: str) -> None:
    meter = Meter(buckets, "key", Rate(NEVER, 1_000), clock=clock)
    assert counted(meter, name, 100) == 100
    clock.now += HELD_S
    assert meter.count(name).remaining == 899
    assert round(buckets.draw(f"key:{name}", Rate(NEVER, 1_000)).left) == 898


def test_a_flood_of_refusals_costs_no_draws(buckets: Buckets, clock: Clock, name: str) -> None:
    watched = Watched(buckets)
    meter = Meter(watched, "key", Rate(NEVER, 2), clock=clock)
    assert counted(meter, name, 1_000) == 2
    assert len(watched.wishes) == 3
    clock.now += REFUSING_S
    assert counted(meter, name, 1_000) == 0
    assert len(watched.wishes) == 4


def test_who_was_refused_comes_in_when_there_is_a_token(buckets: Buckets, name: str) -> None:
    meter = Meter(buckets, "key", Rate(4, 1))
    wait_s = 0.0
    while not wait_s:
        asked = monotonic()
        wait_s = meter.count(name).wait_s
    assert wait_s <= 0.25
    wait_until(lambda: meter.count(name).wait_s == 0, "a token is back")
    assert monotonic() - asked >= wait_s


def test_what_remains_is_told(buckets: Buckets, name: str) -> None:
    meter = Meter(buckets, "key", Rate(NEVER, 100))
    assert [meter.count(name).remaining for _ in range(30)] == list(range(99, 69, -1))


def test_nothing_remains_for_who_is_refused(buckets: Buckets, name: str) -> None:
    meter = Meter(buckets, "key", Rate(0.001, 4))
    assert counted(meter, name, 4) == 4
    standing = meter.count(name)
    assert (standing.remaining, standing.full_s) == (0, 4_000)
    assert 800 < standing.wait_s <= 1_000


def test_the_wait_of_a_long_refusal_counts_down(buckets: Buckets, name: str) -> None:
    meter = Meter(buckets, "key", Rate(0.001, 1))
    meter.count(name)
    first = meter.count(name).wait_s
    wait_until(lambda: meter.count(name).wait_s < first - 1.2, "the wait is shorter")
    assert meter.count(name).wait_s > first - 200
