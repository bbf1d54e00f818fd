"""What each value type takes, what it refuses and where, and what is stored."""

from __future__ import annotations

from typing import Any

import pytest
from bson import BSON
from bson.int64 import Int64
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Invalid
from hub.series.kinds import COUNT_MAX, DEPTH_MAX, check_value, storable
from hub.series.names import STORED_VALUES, VALUE_LETTERS, VALUE_TYPES, ValueType

FULL = {"c": 2, "s": 3, "q": 5.0, "l": 1, "u": 2, "m": 1.5, "d": 0.5}
EMPTY = {**dict.fromkeys(FULL), "c": 0}
MEAN = ("mean", "sum", "count")


def nested(levels: int) -> Any:
    """A number inside so many arrays and objects."""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def refusal(value_type: ValueType, value: Any, downsamplers: tuple[str, ...]) -> Invalid:
    with pytest.raises(Invalid) as caught:
        check_value(value_type, value, downsamplers)
    return caught.value


@pytest.mark.parametrize("value_type", VALUE_TYPES)
def test_every_type_takes_null(value_type: ValueType) -> None:
    check_value(value_type, None, ())


@pytest.mark.parametrize(
    "value",
    [0, -1, 1.5, -0.0, 1e308, 2**63, -(2**100), 10**308, Int64(5), FULL, EMPTY,
     {**FULL, "c": COUNT_MAX}, {**FULL, "s": 2**70}],
)  # fmt: skip
def test_a_numeric_stream_takes(value: Any) -> None:
    check_value("numeric", value, STORED_VALUES)


def test_an_object_has_the_letters_of_the_streams_own_downsamplers() -> None:
    check_value("numeric", {"m": 1.5, "s": 3, "c": 2}, MEAN)


def test_downsamplers_that_are_not_stored_have_no_letter_in_an_object() -> None:
    check_value("numeric", {"m": 1.5, "s": 3, "c": 2}, (*MEAN, "median", "frequencies"))


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (True, "v", "a number, null"),
        ("5", "v", "a number, null"),
        ([1], "v", "a number, null"),
        (b"5", "v", "a number, null"),
        (NAN, "v", "NaN"),
        (-INF, "v", "NaN"),
        (10**309, "v", "too large"),
        (-(10**309), "v", "too large"),
        ({}, "v", "all and only the letters c, d, l, m, q, s, u"),
        ({**FULL, "n": 1}, "v", "all and only"),
        ({key: FULL[key] for key in "csqlum"}, "v", "all and only"),
        ({**FULL, "m": "1.5"}, "v.m", "a number or null"),
        ({**FULL, "m": True}, "v.m", "a number or null"),
        ({**FULL, "m": [1]}, "v.m", "a number or null"),
        ({**FULL, "q": NAN}, "v.q", "NaN"),
        ({**FULL, "s": 10**309}, "v.s", "too large"),
        ({**FULL, "c": None}, "v.c", "whole number"),
        ({**FULL, "c": -1}, "v.c", "whole number"),
        ({**FULL, "c": 2.0}, "v.c", "whole number"),
        ({**FULL, "c": COUNT_MAX + 1}, "v.c", "whole number"),
        ({**FULL, "c": True}, "v.c", "a number or null"),
        ({**FULL, "c": 0}, "v.s", "is null where"),
        ({**FULL, "d": None}, "v.d", "null only for a count of 0"),
        ({**EMPTY, "d": 0}, "v.d", "is null where"),
    ],
)
def test_a_numeric_stream_refuses(value: Any, path: str, words: str) -> None:
    found = refusal("numeric", value, STORED_VALUES)
    assert found.detail == {"path": path}
    assert words in found.message


@pytest.mark.parametrize("value", [{}, {"c": 0}, FULL])
def test_a_stream_without_downsamplers_takes_no_objects(value: Any) -> None:
    assert "no downsampled objects" in refusal("numeric", value, ()).message


@pytest.mark.parametrize("letter", sorted(VALUE_LETTERS[name] for name in STORED_VALUES))
def test_each_letter_is_needed(letter: str) -> None:
    value = {key: item for key, item in FULL.items() if key != letter}
    assert refusal("numeric", value, STORED_VALUES).detail == {"path": "v"}


@pytest.mark.parametrize(
    "value",
    [True, "", "text", 5, 2.5, 2**80, [], {}, [1, "a", None, {"b": [False]}], {"_id": 1, "a b": 2},
     "nul \0 inside", nested(DEPTH_MAX), {"a$": 1}, Int64(5)],
)  # fmt: skip
def test_a_nominal_stream_takes(value: Any) -> None:
    check_value("nominal", value, ("count",))


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (NAN, "v", "NaN"),
        ([1, INF], "v[1]", "NaN"),
        ({"a": {"b": 10**309}}, "v.a.b", "too large"),
        ("\ud800", "v", "Unicode"),
        ({"a": ["\udfff"]}, "v.a[0]", "Unicode"),
        ({"a": {"": 1}}, "v.a.", "empty"),
        ([{"$gt": 1}], "v[0].$gt", "$"),
        ({"a.b": 1}, "v.a.b", "dot"),
        ({"a\0": 1}, "v.a\\0", "NUL"),
        ({"\ud800": 1}, "v.?", "Unicode"),
        (b"bytes", "v", "no JSON value"),
        ({"a": {1, 2}}, "v.a", "no JSON value"),
    ],
)
def test_a_nominal_stream_refuses(value: Any, path: str, words: str) -> None:
    found = refusal("nominal", value, ("count",))
    assert found.detail == {"path": path}
    assert words in found.message


@pytest.mark.parametrize("levels", [DEPTH_MAX + 1, 5000])
def test_a_value_nested_too_deep_is_refused(levels: int) -> None:
    found = refusal("nominal", nested(levels), ("count",))
    assert "deeper" in found.message
    assert found.detail["path"].count("a") + found.detail["path"].count("[0]") == DEPTH_MAX


def test_a_long_name_is_cut_in_the_path() -> None:
    assert len(refusal("nominal", {"x" * 1000: NAN}, ()).detail["path"]) < 100


def graph(*ids: Any, edges: Any = ()) -> dict[str, Any]:
    return {"v": [{"i": i} for i in ids], "e": [{"f": f, "t": t} for f, t in edges]}


@pytest.mark.parametrize(
    "value",
    [
        graph(),
        graph("a"),
        graph("a", "b", edges=[("a", "b"), ("a", "b"), ("b", "b")]),
        graph(1, "1", True, 2.5, edges=[(1, "1"), (True, 2.5)]),
        graph(1, edges=[(1.0, 1)]),
        graph(2**70, edges=[(2**70, float(2**70))]),
        {**graph("a"), "more": {"x": 1}},
        {"v": [{"i": "a", "label": [1]}], "e": [{"f": "a", "t": "a", "weight": None}]},
    ],
)
def test_a_graph_stream_takes(value: Any) -> None:
    check_value("graph", value, ("count",))


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (5, "v", "a graph or null"),
        ([], "v", "a graph or null"),
        ({}, "v.v", "array of vertices"),
        ({"v": []}, "v.e", "array of edges"),
        ({"e": []}, "v.v", "array of vertices"),
        ({"v": {}, "e": []}, "v.v", "array of vertices"),
        ({"v": [], "e": None}, "v.e", "array of edges"),
        ({"v": ["a"], "e": []}, "v.v[0]", "is an object"),
        ({"v": [], "e": [[]]}, "v.e[0]", "is an object"),
        ({"v": [{"i": "a"}, {}], "e": []}, "v.v[1].i", "id of a vertex"),
        (graph(None), "v.v[0].i", "id of a vertex"),
        (graph([1]), "v.v[0].i", "id of a vertex"),
        (graph({"a": 1}), "v.v[0].i", "id of a vertex"),
        (graph("a", "b", "a"), "v.v[2].i", "same id"),
        (graph(1, 1.0), "v.v[1].i", "same id"),
        (graph(2**70, 2**70 + 1), "v.v[1].i", "same id"),
        ({**graph("a"), "e": [{"f": "a"}]}, "v.e[0].t", "id of a vertex"),
        ({**graph("a"), "e": [{"t": "a"}]}, "v.e[0].f", "id of a vertex"),
        (graph("a", edges=[("a", "a"), ("a", "a"), ("a", "b")]), "v.e[2].t", "not there"),
        (graph("a", edges=[("b", "a")]), "v.e[0].f", "not there"),
        (graph(1, edges=[(True, 1)]), "v.e[0].f", "not there"),
        (graph(1, edges=[(1, "1")]), "v.e[0].t", "not there"),
        ({**graph("a"), "more": {"$x": 1}}, "v.more.$x", "$"),
        (graph(NAN), "v.v[0].i", "NaN"),
    ],
)
def test_a_graph_stream_refuses(value: Any, path: str, words: str) -> None:
    found = refusal("graph", value, ("count",))
    assert found.detail == {"path": path}
    assert words in found.message


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        (True, True),
        ("9" * 30, "9" * 30),
        (2**63 - 1, 2**63 - 1),
        (2**63, float(2**63)),
        (-(2**63), -(2**63)),
        (-(2**63) - 1, -float(2**63)),
        (1.0, 1.0),
        (Int64(5), 5),
        ({"s": 2**70, "c": 2}, {"s": float(2**70), "c": 2}),
        ([1, [2**64, {"a": 2**65}]], [1, [float(2**64), {"a": float(2**65)}]]),
    ],
)
def test_a_value_as_it_is_stored(value: Any, stored: Any) -> None:
    found = storable(value)
    assert (repr(found), type(found)) == (repr(stored), type(stored))


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=2),
              st.text(st.characters(codec=None), max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from("veiftcsqlumd"), st.text(max_size=2)), inner,
                        max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


def place_of_refusal(value_type: ValueType, value: Any) -> str | None:
    try:
        check_value(value_type, value, STORED_VALUES)
    except Invalid as refused:
        return str(refused.detail["path"])
    return None


@given(st.sampled_from(VALUE_TYPES), ANYTHING)
def test_anything_is_refused_with_a_path_or_can_be_stored(
    value_type: ValueType, value: Any
) -> None:
    place = place_of_refusal(value_type, value)
    assert place is None or place.startswith("v")
    if place is None:
        BSON.encode({"v": storable(value)})
