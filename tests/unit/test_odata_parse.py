"""OData text to trees: what is read, where it is refused, and that it never runs away."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import BadOData, BadQuery, QueryTooComplex, UnsupportedOData
from hub.query.odata.ast import (
    Alias,
    And,
    Binary,
    Call,
    Count,
    Expression,
    Items,
    Lambda,
    Literal,
    Negate,
    Not,
    Or,
    Path,
    TypeName,
)
from hub.query.odata.dialect import DATASTREAM, STRICT
from hub.query.odata.parse import parse_filter
from hub.query.odata.printed import printed
from hub.query.odata.resolve import resolved
from tests.cases.odata import shapes

A, B, C = Path(("a",)), Path(("b",)), Path(("c",))


def integer(value: int) -> Literal:
    return Literal(value, "integer")


def text(value: str) -> Literal:
    return Literal(value, "string")


ONE, TWO = integer(1), integer(2)

LITERALS: list[tuple[str, Literal]] = [
    ("null", Literal(None, "null")),
    ("true", Literal(True, "boolean")),
    ("FALSE", Literal(False, "boolean")),
    ("5", integer(5)),
    ("-128", integer(-128)),
    ("+7", integer(7)),
    ("9223372036854775807", integer(2**63 - 1)),
    ("9223372036854775808", Literal(float(2**63), "number")),
    ("34.95", Literal(34.95, "number")),
    ("-0.31415926535897931e1", Literal(-3.1415926535897931, "number")),
    ("1E3", Literal(1000.0, "number")),
    ("INF", Literal(math.inf, "number")),
    ("-INF", Literal(-math.inf, "number")),
    ("NaN", Literal(math.nan, "number")),
    ("'Say Hello,then go'", text("Say Hello,then go")),
    ("'it''s'", text("it's")),
    ("''", text("")),
    ("''''", text("'")),
    ("2012-12-03", Literal(date(2012, 12, 3), "date")),
    ("07:59:59.999", Literal(time(7, 59, 59, 999000), "time")),
    ("07:59", Literal(time(7, 59), "time")),
    ("2012-12-03T07:16:23Z", Literal(datetime(2012, 12, 3, 7, 16, 23, tzinfo=UTC), "datetime")),
    ("2012-12-03T07:16Z", Literal(datetime(2012, 12, 3, 7, 16, tzinfo=UTC), "datetime")),
    ("2012-12-03T07:16:23", Literal(datetime(2012, 12, 3, 7, 16, 23, tzinfo=UTC), "datetime")),
    ("2012-12-03T09:16:23.500000000000+02:00",
     Literal(datetime(2012, 12, 3, 7, 16, 23, 500000, UTC), "datetime")),
    ("2012-12-03T07:16:23.1234567Z",
     Literal(datetime(2012, 12, 3, 7, 16, 23, 123456, UTC), "datetime")),
    ("2012-12-03T07:16:23.123000000000+02:00",
     Literal(datetime(2012, 12, 3, 7, 16, 23, 123000, timezone(timedelta(hours=2))), "datetime")),
    ("2012-12-03T07:16:23.9990000001Z",
     Literal(datetime(2012, 12, 3, 7, 16, 23, 999001, UTC), "datetime")),
    ("duration'P12DT23H59M59.999S'",
     Literal(timedelta(days=12, hours=23, minutes=59, seconds=59.999), "duration")),
    ("duration'-PT1H'", Literal(-timedelta(hours=1), "duration")),
    ("01234567-89ab-cdef-0123-456789abcdef",
     Literal(UUID("01234567-89ab-cdef-0123-456789abcdef"), "guid")),
]  # fmt: skip

TREES: list[tuple[str, Expression]] = [
    ("a", A),
    ("a/b/c", Path(("a", "b", "c"))),
    ("ä_1", Path(("ä_1",))),
    ("$it/a", A),
    ("nullable eq trueish", Binary("eq", Path(("nullable",)), Path(("trueish",)))),
    ("in eq mod", Binary("eq", Path(("in",)), Path(("mod",)))),
    ("mod mod mod", Binary("mod", Path(("mod",)), Path(("mod",)))),
    ("contains eq 1", Binary("eq", Path(("contains",)), ONE)),
    ("  a eq 1\t", Binary("eq", A, ONE)),
    ("a EQ 1", Binary("eq", A, ONE)),
    ("a eq -1", Binary("eq", A, integer(-1))),
    ("a sub -1", Binary("sub", A, integer(-1))),
    ("-a", Negate(A)),
    ("- 1", Negate(ONE)),
    ("-(a)", Negate(A)),
    ("--1", Negate(integer(-1))),
    ("a in (1)", Binary("in", A, Items((ONE,)))),
    ("a in (1,2)", Binary("in", A, Items((ONE, TWO)))),
    ("a in ()", Binary("in", A, Items(()))),
    ("a in('x, y' , 'z')", Binary("in", A, Items((text("x, y"), text("z"))))),
    ('a in ["x",1]', Binary("in", A, Items((text("x"), ONE)))),
    ("1 in a", Binary("in", ONE, A)),
    ("not a", Not(A)),
    ("not (a)", Not(A)),
    ("not(a)", Not(A)),
    ("NOT a AND b", And((Not(A), B))),
    ("not a in (1)", Not(Binary("in", A, Items((ONE,))))),
    ("not a eq b", Binary("eq", Not(A), B)),
    ("not not a", Not(Not(A))),
    ("(a)and(b)", And((A, B))),
    ("a and b and c", And((A, B, C))),
    ("(a and b) and c", And((And((A, B)), C))),
    ("a or b and c", Or((A, And((B, C))))),
    ("a and b or c", Or((And((A, B)), C))),
    ("(a or b) and c", And((Or((A, B)), C))),
    ("a add b mul c", Binary("add", A, Binary("mul", B, C))),
    ("(a add b) mul c", Binary("mul", Binary("add", A, B), C)),
    ("a sub b sub c", Binary("sub", Binary("sub", A, B), C)),
    ("a div b divby c", Binary("divby", Binary("div", A, B), C)),
    ("-a add b", Binary("add", Negate(A), B)),
    ("a add 1 gt b", Binary("gt", Binary("add", A, ONE), B)),
    ("a eq b gt c", Binary("eq", A, Binary("gt", B, C))),
    ("a eq b eq c", Binary("eq", Binary("eq", A, B), C)),
    ("a eq 1 and b has c", And((Binary("eq", A, ONE), Binary("has", B, C)))),
    ("tags/any()", Lambda(Path(("tags",)), "any")),
    ("tags/any(t:t eq 1)", Lambda(Path(("tags",)), "any", "t", Binary("eq", Path((), "t"), ONE))),
    ("a/tags/ALL(t : t/b)", Lambda(Path(("a", "tags")), "all", "t", Path(("b",), "t"))),
    ("a/any(a:a/b eq $it/a)",
     Lambda(A, "any", "a", Binary("eq", Path(("b",), "a"), A))),
    ("a/any(x:x/b/any(y:y eq x/c))",
     Lambda(A, "any", "x", Lambda(Path(("b",), "x"), "any", "y",
                                  Binary("eq", Path((), "y"), Path(("c",), "x"))))),
    ("a/any(x:x eq 1) and x", And((Lambda(A, "any", "x", Binary("eq", Path((), "x"), ONE)),
                                   Path(("x",))))),
    ("tags/$count gt 2", Binary("gt", Count(Path(("tags",))), TWO)),
    ("@p", Alias("p")),
    ("Contains(a,'b')", Call("contains", (A, text("b")))),
    ("now()", Call("now", ())),
    ("substring(a,1,2)", Call("substring", (A, ONE, TWO))),
    ("cast(a,Edm.Int32)", Call("cast", (A, TypeName("Edm.Int32")))),
    ("isof(My.Type)", Call("isof", (TypeName("My.Type"),))),
    ('hassubset(a,[1,-2,"x",null,true])', Call("hassubset", (A, Items((
        ONE, integer(-2), text("x"), Literal(None, "null"), Literal(True, "boolean")))))),
]  # fmt: skip

BAD: list[tuple[str, int, str | None]] = [
    ("", 0, "a property, a literal, a function or '('"),
    ("a eq", 4, "a property, a literal, a function or '('"),
    ("a eq 1 2", 7, "an operator or the end"),
    ("Name eq 'Milk' 'Coke'", 15, "an operator or the end"),
    ("a eq'x'", 4, "a space after 'eq'"),
    ("'x'eq a", 3, "a space before 'eq'"),
    ("a eq 5and b", 5, "a literal"),
    ("(a eq 1", 7, "')'"),
    ("a eq 1)", 6, "an operator or the end"),
    ("a eq 'x", 5, "a closing quote"),
    ('a eq "x"', 5, "text in single quotes"),
    ("a eq #", 5, None),
    ("a-b eq 1", 1, "sub"),
    ("a/ eq 1", 3, "a property, any(…), all(…) or $count"),
    ("a /b", 2, "an operator or the end"),
    ("a//b", 2, "a property, any(…), all(…) or $count"),
    ("a in (1,)", 8, "a property, a literal, a function or '('"),
    ("a in (1 2)", 8, "','"),
    ("a in [x]", 6, "a JSON value"),
    ("contains(a)", 0, "2 arguments"),
    ("substring(a)", 0, "2 to 3 arguments"),
    ("now(1)", 0, "0 arguments"),
    ("startwith(a,'b')", 0, "startswith"),
    ("sub_string_of('b',a)", 0, "substring"),
    ("substringof('b',a)", 0, "contains"),
    ("wibble(a)", 0, "a function of OData"),
    ("cast(a,b)", 7, "a type, as Edm.String"),
    ("a/any(b)", 7, "':'"),
    ("a/all()", 6, "a range variable"),
    ("a gte 1", 2, "ge"),
    ("a eqs 1", 2, "eq"),
    ("(a equals 1)", 3, "eq"),
    ("a = 1", 2, "eq"),
    ("a + 1 eq 2", 2, "add"),
    ("a > 1", 2, "gt or ge"),
    ("a eq 1 && b eq 2", 7, "and"),
    ("a eq 1 andd b eq 2", 7, "and or add"),
    ("a like 'x'", 2, "contains(…)"),
    ("a wibble 1", 2, "an operator or the end"),
    ("a eq Dissolved oxygen", 15, "text of several words in single quotes"),
    ("$where eq 1", 0, "$it, or $count behind a path"),
    ("2020-02-31 lt a", 0, "YYYY-MM-DD"),
    ("a lt 2020-01-01T25:00:00Z", 5, "YYYY-MM-DDTHH:MM:SSZ"),
    ("a lt 0001-01-01T00:00:00+02:00", 5, "YYYY-MM-DDTHH:MM:SSZ"),
    ("a lt 24:00:00", 5, "HH:MM:SS"),
    ("a lt duration'P'", 5, "duration'P1DT2H30M5S'"),
    ("a lt duration'P1Y'", 5, "duration'P1DT2H30M5S'"),
    ("a lt 1e999", 5, "a number below 1.8e308"),
    ("a lt +b", 5, "a property, a literal, a function or '('"),
    ("a eq x'y'", 5, None),
    ("a eq '\ud800'", 6, None),
    (f"{'a' * 129} eq 1", 0, "at most 128 characters"),
]  # fmt: skip

UNSUPPORTED: list[tuple[str, int, str]] = [
    ("geo.distance(a,b) lt 1", 0, "the function geo.distance"),
    ("matchesPattern(a,'b')", 0, "the function matchespattern"),
    ("hassubsequence(a,[1])", 0, "the function hassubsequence"),
    ("case(a:1,true:0) eq 1", 0, "the function case"),
    ("My.own(a)", 0, "the function My.own"),
    ("a/My.own(b:1)", 2, "the function My.own behind a path"),
    ("a eq binary'T0RhdGE'", 5, "binary''"),
    ("a eq geography'SRID=0;Point(1 2)'", 5, "geography''"),
    ("a has My.Color'Red'", 6, "the enumeration My.Color"),
    ("a/$filter(b)/$count gt 1", 2, "$filter"),
    ("a/$count($filter=b) gt 1", 2, "$count with options"),
    ("$root/People", 0, "$root"),
    ("a/My.Type/b eq 1", 2, "the type My.Type in a path"),
    ("a lt 00:00:00.0000001", 5, "a time finer than a microsecond"),
    ("a lt duration'PT0.0000001S'", 5, "a time finer than a microsecond"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), LITERALS, ids=lambda value: str(value)[:40])
def test_a_literal_is_read(source: str, expected: Literal) -> None:
    assert parse_filter(source) == expected


@pytest.mark.parametrize(("source", "tree"), TREES, ids=[source for source, _ in TREES])
def test_a_text_is_read_as_a_tree(source: str, tree: Expression) -> None:
    assert parse_filter(source) == tree


@pytest.mark.parametrize(("source", "offset", "expected"), BAD, ids=[case[0][:30] for case in BAD])
def test_bad_text_is_refused_where_it_is_bad(
    source: str, offset: int, expected: str | None
) -> None:
    with pytest.raises(BadOData) as caught:
        parse_filter(source)
    assert caught.value.detail["offset"] == offset
    assert caught.value.detail.get("expected") == expected


@pytest.mark.parametrize(("source", "offset", "name"), UNSUPPORTED)
def test_what_is_not_done_is_named(source: str, offset: int, name: str) -> None:
    with pytest.raises(UnsupportedOData) as caught:
        parse_filter(source)
    assert caught.value.detail == {"name": name, "offset": offset}


def test_offsets_are_kept_and_do_not_count() -> None:
    tree = parse_filter("a  eq 1")
    assert isinstance(tree, Binary)
    assert (tree.left.at, tree.at, tree.right.at) == (0, 3, 6)
    assert tree == parse_filter("a eq 1")


@pytest.mark.parametrize(("word", "op"), [("gte", "ge"), ("LTE", "le"), ("ge", "ge")])
def test_the_dialect_has_operators_of_its_own(word: str, op: str) -> None:
    assert parse_filter(f"a {word} 1", DATASTREAM) == parse_filter(f"a {op} 1", STRICT)


@pytest.mark.parametrize("source", ["", "  "])
def test_an_empty_filter_of_the_dialect_is_true(source: str) -> None:
    assert parse_filter(source, DATASTREAM) == Literal(True, "boolean")


@settings(max_examples=400, deadline=None)
@given(tree=shapes.trees)
def test_what_is_printed_is_read_as_the_same_tree(tree: Expression) -> None:
    assert parse_filter(printed(tree)) == tree


@settings(max_examples=400, deadline=None)
@given(source=st.text(st.sampled_from("ab 1.'(),/:-+[]\"@$eqnotin2020-01T\ud800\0ä"), max_size=30))
def test_any_text_is_read_or_refused(source: str) -> None:
    assert 0 <= offset_of(source) <= len(source)


def offset_of(source: str) -> int:
    """Where a text is refused, 0 if it is not or nowhere in particular."""
    try:
        parse_filter(source)
    except (BadQuery, UnsupportedOData) as refusal:
        return int(refusal.detail.get("offset", 0))
    return 0


HOSTILE = {
    "long": "a" * 8_193,
    "brackets": "(" * 4_000 + "a",
    "nots": "not " * 2_000 + "a",
    "minuses": "-" * 4_000 + "a",
    "calls": "trim(" * 1_500 + "a",
    "lambdas": "a/any(x:" * 1_000 + "x",
    "right-hand sides": "a or b and c eq d lt e add f mul (" * 200 + "a",
    "sums": "a" + " add 1" * 1_000,
    "terms": "a" + " and a eq 1" * 700,
    "items": "a in (" + "1," * 1_500 + "1)",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_a_text_over_a_bound_is_refused(source: str) -> None:
    with pytest.raises(QueryTooComplex) as caught:
        parse_filter(source)
    assert caught.value.detail["limit"].startswith("odata_")


@pytest.mark.parametrize(
    "source",
    [
        "(" * 62 + "a" + ")" * 62,
        "not " * 62 + "a",
        "a in (" + ",".join(str(n) for n in range(1_000)) + ")",
        " and ".join(f"a eq {n}" for n in range(200)),
    ],
    ids=["brackets", "nots", "items", "terms"],
)
def test_a_text_within_the_bounds_is_read(source: str) -> None:
    assert parse_filter(source)


def test_an_alias_is_replaced_and_one_without_a_value_is_null() -> None:
    tree = parse_filter("a eq @x and b in @y and c eq @z and a/any(v:v eq @x)")
    aliases = {"x": ONE, "y": Items((TWO,))}
    whole = parse_filter("a eq 1 and b in (2) and c eq null and a/any(v:v eq 1)")
    assert resolved(tree, aliases) == whole


def test_an_alias_in_an_alias_is_refused() -> None:
    with pytest.raises(UnsupportedOData):
        resolved(Alias("x"), {"x": Not(Alias("x"))})


def test_aliases_cannot_blow_a_tree_up() -> None:
    many = Items(tuple(integer(n) for n in range(1_000)))
    tree = parse_filter(" or ".join(["a in @x"] * 10))
    with pytest.raises(QueryTooComplex):
        resolved(tree, {"x": many})
