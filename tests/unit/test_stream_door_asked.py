"""What a query string asks of a stream: every parameter, default, refusal, and their order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from hub.api.streams import asked
from hub.errors import BadParameter
from hub.series.selection import Selection
from hub.values import Stream

STREAM = Stream(
    id=7,
    uuid="00000000-0000-4000-8000-000000000000",
    name="roof",
    tags={},
    value_type="numeric",
    highest="seconds",
    value_downsamplers=("mean", "count"),
    time_downsamplers=("mean",),
    public=True,
    late="keep",
    created=datetime(2026, 1, 1, tzinfo=UTC),
    widths=((0, 1000),),
)


def args(query: str) -> MultiDict[str, str]:
    return Request(EnvironBuilder(query_string=query).get_environ()).args


def selected(query: str) -> dict[str, Any]:
    """What differs from asking for nothing."""
    plain, found = asdict(Selection()), asdict(asked.selection(args(query), STREAM))
    return {name: value for name, value in found.items() if value != plain[name]}


def refusal(query: str, stream: Stream = STREAM) -> str:
    with pytest.raises(BadParameter) as refused:
        asked.selection(args(query), stream)
    return refused.value.message


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("ooffset=9&whatever", {}),
        ("granularity=10minutes", {"granularity": "10minutes"}),
        ("granularity=m", {"granularity": "minutes"}),
        ("granularity=M", {"granularity": "10minutes"}),
        ("granularity=weeks", {"granularity": "weeks"}),
        ("granularity=months", {"granularity": "months"}),
        ("start=0&end=5", {"start": 0, "end": 5}),
        ("start=%2B7", {"start": 7}),
        ("start=+7+", {"start": 7}),
        ("start=-7", {"start": -7}),
        ("end=1_000", {"end": 1000}),
        ("end=9999999999", {"end": 9999999999}),
        ("start=1&start=2", {"start": 2}),
        ("start=1&end_exclusive=2", {"start": 1, "end_exclusive": 2}),
        ("start_exclusive=1&end=2", {"start_exclusive": 1, "end": 2}),
        ("start=9&end=1", {"start": 9, "end": 1}),
        ("value_downsamplers=mean,l", {"value_downsamplers": ("mean", "min")}),
        ("value_downsamplers=u&value_downsamplers=c,u",
            {"value_downsamplers": ("max", "count", "max")}),
        ("value_downsamplers=n,o,r,f",
            {"value_downsamplers": ("median", "most_often", "least_often", "frequencies")}),
        ("time_downsamplers=a,last,i", {"time_downsamplers": ("first", "last", "intervals_mean")}),
        ("reverse=YES", {"reverse": True}),
        ("reverse=t", {"reverse": True}),
        ("reverse=1", {"reverse": True}),
        ("reverse", {}),
        ("reverse=2", {}),
        ("reverse=true&reverse=no", {}),
        ("limit=0", {"limit": 0}),
        ("limit=10001", {"limit": 10_000}),
        ("limit=%204%20", {"limit": 4}),
        ("offset=3", {"offset": 3}),
        ("partial=true", {"partial": True}),
        ("partial=no", {}),
        ("tz=Europe/Ljubljana", {"tz": "Europe/Ljubljana"}),
        ("points=300", {"points": 300, "limit": 300}),
        ("points=300&limit=10", {"points": 300, "limit": 10}),
        ("downsample=m4", {"draw": "m4", "points": 1000, "limit": 1000}),
        ("downsample=lttb&points=50", {"draw": "lttb", "points": 50, "limit": 50}),
        ("g=h&s=1&e=2&v=m&t=z&r=y&l=5&o=6",
            {"granularity": "hours", "start": 1, "end": 2, "value_downsamplers": ("mean",),
             "time_downsamplers": ("last",), "reverse": True, "limit": 5, "offset": 6}),
        ("sx=1&ex=2", {"start_exclusive": 1, "end_exclusive": 2}),
        ("g=h&granularity=hours", {"granularity": "hours"}),
        ("s=5&start=%205", {"start": 5}),
        ("v=m,l&value_downsamplers=mean&value_downsamplers=min",
            {"value_downsamplers": ("mean", "min")}),
    ],
)  # fmt: skip
def test_a_query_selects(query: str, expected: dict[str, Any]) -> None:
    assert selected(query) == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("granularity=", "Invalid granularity: ''"),
        ("granularity=D", "Invalid granularity: 'D'"),
        ("g=Hours", "Invalid granularity: 'Hours'"),
        ("start=1.5", "Invalid time range start value: '1.5'"),
        ("start=%D9%A3", "Invalid time range start value: '٣'"),
        ("start=", "Invalid time range start value: ''"),
        ("start=2000-01-01T00:00:00Z", "Invalid time range start value: '2000-01-01T00:00:00Z'"),
        ("start=253402300800", "Invalid time range start value: '253402300800'"),
        ("start=-62135596801", "Invalid time range start value: '-62135596801'"),
        (f"start={'9' * 5000}", f"Invalid time range start value: '{'9' * 5000}'"),
        ("start_exclusive=x", "Invalid time range start value: 'x'"),
        ("end=x", "Invalid time range end value: 'x'"),
        ("end_exclusive=", "Invalid time range end value: ''"),
        ("start=1&start_exclusive=1", "Only one time range start can be specified."),
        ("s=1&sx=1", "Only one time range start can be specified."),
        ("end=1&end_exclusive=1", "Only one time range end can be specified."),
        ("value_downsamplers=", "Invalid value downsampler: ''"),
        ("value_downsamplers=mean,", "Invalid value downsampler: 'mean,'"),
        ("value_downsamplers=mean&value_downsamplers=max,x,min",
            "Invalid value downsampler: 'max,x,min'"),
        ("value_downsamplers=first", "Invalid value downsampler: 'first'"),
        ("t=sum", "Invalid time downsampler: 'sum'"),
        ("limit=x", "Invalid limit 'x' provided. Please provide a positive integer."),
        ("limit=", "Invalid limit '' provided. Please provide a positive integer."),
        ("limit=-1", "Invalid limit '-1' provided. Please provide a positive integer >= 0."),
        ("offset=1.0", "Invalid offset '1.0' provided. Please provide an integer."),
        ("offset=-2", "Invalid offset '-2' provided. Please provide a positive integer >= 0."),
        ("offset=9007199254740993",
            "Invalid offset '9007199254740993' provided. Please provide an integer."),
        ("tz=Europe", "Invalid time zone: 'Europe'"),
        ("tz=", "Invalid time zone: ''"),
        ("tz=../../etc/passwd", "Invalid time zone: '../../etc/passwd'"),
        ("tz=/etc/passwd", "Invalid time zone: '/etc/passwd'"),
        ("tz=a%00b", "Invalid time zone: 'a\0b'"),
        ("points=0", "Invalid points '0' provided. Please provide an integer from 1 to 10000."),
        ("points=10001",
            "Invalid points '10001' provided. Please provide an integer from 1 to 10000."),
        ("points=many",
            "Invalid points 'many' provided. Please provide an integer from 1 to 10000."),
        ("downsample=mean", "Invalid downsample: 'mean'"),
        ("points=5&granularity=days", "'points' takes no granularity."),
        ("downsample=m4&g=s", "'downsample' takes no granularity."),
        ("s=1&start=2", "'start' and 's' are given with different values."),
        ("v=mean&value_downsamplers=max",
            "'value_downsamplers' and 'v' are given with different values."),
        ("l=1&limit=2", "'limit' and 'l' are given with different values."),
        ("r=1&reverse=0", "'reverse' and 'r' are given with different values."),
    ],
)  # fmt: skip
def test_a_mistake_is_named(query: str, message: str) -> None:
    assert refusal(query) == message


IN_ORDER = (
    ("granularity=x", "Invalid granularity"),
    ("start=x", "Invalid time range start"),
    ("end=x", "Invalid time range end"),
    ("start_exclusive=x", "Invalid time range start"),
    ("value_downsamplers=x", "Invalid value"),
    ("time_downsamplers=x", "Invalid time downsampler"),
    ("limit=x", "Invalid limit"),
    ("offset=x", "Invalid offset"),
    ("tz=x", "Invalid time zone"),
)


@pytest.mark.parametrize("first", range(len(IN_ORDER)))
def test_the_first_mistake_is_the_one_that_is_told(first: int) -> None:
    wrong = reversed(IN_ORDER[first:])
    assert refusal("&".join(query for query, _ in wrong)).startswith(IN_ORDER[first][1])


def test_both_ends_are_looked_at_before_two_of_one() -> None:
    assert refusal("start=1&start_exclusive=2&end_exclusive=x").startswith("Invalid time range end")
    assert refusal("start=1&start_exclusive=2&v=x").startswith("Only one time range start")


@pytest.mark.parametrize("value_type", ["nominal", "graph"])
def test_only_numbers_are_drawn(value_type: Any) -> None:
    message = refusal("downsample=lttb", replace(STREAM, value_type=value_type))
    assert message == f"Only a numeric stream can be drawn; this one is {value_type}."


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (20, 0)),
        ("limit=5&offset=7", (5, 7)),
        ("l=5&o=7", (5, 7)),
        ("limit=0", (1000, 0)),
        ("limit=1001", (1000, 0)),
    ],
)
def test_a_list_has_its_own_page(query: str, expected: tuple[int, int]) -> None:
    assert asked.page(args(query)) == expected


NAMES = st.sampled_from(
    [*asked.SHORT, *asked.SHORT.values(), "partial", "tz", "points", "downsample", "format"]
)
TEXTS = st.text() | st.integers().map(str) | st.sampled_from(["mean", "h", "days", "m4", "UTC"])


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=6))
def test_any_query_string_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    with suppress(BadParameter):
        found = asked.selection(MultiDict(pairs), STREAM)
        assert 0 <= found.limit <= 10_000
        assert 0 <= found.offset <= asked.COUNT_MAX
