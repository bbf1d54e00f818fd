"""Many leases at once, the workers that share them, and the division of what there is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from hub.jobs.polling.division import MARGIN_S, Division
from hub.services import Services
from hub.settings import Settings
from hub.wiring import open_hub
from tests.plant import fresh

LONG = timedelta(hours=1)
LEASE = timedelta(hours=1)
OVER = timedelta(seconds=-1)


@pytest.fixture(scope="module")
def services(settings: Settings) -> Iterator[Services]:
    hub = open_hub(settings)
    yield hub.services
    hub.close()


@pytest.fixture
def names() -> list[str]:
    return [fresh("lease") for _ in range(4)]


def test_what_is_free_is_taken_and_the_rest_is_not(services: Services, names: list[str]) -> None:
    services.leases.take(names[0], "another", LONG)
    taken = services.leases.take_some(names, "me", LONG)
    assert taken == dict.fromkeys(names[1:], 1)
    assert services.leases.free(names, "other") == set()


def test_each_grant_has_a_greater_token_and_a_renewal_is_none(
    services: Services, names: list[str]
) -> None:
    services.leases.take_some(names, "one", OVER)
    assert services.leases.take_some(names, "two", LONG) == dict.fromkeys(names, 2)
    assert services.leases.renew(names, "two", LONG) == set(names)
    assert {grant.token for grant in services.leases.grants(names).values()} == {2}


def told_by_a_clock_ahead(database: Database[Any], collection: str, name: str) -> None:
    """What one left that was killed before its clock, an hour ahead, was set right."""
    ahead = datetime.now(UTC) + timedelta(hours=1)
    times = {"until": ahead + timedelta(seconds=15), "told": ahead}
    database[collection].update_one({"_id": name}, {"$set": times})


def test_nobody_waits_for_a_lease_of_a_clock_that_was_set_back(
    services: Services, database: Database[Any], names: list[str]
) -> None:
    services.leases.take_some(names, "one", LONG)
    services.leases.renew(names, "one", LONG)
    assert services.leases.free(names, "two") == set()
    for name in names:
        told_by_a_clock_ahead(database, "leases", name)
    assert services.leases.free(names, "two") == set(names)
    assert services.leases.take(names[0], "two", LONG) == 2
    assert services.leases.take_some(names[1:], "two", LONG) == dict.fromkeys(names[1:], 2)
    assert services.leases.take(names[0], "one", LONG) is None


def test_a_lease_that_is_renewed_after_the_clock_was_set_back_lasts(
    services: Services, database: Database[Any], names: list[str]
) -> None:
    services.leases.take_some(names, "one", LONG)
    for name in names:
        told_by_a_clock_ahead(database, "leases", name)
    assert services.leases.renew(names, "one", LONG) == set(names)
    assert services.leases.take_some(names, "two", LONG) == {}


def test_a_worker_of_a_clock_that_was_set_back_does_not_count(
    services: Services, database: Database[Any]
) -> None:
    before, name = services.workers.alive(), fresh("worker")
    services.workers.tell(name, LONG)
    assert services.workers.alive() == before + 1
    told_by_a_clock_ahead(database, "workers", name)
    assert services.workers.alive() == before
    services.workers.leave(name)


def test_a_lease_that_is_over_is_renewed_unless_somebody_took_it(
    services: Services, names: list[str]
) -> None:
    services.leases.take_some(names, "one", OVER)
    services.leases.take_some(names[:1], "two", LONG)
    assert services.leases.renew(names, "one", LONG) == set(names[1:])


def test_what_is_given_back_is_free_and_what_is_another_s_is_not(
    services: Services, names: list[str]
) -> None:
    services.leases.take_some(names[:2], "one", LONG)
    services.leases.take_some(names[2:], "two", LONG)
    services.leases.give_some_back(names, "one")
    assert services.leases.free(names, "other") == set(names[:2])


def test_what_is_one_s_own_is_free_for_oneself(services: Services, names: list[str]) -> None:
    services.leases.take_some(names[:2], "me", LONG)
    services.leases.take_some(names[2:3], "another", LONG)
    assert services.leases.free(names, "me") == {*names[:2], names[3]}


def test_of_many_who_take_at_once_each_lease_has_one(services: Services, names: list[str]) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(
            target=lambda number=number: found.extend(
                services.leases.take_some(names, f"holder {number}", LONG)
            )
        )
        for number in range(6)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == sorted(names)


def test_workers_count_as_long_as_they_tell(services: Services) -> None:
    before = services.workers.alive()
    services.workers.tell("a", LONG)
    services.workers.tell("b", LONG)
    services.workers.tell("b", LONG)
    services.workers.tell("c", OVER)
    assert services.workers.alive() == before + 2
    services.workers.leave("a")
    services.workers.leave("b")
    assert services.workers.alive() == before


def division(services: Services, **more: Any) -> Division:
    """That of a worker whose leases outlast the test."""
    given = {"lease": LEASE} | more
    return Division(services.leases, services.workers, fresh("worker"), **given)


@pytest.fixture
def two(services: Services) -> Iterator[tuple[Division, Division]]:
    one, two = (division(services) for _ in range(2))
    for each in (one, two, one):
        each.renew()
    yield one, two
    one.leave()
    two.leave()


def test_two_workers_share_what_there_is(two: tuple[Division, Division], names: list[str]) -> None:
    for each in two:
        each.take(names)
    assert [len(each.held) for each in two] == [2, 2]
    assert two[0].held | two[1].held == set(names)


def test_a_second_worker_gets_its_share_of_what_the_first_has(
    services: Services, names: list[str]
) -> None:
    first = division(services)
    first.renew()
    first.take(names)
    assert (len(first.held), first.surplus(names)) == (4, set())
    second = division(services)
    second.renew()
    first.renew()
    surplus = first.surplus(names)
    assert len(surplus) == 2
    first.give_back(surplus)
    second.take(names)
    assert second.held == surplus
    first.leave()
    second.renew()
    second.take(names)
    assert second.held == set(names)
    second.leave()


def test_what_is_wanted_no_more_is_surplus(
    two: tuple[Division, Division], names: list[str]
) -> None:
    one, _ = two
    one.take(names[:2])
    assert one.surplus(names[2:]) == one.held


def test_what_another_took_is_lost_from_the_moment_when_it_did(
    services: Services, two: tuple[Division, Division], names: list[str]
) -> None:
    """Taken once: then what was read before is this one's. Twice: the lease's end counts."""
    one, _ = two
    one.take(names)
    once, twice = sorted(one.held)
    leases = services.leases
    own = [f"device/{each}" for each in (once, twice)]
    leases.give_some_back(own, one.holder)
    leases.take_some(own, "another", OVER)
    leases.take_some(own[1:], "yet another", LONG)
    taken = leases.grants(own)[own[0]].taken
    lost = one.renew()
    assert taken is not None
    assert lost[once] == int(taken.timestamp() * 1000)
    assert lost[twice] > lost[once] + 10_000
    assert one.held == set()
    assert not one.valid(once)


def test_a_lease_is_valid_from_when_it_is_taken_until_it_is_given_back(
    two: tuple[Division, Division], names: list[str]
) -> None:
    one, _ = two
    assert not one.valid(names[0])
    one.take(names[:1])
    assert one.valid(names[0])
    one.give_back(names)
    assert not one.valid(names[0])


def test_a_lease_that_nobody_renews_is_not_valid_in_the_end(
    services: Services, names: list[str]
) -> None:
    now = 5.0
    one = division(services, clock=lambda: now)
    one.renew()
    one.take(names[:1])
    now += LEASE.total_seconds() - MARGIN_S - 0.001
    assert one.valid(names[0])
    now += 0.002
    assert not one.valid(names[0])
    one.renew()
    assert one.valid(names[0])
    one.leave()
