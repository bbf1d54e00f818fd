"""What must hold for any input: no error but ours, no forbidden operator let through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import HubError, QueryTooComplex
from hub.query import Limits, guard_fields, guard_filter, guard_pipeline, guard_sort
from hub.query.expression_table import EXPRESSIONS
from hub.query.tables import FOREIGN, GROUP, QUERY, STAGES, WINDOW
from tests.cases.query import placed, read
from tests.effort import bounded

LIMITS = Limits()
TABLES = (QUERY, STAGES, EXPRESSIONS, GROUP, WINDOW)
NAMES = sorted({name for table in TABLES for name in table} | set(FOREIGN) | {"$date", "$oid"})
NEVER = sorted(
    {name for table in TABLES for name, rule in table.items() if rule.access == "never"}
    - {name for table in TABLES for name, rule in table.items() if rule.access != "never"}
)

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from(["$a", "$$ROOT", "$$this", "$", "$$", "a.b", "2024-01-01", "0" * 24]),
)  # fmt: skip
KEYS = st.one_of(st.sampled_from(NAMES), st.sampled_from(["a", "_id", "input", "in", "vars"]),
                 st.text(max_size=4))  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=20,
)


def refusal_of(call: Callable[[], object]) -> HubError | None:
    try:
        call()
    except HubError as refusal:
        return refusal
    return None


@settings(max_examples=400, deadline=None)
@given(raw=JSON, analyst=st.booleans())
def test_any_json_is_accepted_or_refused_in_order(raw: Any, analyst: bool) -> None:
    for guard, query in (
        (guard_filter, raw),
        (guard_pipeline, raw),
        (guard_pipeline, [raw, raw]),
        (guard_pipeline, [{"$project": {"a": raw}}]),
        (guard_filter, {"$expr": raw}),
        (guard_filter, {"a": raw}),
    ):
        refusal = refusal_of(partial(guard, query, limits=LIMITS, analyst=analyst))
        assert refusal is None or "path" in refusal.detail


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(NAMES), operand=JSON)
def test_any_operand_of_any_operator_is_accepted_or_refused(name: str, operand: Any) -> None:
    for query in (
        [{name: operand}],
        [{"$set": {"a": {name: operand}}}],
        [{"$limit": 5}, {"$group": {"_id": None, "a": {name: operand}}}],
        [{"$setWindowFields": {"sortBy": {"a": 1}, "output": {"a": {name: operand}}}}],
        [{"$match": {"a": {name: operand}}}],
        [{"$match": {name: operand}}],
    ):
        refusal = refusal_of(partial(guard_pipeline, query, limits=LIMITS, analyst=True))
        assert refusal is None or "path" in refusal.detail


ODD: list[Any] = [
    None, True, 0, -1, 1.5, 1e300, 5e-324, 2**62, "", "x", "$x", "$$x", "$", "\ud800", [], [[]],
    [1], ["$x"], [{}], {}, {"a": 1}, {"$literal": 1}, {"$date": 0}, {"$oid": "0" * 24},
    {"$numberDecimal": "1"}, {"$numberLong": "5"},
]  # fmt: skip


def spoiled(value: Any) -> Iterator[Any]:
    """Every query that is ``value`` with one odd value anywhere in it."""
    yield from ODD
    if isinstance(value, dict):
        yield from ({**value, key: bad} for key in value for bad in spoiled(value[key]))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from ([*value[:at], bad, *value[at + 1 :]] for bad in spoiled(item))


def test_an_odd_value_anywhere_in_any_example_is_accepted_or_refused() -> None:
    for position, examples in read("examples.json").items():
        for example in examples.values():
            guard = guard_filter if position == "query" else guard_pipeline
            for query in spoiled(placed(position, example)):
                refusal_of(partial(guard, query, limits=LIMITS, analyst=True))


FILTER_WRAPS = st.sampled_from([
    lambda x: {"$and": [{"a": 1}, x]}, lambda x: {"$or": [x]}, lambda x: {"$nor": [x]},
    lambda x: {"a": {"$elemMatch": x}}, lambda x: {"a": {"$not": x}}, lambda x: {"a": x},
    lambda x: {"a": {"$eq": x}}, lambda x: {"a": {"$in": [x]}}, lambda x: {"a": {"b": x}},
    lambda x: {"$expr": x}, lambda x: {"a": {"$date": x}}, lambda x: {"a": {"$all": [x]}},
])  # fmt: skip
EXPRESSION_WRAPS = st.sampled_from([
    lambda x: {"$cond": [True, x, 1]}, lambda x: {"$add": [1, x]}, lambda x: [x],
    lambda x: {"k": x}, lambda x: {"$literal": x}, lambda x: {"$ifNull": [x, 1]},
    lambda x: {"$switch": {"branches": [{"case": x, "then": 1}]}},
    lambda x: {"$let": {"vars": {"v": x}, "in": 1}}, lambda x: {"$not": x},
    lambda x: {"$map": {"input": x, "in": 1}}, lambda x: {"$filter": {"input": [], "cond": x}},
    lambda x: {"$dateTrunc": {"date": x, "unit": "day"}}, lambda x: {"$oid": x},
])  # fmt: skip
PIPELINE_WRAPS = st.sampled_from([
    lambda x: [{"$match": x}], lambda x: [{"$project": {"a": x}}], lambda x: [{"$project": x}],
    lambda x: [{"$set": {"a": {"b": x}}}], lambda x: [{"$sort": {"a": x}}],
    lambda x: [{"$sort": x}], lambda x: [{"$group": {"_id": x}}],
    lambda x: [{"$group": {"_id": 1, "a": x}}], lambda x: [{"$facet": {"a": [x]}}],
    lambda x: [{"$facet": {"a": [{"$match": x}]}}], lambda x: [{"$replaceWith": {"a": x}}],
    lambda x: [{"$bucket": {"groupBy": x, "boundaries": [0, 1]}}], lambda x: [x],
    lambda x: [{"$setWindowFields": {"output": {"a": x}}}],
    lambda x: [{"$fill": {"output": {"a": x}}}], lambda x: [{"$limit": x}],
])  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(data=st.data(), name=st.sampled_from(NEVER))
def test_a_forbidden_operator_is_refused_however_wrapped(data: Any, name: str) -> None:
    query: Any = {name: data.draw(st.sampled_from([1, "x", {}, [], {"a": 1}, True]))}
    for _ in range(data.draw(st.integers(0, 3))):
        query = data.draw(EXPRESSION_WRAPS)(query)
    for _ in range(data.draw(st.integers(0, 3))):
        query = data.draw(FILTER_WRAPS)(query)
    with pytest.raises(HubError):
        guard_filter(query, limits=LIMITS, analyst=True)
    with pytest.raises(HubError):
        guard_pipeline(data.draw(PIPELINE_WRAPS)(query), limits=LIMITS, analyst=True)


def keys_of(value: Any) -> set[str]:
    found: set[str] = set()
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            found |= item.keys()
            todo += item.values()
        elif isinstance(item, list | tuple):
            todo += item
    return found


@settings(max_examples=300, deadline=None)
@given(raw=JSON)
def test_what_is_accepted_holds_no_forbidden_key(raw: Any) -> None:
    try:
        checked = guard_filter({"$or": [{"a": raw}, {"$expr": raw}]}, limits=LIMITS, analyst=True)
    except HubError:
        return
    assert not keys_of(checked.document) & (set(NEVER) | set(FOREIGN))


@given(text=st.text(max_size=40))
def test_any_parameter_is_accepted_or_refused_in_order(text: str) -> None:
    for guard in (guard_sort, guard_fields):
        refusal = refusal_of(partial(guard, text, LIMITS))
        assert refusal is None or refusal.detail["parameter"] in ("sort", "fields")


def nested(times: int, wrap: Any) -> Any:
    value: Any = {}
    for _ in range(times):
        value = wrap(value)
    return value


@pytest.mark.parametrize(
    "bomb",
    [
        nested(100_000, lambda value: [value]),
        nested(100_000, lambda value: {"$and": [value]}),
        nested(100_000, lambda value: {"a": value}),
        {f"k{at}": 1 for at in range(500_000)},
        [0] * 1_000_000,
        {"a": [[0] * 1_000] * 1_000},
        {"a" * 1_000_000: 1},
        {"a": "é" * 1_000_000},
    ],
    ids=["lists", "and", "objects", "wide", "long", "table", "key", "text"],
)
def test_bombs_are_refused_at_once(bomb: Any) -> None:
    """A look at everything that is in it would take ten times as much."""
    with bounded(50_000), pytest.raises(QueryTooComplex) as caught:
        guard_filter(bomb, limits=LIMITS, analyst=True)
    assert {"limit", "max", "path"} <= caught.value.detail.keys()


def test_a_query_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(QueryTooComplex):
        guard_pipeline(loop, limits=LIMITS, analyst=True)
