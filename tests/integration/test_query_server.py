"""The guard against a real server: what it lets through runs, what it knows is complete."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from bson import json_util
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from hub.query import (
    Fields,
    Limits,
    ScopedPipeline,
    arranged,
    guard_filter,
    guard_pipeline,
    page,
    within,
)
from hub.query.expression_table import EXPRESSIONS
from hub.query.tables import GROUP, QUERY, STAGES, WINDOW
from hub.store.schema import DOCUMENT_ORDER
from tests.cases.query import allowed, placed, read

LIMITS = Limits()
EXAMPLES = read("examples.json")
TABLES: dict[str, Mapping[str, Any]] = {
    "query": QUERY,
    "stages": STAGES,
    "expressions": EXPRESSIONS,
    "group": GROUP,
    "window": WINDOW,
}
INTERNAL = "$_"


def documents() -> list[dict[str, Any]]:
    return json_util.loads(json_util.dumps(read("documents.json")))


@pytest.fixture(scope="module")
def query_db(mongo_uri: str) -> Iterator[Any]:
    """One database for the whole module, which only reads it."""
    with MongoClient(mongo_uri) as client:
        name = f"test_{secrets.token_hex(6)}"
        yield client[name]
        client.drop_database(name)


@pytest.fixture(scope="module")
def collection(query_db: Any) -> Collection[dict[str, Any]]:
    found: Collection[dict[str, Any]] = query_db["documents"]
    found.create_index(list(DOCUMENT_ORDER))
    found.insert_many(documents())
    return found


def found_by(raw: Any, fields: Fields | None = None, *, analyst: bool) -> ScopedPipeline:
    """A filter, as the hub sends it."""
    scoped = within("mine", guard_filter(raw, limits=LIMITS, analyst=analyst))
    return arranged(scoped, page.stages(page.order_of(None), page.Cut(), fields, keys=False))


def rows(collection: Collection[dict[str, Any]], query: ScopedPipeline) -> list[dict[str, Any]]:
    return list(collection.aggregate([dict(stage) for stage in query.stages]))


def version(collection: Collection[dict[str, Any]]) -> tuple[int, ...]:
    return tuple(collection.database.client.server_info()["versionArray"][:2])


def example_names() -> list[tuple[str, str]]:
    return [
        (position, name)
        for position, table in TABLES.items()
        for name, rule in table.items()
        if rule.access != "never"
    ]


@pytest.mark.parametrize(("position", "name"), example_names())
def test_every_allowed_operator_runs(
    collection: Collection[dict[str, Any]], position: str, name: str
) -> None:
    raw = placed(position, EXAMPLES[position][name])
    if position == "query":
        query = found_by(raw, analyst=True)
    else:
        query = within("mine", guard_pipeline(raw, limits=LIMITS, analyst=True))
    if TABLES[position][name].since > version(collection):
        with pytest.raises(OperationFailure, match=rf"(?i)(unrecognized|unknown).*\{name}\b"):
            rows(collection, query)
    else:
        assert rows(collection, query)


def test_every_operator_of_the_server_is_classified(query_db: Any) -> None:
    metrics = query_db.client.admin.command("serverStatus")["metrics"]
    counters = metrics["operatorCounters"]
    known = {
        "stages": metrics["aggStageCounters"],
        "expressions": counters["expressions"],
        "query": counters["match"],
        "group": counters["groupAccumulators"],
        "window": counters["windowAccumulators"],
    }
    unclassified = [
        (position, name)
        for position, names in known.items()
        for name in names
        if name not in TABLES[position] and not name.startswith(INTERNAL)
    ]
    assert unclassified == []


@pytest.mark.parametrize("case", allowed(), ids=lambda case: case.name)
def test_allowed_queries_give_their_documents(
    collection: Collection[dict[str, Any]], case: Any
) -> None:
    if case.position == "filter":
        found = rows(collection, found_by(case.query, Fields(("n",), False), analyst=case.analyst))
    else:
        stages = guard_pipeline(case.query, limits=LIMITS, analyst=case.analyst)
        found = rows(collection, within("mine", stages))
    assert json_util.loads(json_util.dumps(found)) == json_util.loads(
        json_util.dumps(case.expected)
    )


SCALARS = st.sampled_from([0, 1, 19.5, "north", "mine", "other", None, True])
FIELDS = st.sampled_from(["_datasetid", "n", "temp", "station", "tags", "_id", "nested.a"])
COMPARISONS = st.dictionaries(
    st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), SCALARS, min_size=1, max_size=2
)
CONDITIONS = st.one_of(
    SCALARS,
    COMPARISONS,
    st.fixed_dictionaries({"$in": st.lists(SCALARS, max_size=3)}),
    st.fixed_dictionaries({"$nin": st.lists(SCALARS, max_size=3)}),
    st.fixed_dictionaries({"$exists": st.booleans()}),
    st.fixed_dictionaries({"$not": COMPARISONS}),
)
EXPRS = st.sampled_from(
    [{"$expr": True}, {"$expr": {"$ne": ["$_datasetid", "mine"]}}, {"$expr": {"$or": [True, 1]}}]
)
FILTERS = st.recursive(
    st.one_of(st.dictionaries(FIELDS, CONDITIONS, max_size=3), EXPRS),
    lambda inner: st.dictionaries(
        st.sampled_from(["$and", "$or", "$nor"]),
        st.lists(inner, min_size=1, max_size=3),
        max_size=2,
    ),
    max_leaves=6,
)


@settings(
    max_examples=150,
    deadline=None,
)
@given(raw=FILTERS)
def test_no_filter_widens_its_boundary(collection: Collection[dict[str, Any]], raw: Any) -> None:
    stages = guard_pipeline([{"$match": raw}], limits=LIMITS, analyst=True)
    found = rows(collection, found_by(raw, analyst=True))
    found += rows(collection, within("mine", stages))
    assert {row["_datasetid"] for row in found} <= {"mine"}
