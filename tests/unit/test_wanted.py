"""What a client may want a stream to be, as far as its own words say it."""

from __future__ import annotations

from typing import Any

import bson
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import (
    BadStream,
    BadStreamId,
    HubError,
    IncompatibleTypes,
    InvalidOperatorArguments,
    UnsupportedDeriveOperator,
)
from hub.series.names import STORED_TIMES, STORED_VALUES
from hub.services.streams.registry import tags
from hub.services.streams.registry.derivations import OPERATORS
from hub.services.streams.registry.form import STREAM
from hub.services.streams.registry.wanted import UUID, uuid_of, wanted
from hub.values import Feed

A, B, C = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abc")
COUNTER = {"derive_op": "counter_derivative", "derive_from": [{"name": "reset", "stream": A}, B]}


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def test_a_title_is_enough():
    read = wanted({"title": "river"})
    assert (read.title, read.query_tags, read.tags) == (
        "river",
        {"title": "river"},
        read.query_tags,
    )
    assert (read.value_type, read.highest, read.public, read.late) == (
        "numeric", "seconds", False, "keep",
    )  # fmt: skip
    assert set(read.value_downsamplers) == set(STORED_VALUES)
    assert read.time_downsamplers == STORED_TIMES
    assert (read.interval_s, read.feed, read.derivation) == (None, None, None)


@pytest.mark.parametrize(
    ("body", "title", "query_tags", "all_tags"),
    [
        ({"title": "a", "tags": {"b": 1}}, "a", {"title": "a"}, {"title": "a", "b": 1}),
        ({"query_tags": {"n": 1}}, None, {"n": 1}, {"n": 1}),
        ({"query_tags": {"n": 1}, "title": "a"}, "a", {"n": 1}, {"n": 1, "title": "a"}),
        ({"query_tags": {"title": "b"}}, "b", {"title": "b"}, {"title": "b"}),
        ({"query_tags": {"title": 5}}, None, {"title": 5}, {"title": 5}),
        (
            {"query_tags": {"n": {"x": 1}}, "tags": {"n": {"y": 2}}, "title": "a"},
            "a", {"n": {"x": 1}}, {"n": {"x": 1, "y": 2}, "title": "a"},
        ),
        (
            {"query_tags": {"n": 1}, "tags": {"title": "t"}, "title": "a"},
            "a", {"n": 1}, {"n": 1, "title": "t"},
        ),
    ],
)  # fmt: skip
def test_title_query_tags_and_tags_are_combined(
    body: dict, title: str | None, query_tags: dict, all_tags: dict
):
    read = wanted(body)
    assert (read.title, read.query_tags, read.tags) == (title, query_tags, all_tags)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"nonsense": 1}, "$.nonsense"),
        ({"title": 5}, "$.title"),
        ({"title": ""}, "$.title"),
        ({"title": "x" * 201}, "$.title"),
        ({"title": "\ud800", "tags": {"title": "t"}, "query_tags": {"a": 1}}, "$.title"),
        ({"derive_op": "\ud800", "derive_from": [A]}, "$.derive_op"),
        ({"dataset": {"dataset": A, "field": "\ud800"}}, "$.dataset.field"),
        ({"derive_op": "sum", "derive_from": [{"stream": A, "name": "\ud800"}]},
         "$.derive_from[0].name"),
        ({"title": None}, "$.query_tags"),
        ({"query_tags": {}}, "$.query_tags"),
        ({"query_tags": ["a"]}, "$.query_tags"),
        ({"tags": None}, "$.tags"),
        ({"tags": {"title": "other"}}, "$.tags.title"),
        ({"query_tags": {"a": {"b": 1}}, "tags": {"a": {"b": 2}}}, "$.tags.a.b"),
        ({"query_tags": {"a": 1}, "tags": {"a": True}}, "$.tags.a"),
        ({"query_tags": {"a": {}}, "tags": {"a": {"b": 2}}}, "$.tags.a"),
        ({"tags": {"a": {"b__c": 1}}}, "$.tags.a.b__c"),
        ({"tags": {"a": [{"b": 1}, {"": 1}]}}, "$.tags.a[1]."),
        ({"tags": {"$a": 1}}, "$.tags.$a"),
        ({"tags": {"a.b": 1}}, "$.tags.a.b"),
        ({"tags": {"a\0": 1}}, "$.tags.a\\u0000"),
        ({"tags": {"a": float("nan")}}, "$.tags.a"),
        ({"tags": {"a": 1 << 63}}, "$.tags.a"),
        ({"tags": {"a": "\ud800"}}, "$.tags.a"),
        ({"tags": {"\ud800": 1}}, "$.tags.\\ud800"),
        ({"tags": {"a": "x" * tags.TAGS_BYTES_MAX}}, "$.tags"),
        ({"tags": nested(17)}, "$.tags" + ".a" * 16),
        ({"value_type": "text"}, "$.value_type"),
        ({"value_type": None}, "$.value_type"),
        ({"highest_granularity": "weeks"}, "$.highest_granularity"),
        ({"highest_granularity": ["s"]}, "$.highest_granularity"),
        ({"value_downsamplers": "mean"}, "$.value_downsamplers"),
        ({"value_downsamplers": ["mean", "average"]}, "$.value_downsamplers[1]"),
        ({"value_downsamplers": ["mean", 5]}, "$.value_downsamplers[1]"),
        ({"value_type": "nominal", "value_downsamplers": ["m"]}, "$.value_downsamplers[0]"),
        ({"value_type": "graph", "value_downsamplers": ["c", "u"]}, "$.value_downsamplers[1]"),
        ({"time_downsamplers": ["e"]}, "$.time_downsamplers[0]"),
        ({"public": 1}, "$.public"),
        ({"public": "true"}, "$.public"),
        ({"late": "drop"}, "$.late"),
        ({"interval_s": 0}, "$.interval_s"),
        ({"interval_s": "5"}, "$.interval_s"),
        ({"interval_s": True}, "$.interval_s"),
        ({"interval_s": float("inf")}, "$.interval_s"),
        ({"dataset": A}, "$.dataset"),
        ({"dataset": {"field": "t"}}, "$.dataset.dataset"),
        ({"dataset": {"dataset": A}}, "$.dataset.field"),
        ({"dataset": {"dataset": A, "field": "t", "x": 1}}, "$.dataset.x"),
        ({"dataset": {"dataset": A, "field": "$t"}}, "$.dataset.field"),
        ({"dataset": {"dataset": A, "field": "a..b"}}, "$.dataset.field"),
        ({"dataset": {"dataset": A, "field": "t", "time_field": "a."}}, "$.dataset.time_field"),
        ({"dataset": {"dataset": A, "field": "t", "filter": []}}, "$.dataset.filter"),
        ({"derive_op": "sum", "derive_from": []}, "$.derive_from"),
        ({"derive_op": "sum", "derive_from": A}, "$.derive_from"),
        ({"derive_op": "sum", "derive_from": [5]}, "$.derive_from[0]"),
        ({"derive_op": "sum", "derive_from": [A, {"name": "x"}]}, "$.derive_from[1].stream"),
        (
            {"derive_op": "sum", "derive_from": [{"stream": A, "granularity": "w"}]},
            "$.derive_from[0].granularity",
        ),
        ({"derive_op": "sum", "derive_from": [A] * 101}, "$.derive_from"),
        (COUNTER | {"derive_args": {"max_value": "9"}}, "$.derive_args.max_value"),
        (COUNTER | {"derive_args": {"min_value": 9}}, "$.derive_args.min_value"),
        (
            {"derive_op": "sum", "derive_from": [A], "dataset": {"dataset": B, "field": "t"}},
            "$.dataset",
        ),
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused_by_its_place(fields: dict, path: str):
    with pytest.raises(BadStream) as caught:
        wanted({"title": "a"} | fields)
    assert caught.value.detail["path"] == path


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_a_body_that_is_no_object_is_refused(body: object):
    with pytest.raises(BadStream) as caught:
        wanted(body)
    assert caught.value.detail["path"] == "$"


@pytest.mark.parametrize("where", ["tags", "query_tags"])
@pytest.mark.parametrize("name", sorted(tags.RESERVED))
def test_a_reserved_name_is_no_tag_at_the_top(where: str, name: str):
    with pytest.raises(BadStream) as caught:
        wanted({"title": "a", where: {name: 1}})
    assert caught.value.detail["path"] == f"$.{where}.{name}"


def test_a_reserved_name_may_stand_further_down():
    assert wanted({"title": "a", "tags": {"of": {"value_type": 1}}}).tags["of"] == {"value_type": 1}


@pytest.mark.parametrize(
    "tag",
    [nested(15), "x" * 65_000, (1 << 63) - 1, -(1 << 63), [1, {"_a": None}], "é", 1.5, None],
    ids=str,
)
def test_any_json_within_bounds_is_a_tag(tag: Any):
    assert wanted({"title": "a", "tags": {"b": tag}}).tags["b"] == tag


@pytest.mark.parametrize(
    ("value_type", "named", "kept"),
    [
        ("numeric", ["mean"], {"mean", "sum", "count"}),
        ("numeric", ["d"], {"std_dev", "sum", "count", "sum_squares"}),
        ("numeric", ["u", "max", "l"], {"max", "min", "count"}),
        ("numeric", ["median"], {"median", "count"}),
        ("numeric", [], set()),
        ("nominal", None, {"count"}),
        ("nominal", ["f"], {"frequencies", "count"}),
        ("graph", ["o", "r"], {"most_often", "least_often", "count"}),
    ],
)
def test_downsamplers_are_completed(value_type: str, named: list | None, kept: set):
    body = {"title": "a", "value_type": value_type}
    read = wanted(body if named is None else body | {"value_downsamplers": named})
    assert set(read.value_downsamplers) == kept
    assert len(read.value_downsamplers) == len(kept)


@pytest.mark.parametrize(
    ("named", "kept"),
    [(["z", "first", "a"], ("first", "last")), ([], ()), (["i"], ("intervals_mean",))],
)
def test_time_downsamplers_are_named_once_each(named: list, kept: tuple):
    assert wanted({"title": "a", "time_downsamplers": named}).time_downsamplers == kept


@pytest.mark.parametrize(
    ("text", "name"), [("M", "10minutes"), ("m", "minutes"), ("days", "days"), ("6hours", "6hours")]
)
def test_a_granularity_has_a_name_and_a_letter(text: str, name: str):
    assert wanted({"title": "a", "highest_granularity": text}).highest == name


def test_a_feed_is_read():
    query = {"station": "ridge"}
    body = {"title": "a", "dataset": {"dataset": A, "field": "air.t", "filter": query}}
    assert wanted(body).feed == Feed(A, "air.t", query, None)


@pytest.mark.parametrize("value_type", ["nominal", "graph"])
def test_a_fed_stream_is_numeric(value_type: str):
    body = {"title": "a", "value_type": value_type, "dataset": {"dataset": A, "field": "t"}}
    with pytest.raises(IncompatibleTypes):
        wanted(body)


def test_a_derivation_is_read():
    derivation = wanted(
        {"title": "a", "derive_backprocess": False, "derive_args": {"max_value": 255}, **COUNTER}
    ).derivation
    assert derivation is not None
    assert (derivation.op, derivation.args, derivation.backprocess) == (
        "counter_derivative", {"max_value": 255}, False,
    )  # fmt: skip
    assert [(s.stream, s.granularity, s.name) for s in derivation.sources] == [
        (A, None, "reset"), (B, None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "kind", "path"),
    [
        ({"derive_op": "mean", "derive_from": [A]}, UnsupportedDeriveOperator, "$.derive_op"),
        (
            {"derive_op": "sum", "derive_from": [A], "value_type": "nominal"},
            UnsupportedDeriveOperator,
            "$.derive_op",
        ),
        (
            {"derive_op": "counter_reset", "derive_from": [A]},
            UnsupportedDeriveOperator,
            "$.derive_op",
        ),
        ({"derive_op": "sum"}, InvalidOperatorArguments, "$.derive_from"),
        ({"derive_from": [A]}, InvalidOperatorArguments, "$.derive_op"),
        ({"derive_args": {"max_value": 1}}, InvalidOperatorArguments, "$.derive_args"),
        (
            {"derive_op": "derivative", "derive_from": [A, B]},
            InvalidOperatorArguments,
            "$.derive_from",
        ),
        (
            {"derive_op": "counter_reset", "derive_from": [A, B], "value_type": "nominal"},
            InvalidOperatorArguments,
            "$.derive_from",
        ),
        (
            {"derive_op": "counter_derivative", "derive_from": [A]},
            InvalidOperatorArguments,
            "$.derive_from",
        ),
        (
            {"derive_op": "counter_derivative", "derive_from": [A, {"name": "reset", "stream": B}]},
            InvalidOperatorArguments,
            "$.derive_from[0].name",
        ),
        (
            {"derive_op": "sum", "derive_from": [A], "derive_args": {"max_value": 1}},
            InvalidOperatorArguments,
            "$.derive_args.max_value",
        ),
        (
            COUNTER | {"derive_args": {"max_value": 0}},
            InvalidOperatorArguments,
            "$.derive_args.max_value",
        ),
        ({"derive_op": "sum", "derive_from": [A, "b"]}, BadStreamId, "$.derive_from[1].stream"),
    ],
)
def test_a_derivation_that_makes_no_sense_is_refused(fields: dict, kind: type[HubError], path: str):
    with pytest.raises(kind) as caught:
        wanted({"title": "a"} | fields)
    assert caught.value.detail["path"] == path


def test_a_counter_may_end_beyond_64_bits():
    body = {"title": "a", "derive_args": {"max_value": (1 << 64) - 1}, **COUNTER}
    derivation = wanted(body).derivation
    assert derivation is not None
    assert derivation.args == {"max_value": float(1 << 64)}


TEXTS = st.sampled_from(
    [A, "reset", "sum", "derivative", "m", "s", "", "a.b", "$a", "\ud800", "\0"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8
)
INNER = ("stream", "granularity", "name", "dataset", "field", "filter", "time_field", "max_value")
OBJECTS = st.dictionaries(st.sampled_from(INNER), JSON)
FIELDS = st.sampled_from([*STREAM.fields, "nonsense"])


@given(st.dictionaries(FIELDS, JSON | OBJECTS | st.lists(OBJECTS)))
def test_any_json_is_refused_in_form_or_can_be_stored(body: dict):
    try:
        read = wanted(body)
    except HubError as exc:
        orjson.dumps([exc.message, exc.detail])
    else:
        bson.encode({"name": read.title, "tags": read.tags})


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_every_operator_can_be_asked_for(op: str):
    operator = OPERATORS[op]
    names = [*operator.names, *[None] * len(operator.sources)][: len(operator.sources)]
    sources = [{"stream": A, "name": name} for name in names]
    body = {"title": "a", "value_type": operator.result, "derive_op": op, "derive_from": sources}
    derivation = wanted(body).derivation
    assert derivation is not None
    assert derivation.op == op


@pytest.mark.parametrize("text", [A, A.upper(), A.replace("-", "")])
def test_a_uuid_has_one_usual_form(text: str):
    assert uuid_of(text) == A


@pytest.mark.parametrize(
    "text", ["", "x", A[:-1], A + "0", f"{{{A}}}", A.replace("-", "", 1), "\ud800"]
)
def test_what_is_no_uuid_is_refused(text: str):
    with pytest.raises(BadStreamId):
        uuid_of(text)


def test_only_ascii_digits_make_a_uuid():
    assert not UUID.fullmatch(A.replace("0", "\u0660"))


@pytest.mark.parametrize(
    ("query_tags", "conditions"),
    [
        ({"a": 1}, {"tags.a": 1}),
        ({"a": {"b": 1, "c": {"d": "x"}}}, {"tags.a.b": 1, "tags.a.c.d": "x"}),
        ({"a": [1, {"b": 2}], "e": {}}, {"tags.a": [1, {"b": 2}], "tags.e": {}}),
        ({"a": None}, {"tags.a": None}),
    ],
)
def test_query_tags_match_by_every_leaf(query_tags: dict, conditions: dict):
    expected = [{path: {"$eq": value, "$exists": True}} for path, value in conditions.items()]
    assert tags.matching(query_tags) == {"$and": expected}
