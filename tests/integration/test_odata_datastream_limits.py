"""Counts under a budget, streams that break off, and token buckets that many take from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from bson import Int64
from pymongo.database import Database

from hub.app import create_app
from hub.errors import OverBudget, TooMany, Unavailable
from hub.query.odata import guarded_condition
from hub.services import Services, scopes
from hub.services.odata import reading
from hub.services.odata.counting import Counting
from hub.services.odata.crossing import Crossing, Reached
from hub.services.odata.datastream import STREAM_BATCH_ROWS, Asked
from hub.services.odata.deadline import Deadline
from hub.services.odata.limits import ODataLimits
from hub.services.odata.rates import Rates
from hub.services.odata.sets import LOCATIONS, OBSERVATIONS, RECORDS, EntitySet
from hub.settings import Settings
from hub.store.access.rates import Rate, RateStore
from hub.store.client import Mongo, connect
from hub.store.pipelines import Pipelines
from hub.values import Principal
from hub.wiring import open_hub
from tests.live import wait_until
from tests.published import ROOT, describe

ROWS = 20_000


@pytest.fixture(scope="module")
def mongo(settings: Settings, services: Services) -> Iterator[Mongo]:
    found = connect(settings.mongo_uri or "", settings.mongo_db)
    yield found
    found.close()


@pytest.fixture(scope="module")
def published(services: Services, database: Database) -> Principal:
    """A dataset of many small rows: of every ten, five are pH and one is of 2010."""
    made = services.datasets.create("many", kind="observations")
    database.documents.insert_many(
        {
            "_datasetid": made.dataset.uuid,
            "CharacteristicName": "pH" if number % 2 else "Conductivity",
            "ResultValue": number,
            "_observation": {
                "Id": Int64(number),
                "LocationId": Int64(number % 7),
                "ActivityStartYear": 2001 + number % 10,
            },
        }
        for number in range(1, ROWS + 1)
    )
    describe(services, made.dataset.uuid, "many")
    services.catalogue.publish(made.dataset.uuid)
    wait_until(lambda: bool(services.datasets.published()), "it is published")
    found = services.keys.verify(services.keys.create("r", [scopes.ODATA_READ]).secret)
    assert found is not None
    return found


def reached(mongo: Mongo, services: Services, of: EntitySet, text: str) -> Reached:
    datasets = [dataset.uuid for dataset in services.datasets.published()]
    crossing = Crossing(Pipelines(mongo), Deadline(30_000))
    context = reading.CONTEXTS[of.name]
    return crossing.reached(of, reading.wanted(of.name, text), datasets, context)


FILTERS = {
    "": ROWS,
    "CharacteristicName eq 'pH'": ROWS // 2,
    "ActivityStartYear eq 2010": ROWS // 10,
    "ResultValue le 5000": 5_000,
    "ResultValue lt 0": 0,
}


@pytest.mark.parametrize(("text", "count"), FILTERS.items())
def test_a_count_in_time_is_exact(
    services: Services, published: Principal, text: str, count: int
) -> None:
    found = services.datastream.count(published, Asked(of=OBSERVATIONS, filter=text))
    assert (found.value, found.parts) == (count, None)


@pytest.mark.parametrize(("text", "count"), FILTERS.items())
def test_a_count_out_of_time_is_an_estimate(
    mongo: Mongo, services: Services, published: Principal, text: str, count: int
) -> None:
    where = reached(mongo, services, OBSERVATIONS, text)
    condition = guarded_condition(where.condition, reading.CONTEXTS["Observations"])
    counting = Counting(Pipelines(mongo), 1)
    found = counting.count(OBSERVATIONS, where, condition, Deadline(30_000))
    assert found.parts is not None
    assert 0 < found.parts < 1
    if text.startswith("ResultValue le"):
        assert found.value in range(ROWS + 1)
    else:
        assert found.value == count, "the rows lie evenly, so every part tells the whole"


def test_an_estimate_that_counted_every_part_is_exact(
    mongo: Mongo, services: Services, published: Principal
) -> None:
    where = reached(mongo, services, OBSERVATIONS, "ResultValue le 5000")
    condition = guarded_condition(where.condition, reading.CONTEXTS["Observations"])
    counting = Counting(Pipelines(mongo), 20_000)
    found = counting._estimate(OBSERVATIONS, where.boundary, condition, Deadline(30_000))
    assert (found.value, found.parts) == (5_000, None)


def test_small_sets_are_never_estimated(mongo: Mongo, services: Services) -> None:
    where = reached(mongo, services, LOCATIONS, "")
    nothing = guarded_condition(None, reading.CONTEXTS["Locations"])
    with pytest.raises(OverBudget):
        Counting(Pipelines(mongo), 1).count(LOCATIONS, where, nothing, Deadline(30_000))


def test_a_stream_gives_every_row_once_in_bounded_pieces(
    services: Services, published: Principal
) -> None:
    found = services.datastream.everything(published, Asked(of=RECORDS, select="Id"))
    sizes, ids = Counter[int](), []
    for batch in found.rows:
        sizes[len(batch.rows)] += 1
        ids += [row["Id"] for row in batch.rows]
    assert ids == list(range(1, ROWS + 1))
    assert max(sizes) == STREAM_BATCH_ROWS


def test_a_stream_that_takes_too_long_to_begin_says_what_to_lower(
    settings: Settings, mongo: Mongo, services: Services, published: Principal
) -> None:
    slow = replace(settings, odata=ODataLimits(budget_ms=8))
    hub = open_hub(slow)
    never = " and ".join(f"not contains(CharacteristicName,'{n}')" for n in range(90))
    asked = Asked(of=RECORDS, filter=f"ResultValue lt 0 and {never}")
    with pytest.raises(OverBudget, match=r"\$filter"):
        hub.services.datastream.everything(published, asked)
    hub.close()


def test_a_stream_that_loses_the_database_breaks_off(
    settings: Settings, published: Principal, services: Services
) -> None:
    hub = open_hub(settings)
    secret = services.keys.create("s", [scopes.ODATA_READ]).secret
    client = create_app(settings, hub.services).test_client()
    answer = client.get(f"{ROOT}/Records?$format=csv", headers={"x-api-key": secret})
    chunks = iter(answer.response)
    assert next(chunks).startswith(b"Id,DOI,")
    next(chunks)
    hub.close()
    with pytest.raises(Unavailable):
        list(chunks)
    answer.close()


def test_a_bucket_gives_no_more_than_it_holds_to_all_at_once(mongo: Mongo) -> None:
    store, rate = RateStore(mongo), Rate(0.000_001, 100)
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: store.draw("crowd", rate), range(400)))
    assert sum(one.count for one in drawn) == 100
    assert all(one.left >= 0 for one in drawn)


def test_a_bucket_fills_again_and_no_further_than_its_size(mongo: Mongo) -> None:
    store, rate = RateStore(mongo), Rate(20, 3)

    def emptied() -> int:
        taken = 0
        while store.draw("fills", rate).count:
            taken += 1
        return taken

    assert emptied() >= 3
    wait_until(lambda: bool(store.draw("fills", rate).count), "a token is back", 2)
    mongo.db["rates"].update_one({"_id": "fills"}, {"$set": {"tokens": 1e9}})
    assert emptied() < 10


def test_buckets_are_forgotten_in_time(database: Database) -> None:
    (index,) = [i for i in database["rates"].list_indexes() if "expireAfterSeconds" in i]
    assert list(index["key"]) == ["at"]


def test_the_wait_is_whole_seconds_and_never_none(mongo: Mongo) -> None:
    rates = Rates(RateStore(mongo), Rate(2.0, 3))
    for _ in range(3):
        rates.take("k")

    def go_on() -> None:
        while True:
            rates.take("k")

    with pytest.raises(TooMany) as refused:
        go_on()
    assert refused.value.detail == {"limit": "odata_rate_per_s", "max": 2.0, "retry_after_s": 1}
