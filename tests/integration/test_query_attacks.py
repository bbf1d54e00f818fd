"""What a mongod lets pass by itself (query-safety.md, 4.2), each refused before it gets there.

Where the attack needs data, the same case runs in ``tests/unit/test_query_hostile.py``; here the
rows of the table stand together, so that none is lost.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.errors import BadQuery
from hub.query import Limits, guard_filter, guard_pipeline
from tests.cases.query import grown
from tests.conftest import Access

LOOP = {"body": "while (true) {}", "args": [], "lang": "js"}
DOUBLE = {"$concatArrays": ["$$value", "$$value"]}
ROUNDS = {"$reduce": {"input": {"$range": [0, 24]}, "initialValue": [1], "in": DOUBLE}}
YEAR = [{"$date": "2023-01-01"}, {"$date": "2024-01-01"}]
CONCAT = {"$let": {"vars": {"s": "@"}, "in": {"$concat": ["$$s", "$$s"]}}}
SCANS = {f"b{at}": [{"$count": "n"}] for at in range(100)}
DENSE = {"field": "at", "range": {"step": 1, "unit": "second", "bounds": YEAR}}

FILTERS: dict[str, Any] = {
    "$where loop": {"$where": "while (true) {}"},
    "regex": {"s": {"$regex": "(a+)+$"}},
    "pattern of $jsonSchema": {"$jsonSchema": {"properties": {"s": {"pattern": "(a+)+$"}}}},
    "120 levels": {"repeat": {"times": 120, "wrap": {"$and": ["@"]}, "inside": {}}},
    "$in of 500 000": {"n": {"$in": {"repeat": {"times": 500_000, "item": 1}}}},
    "$function": {"$expr": {"$function": LOOP}},
}
PIPELINES: dict[str, Any] = {
    "$function in a projection": [{"$project": {"x": {"$function": LOOP}}}],
    "$accumulator": [{"$group": {"_id": None, "x": {"$accumulator": {"init": "loop"}}}}],
    "$regexMatch": [{"$set": {"x": {"$regexMatch": {"input": "$s", "regex": "(a+)+$"}}}}],
    "$regexFindAll": [{"$set": {"x": {"$regexFindAll": {"input": "$s", "regex": "(a+)+$"}}}}],
    "$reduce doubling": [{"$set": {"x": ROUNDS}}],
    "$concat doubling": [
        {"$set": {"x": {"repeat": {"times": 24, "wrap": CONCAT, "inside": "$s"}}}}
    ],
    "$range of 20 million": [{"$set": {"x": {"$range": [0, 20_000_000]}}}],
    "$densify a year": [{"$densify": DENSE}],
    "three $unwind": [{"$unwind": "$a"}, {"$unwind": "$b"}, {"$unwind": "$c"}],
    "$facet of 100 scans": [{"$facet": SCANS}],
    "$lookup in $facet": [{"$facet": {"a": [{"$lookup": {"from": "users", "as": "u"}}]}}],
    "1001 stages": {"repeat": {"times": 1_001, "item": {"$match": {}}}},
    "$out": [{"$out": {"db": "other", "coll": "c"}}],
    "$merge": [{"$merge": {"into": {"db": "other", "coll": "c"}}}],
    "$listLocalSessions": [{"$listLocalSessions": {}}],
    "$currentOp": [{"$currentOp": {}}],
    "$collStats": [{"$collStats": {}}],
    "$where in $literal": [{"$project": {"x": {"$literal": {"$where": "1"}}}}],
}


@pytest.mark.parametrize("name", FILTERS)
def test_the_filter_is_refused(name: str) -> None:
    with pytest.raises(BadQuery):
        guard_filter(grown(FILTERS[name]), limits=Limits(), analyst=True)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_pipeline_is_refused(name: str) -> None:
    with pytest.raises(BadQuery):
        guard_pipeline(grown(PIPELINES[name]), limits=Limits(), analyst=True)


@pytest.mark.parametrize("depth", [300, 900, 5_000])
def test_a_filter_nested_beyond_writing_is_refused(
    client: FlaskClient, dataset: Access, depth: int
) -> None:
    body = '{"a":' * depth + "1" + "}" * depth
    answer = client.post(dataset.url, data=body, auth=dataset.auth, content_type="application/json")
    assert answer.status_code == 400
