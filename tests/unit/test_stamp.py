"""The hub's own fields: ids in the order of arrival, time in UTC."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from bson import ObjectId

from hub.ingest.stamp import PLACES, Arrival, Clock, stamped


def test_annotations_are_the_arrival_in_utc() -> None:
    at = datetime(2026, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
    assert Arrival(at, bytes(12)).annotations("d") == {
        "_datasetid": "d",
        "_timestamp": 1770091506,
        "_timestamp_year": 2026,
        "_timestamp_month": 2,
        "_timestamp_day": 3,
        "_timestamp_hour": 4,
        "_timestamp_minute": 5,
        "_timestamp_second": 6,
    }


def test_an_id_tells_the_second_of_arrival() -> None:
    arrival = Clock().arrival()
    assert ObjectId(arrival.first_id).generation_time == arrival.at.replace(microsecond=0)


def test_ids_of_one_process_ascend_and_never_meet() -> None:
    clock, found = Clock(), []

    def take() -> None:
        found.extend(clock.arrival().first_id for _ in range(2_000))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8_000
    one_by_one = [clock.arrival().first_id for _ in range(1_000)]
    assert one_by_one == sorted(one_by_one)
    assert max(found) < one_by_one[0]


def test_a_batch_stands_in_its_own_order_before_the_next_arrival() -> None:
    clock = Clock()
    first, second = clock.arrival(), clock.arrival()
    ids = list(first.ids(1_000))
    assert ids == sorted(ids)
    assert ids[-1] < ObjectId(second.first_id)


def test_the_largest_batch_does_not_run_into_the_process_number() -> None:
    arrival = Clock().arrival()
    last = int.from_bytes(arrival.first_id, "big") + PLACES - 1
    assert last >> 20 == int.from_bytes(arrival.first_id, "big") >> 20


def test_a_document_keeps_its_fields_between_the_hubs() -> None:
    (document,) = stamped([{"a": 1}], "d", Clock().arrival())
    assert list(document)[:3] == ["_id", "a", "_datasetid"]
