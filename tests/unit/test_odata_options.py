"""``$orderby``, ``$select``, ``$compute``, ``$apply`` and ``$search``: text to clauses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import BadOData, QueryTooComplex, UnsupportedOData
from hub.query.odata.apply import parse_apply
from hub.query.odata.ast import Binary, Call, Literal, Path
from hub.query.odata.clauses import (
    Aggregated,
    AllOf,
    AnyOf,
    Computed,
    ComputeWith,
    FilterBy,
    GroupBy,
    OrderItem,
    Selected,
    Without,
    Word,
)
from hub.query.odata.options import parse_compute, parse_orderby, parse_select
from hub.query.odata.search import compile_search, parse_search

A, B = Path(("a",)), Path(("b",))
BC = Path(("b", "c"))
TWO = Literal(2, "integer")
COUNT = Aggregated("n")
SUM = Aggregated("s", A, "sum")

READ: list[tuple[Callable[[str], Any], str, Any]] = [
    (parse_orderby, "a", (OrderItem(A),)),
    (parse_orderby, "a desc, b/c ASC", (OrderItem(A, True), OrderItem(BC))),
    (parse_orderby, "length(a)", (OrderItem(Call("length", (A,))),)),
    (parse_orderby, "desc desc", (OrderItem(Path(("desc",)), True),)),
    (parse_select, "a, b/c", Selected((A, BC))),
    (parse_select, "*", Selected((), True)),
    (parse_select, "a,*", Selected((A,), True)),
    (parse_compute, "a mul 2 as x,b as y",
     (Computed(Binary("mul", A, TWO), "x"), Computed(B, "y"))),
    (parse_apply, "identity", ()),
    (parse_apply, "filter(a eq 2)", (FilterBy(Binary("eq", A, TWO)),)),
    (parse_apply, "groupby((a,b/c))", (GroupBy((A, BC), ()),)),
    (parse_apply, "aggregate($count as n)", (GroupBy((), (COUNT,)),)),
    (parse_apply, "GROUPBY((b),AGGREGATE(a WITH Sum AS s, $count as n))",
     (GroupBy((B,), (SUM, COUNT)),)),
    (parse_apply, "compute(a as x)/identity/filter(x eq 2)",
     (ComputeWith((Computed(A, "x"),)), FilterBy(Binary("eq", Path(("x",)), TWO)))),
    (parse_search, "a", Word("a")),
    (parse_search, "a b", AllOf((Word("a"), Word("b")))),
    (parse_search, "a AND b", AllOf((Word("a"), Word("b")))),
    (parse_search, "a OR b c", AnyOf((Word("a"), AllOf((Word("b"), Word("c")))))),
    (parse_search, "NOT a b", AllOf((Without(Word("a")), Word("b")))),
    (parse_search, '"a b"  or', AllOf((Word("a b"), Word("or")))),
    (parse_search, "NOT (a OR b)", Without(AnyOf((Word("a"), Word("b"))))),
    (parse_search, "ÄÖ-5,x", Word("ÄÖ-5,x")),
]  # fmt: skip

BAD: list[tuple[Callable[[str], Any], str, int]] = [
    (parse_orderby, "", 0),
    (parse_orderby, "a,", 2),
    (parse_orderby, "a up", 2),
    (parse_select, "a desc", 2),
    (parse_select, "", 0),
    (parse_select, "tags/any()", 0),
    (parse_select, "5", 0),
    (parse_compute, "a mul 2", 7),
    (parse_compute, "a as x,b as x", 12),
    (parse_compute, "a as 5", 5),
    (parse_apply, "", 0),
    (parse_apply, "filter a", 7),
    (parse_apply, "filter(a eq 1", 13),
    (parse_apply, "groupby(a)", 8),
    (parse_apply, "groupby(())", 9),
    (parse_apply, "groupby((a),b)", 12),
    (parse_apply, "aggregate(a as x)", 12),
    (parse_apply, "aggregate(a with total as x)", 17),
    (parse_apply, "aggregate($count as x,$count as x)", 32),
    (parse_apply, "sort(a)", 0),
    (parse_search, "", 0),
    (parse_search, "a OR", 4),
    (parse_search, "AND a", 0),
    (parse_search, "(a", 2),
    (parse_search, "a)", 1),
    (parse_search, '"a', 0),
    (parse_search, '""', 0),
    (parse_search, r'"\x"', 0),
]

UNSUPPORTED: list[tuple[Callable[[str], Any], str, str]] = [
    (parse_select, "a($select=b)", "$select with options"),
    (parse_apply, "topcount(3,a)", "the transformation topcount"),
    (parse_apply, "filter(a eq 1)/concat(identity,identity)", "the transformation concat"),
    (parse_apply, "My.own(a)", "the transformation my.own"),
    (parse_apply, "groupby((rollup(a,b)))", "rollup"),
    (parse_apply, "groupby((a),topcount(1,b))", "topcount inside groupby"),
    (parse_apply, "groupby((a),aggregate(b with sum as s)/filter(s gt 1))",
     "a chain inside groupby"),
    (parse_apply, "aggregate(a with My.own as x)", "the method My.own"),
    (parse_apply, "aggregate(a with sum from b with average as x)", "from in aggregate"),
]  # fmt: skip


@pytest.mark.parametrize(("read", "text", "expected"), READ, ids=[case[1] for case in READ])
def test_an_option_is_read(read: Callable[[str], Any], text: str, expected: Any) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(("read", "text", "offset"), BAD)
def test_a_bad_option_is_refused_where_it_is_bad(
    read: Callable[[str], Any], text: str, offset: int
) -> None:
    with pytest.raises(BadOData) as caught:
        read(text)
    assert caught.value.detail["offset"] == offset


@pytest.mark.parametrize(("read", "text", "name"), UNSUPPORTED)
def test_what_is_not_done_is_named(read: Callable[[str], Any], text: str, name: str) -> None:
    with pytest.raises(UnsupportedOData) as caught:
        read(text)
    assert caught.value.detail["name"] == name


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (parse_orderby, ",".join(["a"] * 201)),
        (parse_select, ",".join(["a"] * 201)),
        (parse_compute, ",".join(f"a as x{n}" for n in range(201))),
        (parse_apply, "/".join(["identity"] * 201)),
        (parse_search, "NOT " * 2_000 + "a"),
        (parse_search, "(" * 8_000),
        (parse_search, "a " * 51),
        (parse_search, "a" * 201),
        (parse_search, "a" * 9_000),
    ],
)
def test_an_option_over_a_bound_is_refused(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(QueryTooComplex):
        read(text)


def test_a_search_stands_for_itself_and_nothing_else() -> None:
    found = compile_search(parse_search("a.b*"), ["x", "y.z"])
    pattern = {"$regex": r"a\.b\*", "$options": "i"}
    assert found == {"$or": [{"x": pattern}, {"y.z": pattern}]}
