"""``$orderby``, ``$select``, ``$compute`` and ``$apply`` on a real server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from hub.errors import BadOData, UnsupportedOData
from hub.query.odata.apply import parse_apply
from hub.query.odata.bind import Context
from hub.query.odata.compile import guarded_stages
from hub.query.odata.grouping import Applied, apply_stages
from hub.query.odata.model import EntityType, Property
from hub.query.odata.options import parse_compute, parse_orderby, parse_select
from hub.query.odata.stages import Stage, compute_stages, order_stages, project_stage, selected

ENTITY = EntityType(
    (
        Property("Id", "_id", "integer"),
        Property("Name", "title", "string"),
        Property("Amount", "amount", "number"),
        Property("Size", "size", "integer"),
        Property("When", "when", "datetime"),
        Property("Time", "time", "time"),
        Property("Place", "place", "object"),
        Property("Place/City", "place.city", "string"),
        Property("Tags", "tags", "string", collection=True),
    ),
    open=True,
)
CONTEXT = Context(ENTITY)
MOMENT = datetime(2020, 1, 2, 3, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {"_id": 1, "title": "b", "amount": 1.5, "size": 3, "place": {"city": "x"}, "time": "08:00"},
    {"_id": 2, "title": "a", "amount": None, "size": 4, "place": {"city": "y"}, "time": "09:30:00"},
    {"_id": 3, "title": "c", "size": 3, "place": {"city": "x"}},
    {"_id": 4, "amount": 4, "size": 1, "place": {"city": None}, "time": "08:00:00.5"},
    {"_id": 5, "title": "b", "amount": "much", "place": {}, "when": MOMENT},
]  # fmt: skip


@pytest.fixture(scope="module")
def rows(database: Database) -> Iterator[Collection]:
    found = database["odata_stages"]
    found.insert_many(ROWS)
    yield found
    found.drop()


def run(rows: Collection, stages: Sequence[Stage]) -> list[dict[str, Any]]:
    return list(rows.aggregate([*guarded_stages(stages).stages]))


def applied(text: str) -> Applied:
    return apply_stages(parse_apply(text), CONTEXT)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Id desc", [5, 4, 3, 2, 1]),
        ("Name,Id", [4, 2, 1, 5, 3]),
        ("Name desc,Id desc", [3, 5, 1, 2, 4]),
        ("Place/City desc,Id", [2, 1, 3, 4, 5]),
        ("Size mod 3 desc,Id", [2, 4, 1, 3, 5]),
        ("Amount gt 2,Id", [2, 3, 5, 1, 4]),
        ("'a',Id desc,Id", [5, 4, 3, 2, 1]),
        ("length(Name) desc,size,Id desc", [5, 3, 1, 2, 4]),
    ],
)
def test_the_order_is_the_one_asked_for(rows: Collection, text: str, ids: list[int]) -> None:
    found = run(rows, order_stages(parse_orderby(text), CONTEXT))
    assert [row["_id"] for row in found] == ids
    assert all(set(row) <= {*ROWS[0], "when"} for row in found)


@pytest.mark.parametrize("text", ["Tags", "Place", "Nothing"])
def test_what_has_no_order_is_refused(text: str) -> None:
    with pytest.raises(BadOData):
        order_stages(parse_orderby(text), Context(EntityType(ENTITY.properties)))


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("Name", {"Name": "b"}),
        ("Id,Place/City", {"Id": 1, "Place": {"City": "x"}}),
        ("Place/City,Place", {"Place": {"city": "x"}}),
        ("size,nothing", {"size": 3}),
    ],
)
def test_what_is_selected_is_given_under_its_name(
    rows: Collection, text: str, row: dict[str, Any]
) -> None:
    properties = selected(parse_select(text), CONTEXT)
    assert properties is not None
    assert run(rows, [{"$match": {"_id": 1}}, project_stage(properties)]) == [row]


def test_a_star_selects_everything() -> None:
    assert selected(parse_select("Name,*"), CONTEXT) is None


def test_an_unknown_property_cannot_be_selected() -> None:
    with pytest.raises(BadOData):
        selected(parse_select("Nothing"), Context(EntityType(ENTITY.properties)))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Amount mul 2 as X", [3, None, None, 8, None]),
        ("Size div 2 as X", [1, 2, 1, 0, None]),
        ("Name as X", ["b", "a", "c", None, "b"]),
        ("'$title' as X", ["$title"] * 5),
        ("Amount gt 2 as X", [False, None, None, True, None]),
        ("time(When) as X", [None, None, None, None, "03:00:00.000"]),
        ("Time as X", ["08:00", "09:30:00", None, "08:00:00.5", None]),
        ("date(When) as X", [None, None, None, None, "2020-01-02"]),
        ("null as X", [None] * 5),
    ],
)
def test_what_is_computed_stands_in_the_row(rows: Collection, text: str, values: list[Any]) -> None:
    stages, entity = compute_stages(parse_compute(text), CONTEXT)
    assert [row["X"] for row in run(rows, [{"$sort": {"_id": 1}}, *stages])] == values
    assert entity.find(("X",)) is not None


@pytest.mark.parametrize("text", ["1 as Name", "1 as _id", "Tags as X"])
def test_a_computation_cannot_take_a_name_or_a_collection(text: str) -> None:
    with pytest.raises(BadOData):
        compute_stages(parse_compute(text), CONTEXT)


def test_a_duration_is_no_result() -> None:
    with pytest.raises(UnsupportedOData):
        compute_stages(parse_compute("When sub When as X"), CONTEXT)


GROUPS: list[tuple[str, list[dict[str, Any]]]] = [
    ("aggregate($count as n)", [{"n": 5}]),
    ("aggregate(Size with sum as s,Size with average as a,Size with min as l,Size with max as u)",
     [{"s": 11, "a": 2.75, "l": 1, "u": 4}]),
    ("aggregate(Amount with sum as s,Amount with average as a)", [{"s": 5.5, "a": 2.75}]),
    ("aggregate(Name with countdistinct as d,Size with sum as s,$count as n)",
     [{"d": 3, "s": 11, "n": 5}]),
    ("aggregate(1 with countdistinct as d,Size with sum as s)", [{"d": 1, "s": 11}]),
    ("aggregate(true with countdistinct as d)", [{"d": 1}]),
    ("aggregate('$a' with countdistinct as d)", [{"d": 1}]),
    ("aggregate(0.5 div 2 with countdistinct as d)", [{"d": 1}]),
    ("aggregate(Name with countdistinct as d,Size with average as a)", [{"d": 3, "a": 2.75}]),
    ("aggregate(Name with max as u,Time with max as t)", [{"u": "c", "t": "09:30:00.000"}]),
    ("aggregate(Size mul 2 with sum as s)", [{"s": 22}]),
    ("groupby((Place/City))",
     [{"Place": {"City": None}}, {"Place": {"City": "x"}}, {"Place": {"City": "y"}}]),
    ("groupby((Place/City),aggregate($count as n,Amount with sum as s))",
     [{"Place": {"City": None}, "n": 2, "s": 4}, {"Place": {"City": "x"}, "n": 2, "s": 1.5},
      {"Place": {"City": "y"}, "n": 1, "s": None}]),
    ("groupby((Place/City),aggregate(Size with countdistinct as d,Size with max as u))",
     [{"Place": {"City": None}, "d": 1, "u": 1}, {"Place": {"City": "x"}, "d": 1, "u": 3},
      {"Place": {"City": "y"}, "d": 1, "u": 4}]),
    ("filter(Size eq 3)/aggregate($count as n)", [{"n": 2}]),
    ("groupby((Name),aggregate($count as n))/filter(n gt 1)", [{"Name": "b", "n": 2}]),
    ("groupby((Name),aggregate($count as n))/aggregate(n with max as most)", [{"most": 2}]),
    ("compute(Size add 1 as t)/filter(t eq 5)/aggregate(t with sum as s)", [{"s": 5}]),
    ("aggregate(Size with sum as s,$count as n)/compute(s divby n as m)",
     [{"s": 11, "n": 5, "m": 2.2}]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), GROUPS)
def test_an_apply_gives_its_rows(
    rows: Collection, text: str, expected: list[dict[str, Any]]
) -> None:
    assert sorted(run(rows, applied(text).stages), key=str) == sorted(expected, key=str)


@pytest.mark.parametrize(
    ("text", "single"),
    [("aggregate($count as n)", True), ("groupby((Name))", False), ("identity", False),
     ("aggregate($count as n)/filter(n gt 1)", False),
     ("aggregate($count as n)/compute(n as m)", True)],
)  # fmt: skip
def test_an_apply_says_whether_it_gives_one_row(text: str, single: bool) -> None:
    assert applied(text).single is single


@pytest.mark.parametrize(
    "text",
    [
        "aggregate(Name with sum as s)",
        "aggregate(Tags with max as s)",
        "groupby((Tags))",
        "groupby((Place))",
        "groupby((Name),aggregate($count as Name))",
        "groupby((Place/City),aggregate($count as Place))",
        "groupby((Name))/filter(Size eq 1)",
        "aggregate($count as _id)",
    ],
)
def test_an_apply_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(BadOData):
        applied(text)


def test_two_counts_of_distinct_values_are_not_done() -> None:
    with pytest.raises(UnsupportedOData):
        applied("aggregate(Name with countdistinct as a,Size with countdistinct as b)")
