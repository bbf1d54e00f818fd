"""Long answers: flat, resumed where it is safe, broken off visibly where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from bson import ObjectId
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.app import create_app
from hub.errors import HubError, OverBudget, Unavailable
from hub.query import Limits, arranged, guard_filter, page, within
from hub.query.page import Cut, order_of
from hub.query.sort import guard_sort
from hub.services import Services
from hub.services.permits import Allowance
from hub.services.queries import Budgets
from hub.services.rows import Rows, resumed
from hub.settings import Settings
from hub.values import Batch
from hub.wiring import open_hub
from tests.conftest import Access


def fill(database: Database, dataset: str, count: int, **fields: object) -> None:
    """Documents of one second and many, written as PUT would."""
    for start in range(0, count, 10_000):
        database.documents.insert_many(
            {"_id": ObjectId(), "n": n, **fields, "_datasetid": dataset, "_timestamp": n // 3}
            for n in range(start, min(count, start + 10_000))
        )


def reading(source: list[Batch | HubError]) -> Iterator[Batch]:
    for item in source:
        if isinstance(item, HubError):
            raise item
        yield item


def rows_of(numbers: range) -> Batch:
    return Batch([{"n": n} for n in numbers])


def test_a_lost_stretch_is_opened_again_after_the_last_row() -> None:
    stretches = [
        [rows_of(range(2)), OverBudget("slow")],
        [rows_of(range(2, 3)), Unavailable("gone")],
        [rows_of(range(3, 5))],
    ]
    opened: list[object] = []

    def open_after(position: object) -> Iterator[Batch]:
        opened.append(position)
        return reading(stretches[len(opened) - 1])

    batches = resumed(open_after, lambda row: (row["n"],), time_max_s=60)
    assert [row["n"] for batch in batches for row in batch.rows] == [0, 1, 2, 3, 4]
    assert opened == [None, (1,), (2,)]


def test_a_stretch_without_a_row_is_a_failure() -> None:
    stretches = iter([[rows_of(range(2)), OverBudget("slow")], [OverBudget("slow")]])
    batches = resumed(lambda _: reading(next(stretches)), lambda row: (row["n"],), time_max_s=60)
    assert len(next(batches).rows) == 2
    with pytest.raises(OverBudget):
        next(batches)


def test_a_stream_has_an_end_in_time() -> None:
    batches = resumed(lambda _: reading([rows_of(range(1))]), lambda row: (0,), time_max_s=-1)
    with pytest.raises(OverBudget, match="too long"):
        next(batches)


def test_the_place_is_given_back_however_an_answer_ends() -> None:
    given_back: list[str] = []

    def rows(name: str, *source: Batch | HubError) -> Rows:
        return Rows(lambda: reading(list(source)), lambda: given_back.append(name))

    def unopened() -> Iterator[Batch]:
        raise Unavailable("x")

    list(rows("whole", rows_of(range(1))))
    rows("unread", rows_of(range(1))).close()
    with pytest.raises(Unavailable):
        rows("failed", Unavailable("x"))
    with pytest.raises(Unavailable):
        Rows(unopened, lambda: given_back.append("unopened"))
    assert list(dict.fromkeys(given_back)) == ["whole", "unread", "failed", "unopened"]


@pytest.fixture(scope="module")
def big(services: Services, database: Database) -> Access:
    made = services.datasets.create("big")
    fill(database, made.dataset.uuid, 30_000)
    other = services.datasets.create("beside it")
    fill(database, other.dataset.uuid, 30_000)
    return Access(made.dataset.uuid, made.access.secret)


@pytest.mark.parametrize("sort", [None, "-_timestamp"])
def test_a_deep_page_reads_only_its_own_keys(
    big: Access, database: Database, sort: str | None
) -> None:
    order = order_of(guard_sort(sort, Limits()) if sort else None)
    middle = database.documents.find_one({"_datasetid": big.uuid, "n": 15_000})
    scoped = within(big.uuid, guard_filter({}, limits=Limits(), analyst=False))
    cut = Cut(after=order.position(middle), limit=101)
    query = arranged(scoped, page.stages(order, cut, None, keys=True))
    explained = database.command(
        "explain",
        {"aggregate": "documents", "pipeline": [dict(s) for s in query.stages], "cursor": {}},
        verbosity="executionStats",
    )
    stats = explained.get("executionStats") or explained["stages"][0]["$cursor"]["executionStats"]
    assert stats["nReturned"] == 101
    assert stats["totalKeysExamined"] <= 105
    assert stats["totalDocsExamined"] <= 105


@contextmanager
def hub_with(settings: Settings, **changed: object) -> Iterator[FlaskClient]:
    """Another hub over the same database."""
    own = replace(settings, **changed)
    hub = open_hub(own)
    yield create_app(own, hub.services).test_client()
    hub.close()


@pytest.fixture(scope="module")
def hasty(settings: Settings) -> Iterator[FlaskClient]:
    """A hub with next to no time for a query."""
    with hub_with(settings, answer=Budgets(find_ms=1, report_ms=1)) as client:
        yield client


@pytest.fixture(scope="module")
def narrow(settings: Settings) -> Iterator[FlaskClient]:
    """A hub with room for one query of a key."""
    with hub_with(settings, concurrency=Allowance(per_key=1, wait_s=0.05)) as client:
        yield client


@pytest.mark.parametrize("query", ["?count=true", "?sort=-n&limit=1", ""])
def test_a_query_over_its_time_is_408_and_says_what_to_narrow(
    hasty: FlaskClient, big: Access, query: str
) -> None:
    slow = {"$expr": {"$eq": [{"$pow": ["$n", 2]}, -1]}}
    answer = hasty.post(big.url + query, json=slow, auth=big.auth)
    assert (answer.status_code, answer.json["error"]["code"]) == (408, "over_budget")
    assert "narrow" in answer.json["error"]["message"]


def test_a_pipeline_over_its_time_is_408(hasty: FlaskClient, big: Access) -> None:
    pipeline = [{"$group": {"_id": "$n", "x": {"$stdDevPop": "$n"}}}]
    answer = hasty.post(f"{big.url}aggregate/", json=pipeline, auth=big.auth)
    assert answer.status_code == 408


def test_a_query_too_many_is_429_until_a_place_is_free(narrow: FlaskClient, big: Access) -> None:
    stream = narrow.get(big.url, auth=big.auth, buffered=False)
    assert stream.status_code == 200
    refused = narrow.get(big.url, auth=big.auth)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    stream.close()
    assert narrow.get(f"{big.url}?limit=1", auth=big.auth).status_code == 200


def test_a_page_holds_its_place_only_while_it_is_read(narrow: FlaskClient, big: Access) -> None:
    first = narrow.get(f"{big.url}?limit=1", auth=big.auth, buffered=False)
    assert narrow.get(f"{big.url}?limit=1", auth=big.auth).status_code == 200
    first.close()


def test_a_query_that_fails_gives_its_place_back(narrow: FlaskClient, big: Access) -> None:
    for failing in ({"$divide": [1, 0]}, {"$divide": [1, {"$subtract": ["$n", "$n"]}]}):
        for url, query in (
            (f"{big.url}aggregate/", [{"$project": {"x": failing}}]),
            (f"{big.url}?limit=1", {"$expr": failing}),
            (f"{big.url}?sort=n", {"$expr": failing}),
            (f"{big.url}?count=true", {"$expr": failing}),
            (big.url, {"$expr": failing}),
        ):
            answer = narrow.post(url, json=query, auth=big.auth)
            assert answer.status_code == 400, (url, answer.json)


def test_a_query_that_mongodb_cannot_run_is_no_fault_of_the_hub(
    client: FlaskClient, big: Access
) -> None:
    pipeline = [{"$project": {"x": {"$divide": [1, {"$subtract": ["$n", "$n"]}]}}}]
    answer = client.post(f"{big.url}aggregate/", json=pipeline, auth=big.auth)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "query_failed")
