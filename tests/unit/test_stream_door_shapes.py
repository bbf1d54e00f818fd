"""Streams, pages and the schema as the stream door tells them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from hub.api.streams import columns, schema, shapes
from hub.series.selection import Selection
from tests.unit.test_stream_door_asked import STREAM

PATH = f"/api/v1/stream/{STREAM.uuid}/"


def page(pairs: list[tuple[str, str]], total: int, limit: int, offset: int) -> dict[str, Any]:
    return shapes.meta(shapes.Page(path=PATH, pairs=pairs, total=total, limit=limit, offset=offset))


def pairs_of(link: str) -> list[tuple[str, str]]:
    parts = urlsplit(link)
    assert parts.path == PATH
    return parse_qsl(parts.query, keep_blank_values=True)


def test_a_stream_has_nine_keys() -> None:
    assert shapes.stream(STREAM, (946_684_800_000, 946_684_801_999)) == {
        "id": STREAM.uuid,
        "resource_uri": PATH,
        "tags": {},
        "value_downsamplers": ["mean", "count"],
        "time_downsamplers": ["mean"],
        "highest_granularity": "seconds",
        "earliest_datapoint": "2000-01-01T00:00:00Z",
        "latest_datapoint": "2000-01-01T00:00:01Z",
        "value_type": "numeric",
    }


def test_an_empty_stream_has_no_ends() -> None:
    told = shapes.stream(STREAM, (None, None))
    assert (told["earliest_datapoint"], told["latest_datapoint"]) == (None, None)


def test_what_was_not_asked_is_told_with_its_default() -> None:
    assert shapes.query_params(Selection(), "seconds") == {
        "granularity": "seconds",
        "start": "0001-01-01T00:00:00Z",
        "end": None,
        "start_exclusive": None,
        "end_exclusive": None,
        "reverse": False,
        "value_downsamplers": None,
        "time_downsamplers": None,
    }


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(start=0, end=-1), {"start": "1970-01-01T00:00:00Z",
                                      "end": "1969-12-31T23:59:59Z"}),
        (Selection(start_exclusive=60), {"start": None,
                                         "start_exclusive": "1970-01-01T00:01:00Z"}),
        (Selection(end_exclusive=253_402_300_799), {"end_exclusive": "9999-12-31T23:59:59Z"}),
        (Selection(granularity="seconds"), {"granularity": "seconds"}),
        (Selection(value_downsamplers=("max", "max"), time_downsamplers=("mean",)),
            {"value_downsamplers": ["max", "max"], "time_downsamplers": ["mean"]}),
        (Selection(reverse=True), {"reverse": True}),
        (Selection(points=5, draw="m4", partial=True, tz="UTC"),
            {"points": 5, "downsample": "m4", "partial": True, "tz": "UTC"}),
    ],
)  # fmt: skip
def test_what_was_asked_is_told_back(selection: Selection, expected: dict[str, Any]) -> None:
    told = shapes.query_params(selection, "hours")
    assert {name: told[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("total", "limit", "offset", "following", "before"),
    [
        (10, 4, 0, (4, 4), None),
        (10, 4, 4, (4, 8), (4, 0)),
        (10, 4, 8, None, (4, 4)),
        (10, 4, 6, None, (4, 2)),
        (10, 4, 2, (4, 6), (2, 0)),
        (8, 4, 4, None, (4, 0)),
        (10, 4, 50, None, (4, 46)),
        (10, 0, 0, None, None),
        (10, 0, 5, None, None),
        (0, 4, 0, None, None),
    ],
)
def test_links_lead_on_and_back(
    total: int, limit: int, offset: int, following: Any, before: Any
) -> None:
    told = page([], total, limit, offset)
    links = {"next": following, "previous": before}
    for name, expected in links.items():
        if expected is None:
            assert told[name] is None
        else:
            wanted = [("limit", str(expected[0])), ("offset", str(expected[1]))]
            assert pairs_of(told[name]) == wanted
    numbers = {"total_count": total, "limit": limit, "offset": offset}
    assert told == {**numbers, "next": told["next"], "previous": told["previous"]}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("format", "json"), ("v", "m"), ("v", "l"), ("ooffset", "")],
            [("format", "json"), ("v", "m"), ("v", "l"), ("ooffset", ""),
             ("limit", "2"), ("offset", "2")]),
        ([("limit", "2"), ("a", "&= ;č")], [("a", "&= ;č"), ("limit", "2"), ("offset", "2")]),
        ([("l", "2"), ("o", "0")], [("l", "2"), ("o", "2")]),
        ([("l", "2"), ("limit", "2")], [("limit", "2"), ("offset", "2")]),
        ([("limit", "9"), ("limit", "2"), ("o", "0")], [("limit", "2"), ("o", "2")]),
    ],
)  # fmt: skip
def test_a_link_keeps_what_was_asked(
    pairs: list[tuple[str, str]], expected: list[tuple[str, str]]
) -> None:
    assert pairs_of(page(pairs, 10, 2, 0)["next"]) == expected


def test_the_schema_names_every_key_of_a_stream() -> None:
    told = shapes.stream(STREAM, (None, None))
    assert schema.SCHEMA["fields"].keys() == {*told, "datapoints"}


def test_the_schema_states_seven_facts_of_a_field() -> None:
    facts = {"type", "nullable", "blank", "default", "readonly", "unique", "help_text"}
    for name, field in schema.SCHEMA["fields"].items():
        assert field.keys() - {"choices"} == facts, name


def test_the_schema_lists_choices() -> None:
    fields = schema.SCHEMA["fields"]
    choices = {name: len(field["choices"]) for name, field in fields.items() if "choices" in field}
    assert choices == {
        "value_type": 3,
        "highest_granularity": 7,
        "value_downsamplers": 11,
        "time_downsamplers": 8,
    }


def test_of_a_stream_only_tags_are_not_read_only() -> None:
    fields = schema.SCHEMA["fields"]
    assert [name for name, field in fields.items() if not field["readonly"]] == ["tags"]


@pytest.mark.parametrize(
    ("selection", "granularity", "expected"),
    [
        (Selection(), "seconds", ("t", "v")),
        (Selection(value_downsamplers=("max",)), "seconds", ("t", "v")),
        (Selection(), "hours", ("t.m", "v.c", "v.m")),
        (Selection(), "weeks", ("t.m", "v.c", "v.m")),
        (Selection(value_downsamplers=("max", "min", "max"), time_downsamplers=("last", "first")),
            "days", ("t.a", "t.z", "v.l", "v.u")),
    ],
)  # fmt: skip
def test_the_columns_are_known_from_what_was_asked(
    selection: Selection, granularity: str, expected: tuple[str, ...]
) -> None:
    assert columns.columns(STREAM, selection, granularity) == expected
