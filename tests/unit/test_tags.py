"""Tag filters of a query string: what each becomes, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bson import BSON
from bson.regex import Regex
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import BadQuery, QueryTooComplex
from hub.query.refusal import shown
from hub.query.tags import (
    FILTERS_MAX,
    ITEMS_MAX,
    PARTS_MAX,
    RESERVED,
    SIZE_MAX,
    TEXT_BYTES_MAX,
    tag_filter,
)

NOTHING = {"_id": {"$in": []}}
OPERATORS = [
    "exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith",
    "iendswith", "gt", "gte", "lt", "lte", "ne", "in", "nin", "all", "mod", "size", "exists",
    "not",
]  # fmt: skip
WRITTEN = {
    "$and", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$all", "$regex",
    "$options", "$mod", "$size", "$exists", "$not",
}  # fmt: skip


def of(query: str) -> dict[str, Any]:
    """The filter of ``a=1&b=2``, without any decoding."""
    return tag_filter([tuple(pair.split("=", 1)) for pair in query.split("&") if pair])


def refusal(*pairs: tuple[str, str]) -> BadQuery:
    with pytest.raises(BadQuery) as caught:
        tag_filter(pairs)
    return caught.value


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("limit=5&id=7&tagsa=1&tags_a=1&xtags__a=1", {}),
        ("tags__a=x", {"tags.a": {"$eq": "x"}}),
        ("tags__a__exact=x", {"tags.a": {"$eq": "x"}}),
        ("tags__a__b__c=x", {"tags.a.b.c": {"$eq": "x"}}),
        ("tags__a_b___c=x", {"tags.a_b._c": {"$eq": "x"}}),
        ("tags__a__0=x", {"tags.a.0": {"$eq": "x"}}),
        ("tags__a__ne=5", {"tags.a": {"$ne": 5}}),
        ("tags__a__gt=5", {"tags.a": {"$gt": 5}}),
        ("tags__a__gte=5", {"tags.a": {"$gte": 5}}),
        ("tags__a__lt=5", {"tags.a": {"$lt": 5}}),
        ("tags__a__lte=5", {"tags.a": {"$lte": 5}}),
        ("tags__a__b__gte=5", {"tags.a.b": {"$gte": 5}}),
        ("tags__a__in=x,5,true", {"tags.a": {"$in": ["x", 5, True]}}),
        ("tags__a__in=x,5&tags__a__in=y", {"tags.a": {"$in": ["x", 5, "y"]}}),
        ("tags__a__in=", {"tags.a": {"$in": [""]}}),
        ("tags__a__nin=x,null", {"tags.a": {"$nin": ["x", None]}}),
        ("tags__a__all=x&tags__a__all=y", {"tags.a": {"$all": ["x", "y"]}}),
        ("tags__a__contains=x.y", {"tags.a": {"$regex": r"x\.y", "$options": ""}}),
        ("tags__a__icontains=5", {"tags.a": {"$regex": "5", "$options": "i"}}),
        ("tags__a__startswith=x", {"tags.a": {"$regex": r"\Ax", "$options": ""}}),
        ("tags__a__istartswith=x", {"tags.a": {"$regex": r"\Ax", "$options": "i"}}),
        ("tags__a__endswith=$", {"tags.a": {"$regex": r"\$\z", "$options": ""}}),
        ("tags__a__iendswith=x", {"tags.a": {"$regex": r"x\z", "$options": "i"}}),
        ("tags__a__contains=\0", {"tags.a": {"$regex": r"\x00", "$options": ""}}),
        ("tags__a__iexact=x*", {"tags.a": {"$in": [Regex(r"\Ax\*\z", "i")]}}),
        ("tags__a__iexact=5", {"tags.a": {"$in": [Regex(r"\A5\z", "i"), 5]}}),
        ("tags__a__iexact=null", {"tags.a": {"$in": [Regex(r"\Anull\z", "i"), None]}}),
        ("tags__a__mod=5,2", {"tags.a": {"$mod": [5, 2]}}),
        ("tags__a__mod=-5, -2", {"tags.a": {"$mod": [-5, -2]}}),
        ("tags__a__size=0", {"tags.a": {"$size": 0}}),
        ("tags__a__exists=True", {"tags.a": {"$exists": True}}),
        ("tags__a__exists=0", {"tags.a": {"$exists": False}}),
        ("tags__a__not__gt=5", {"tags.a": {"$not": {"$gt": 5}}}),
        ("tags__a__not__exact=5", {"tags.a": {"$not": {"$eq": 5}}}),
        ("tags__a__not__in=5,6", {"tags.a": {"$not": {"$in": [5, 6]}}}),
        ("tags__a__not__contains=x", {"tags.a": {"$not": {"$regex": "x", "$options": ""}}}),
        ("tags__size__exact=5", {"tags.size": {"$eq": 5}}),
        ("tags__a__in__exact=5", {"tags.a.in": {"$eq": 5}}),
        ("tags__gt__gt=5", {"tags.gt": {"$gt": 5}}),
        ("tags__not__exact=5", {"tags.not": {"$eq": 5}}),
        ("tags__not__not__exact=5", {"tags.not": {"$not": {"$eq": 5}}}),
        ("tags__not__a=5", {"tags.not.a": {"$eq": 5}}),
        ("tags__a=1&tags__a=2", {"tags.a": {"$eq": 2}}),
        ("tags__a__gt=x&tags__a__gt=2", {"tags.a": {"$gt": 2}}),
        ("tags__a=1&tags__b=2", {"$and": [{"tags.a": {"$eq": 1}}, {"tags.b": {"$eq": 2}}]}),
        (
            "tags__a__gt=1&limit=3&tags__a__lt=9&tags__a=5",
            {"$and": [{"tags.a": {"$gt": 1}}, {"tags.a": {"$lt": 9}}, {"tags.a": {"$eq": 5}}]},
        ),
        ("tags__id=5", NOTHING),
        ("tags__stream_id__gt=5", NOTHING),
        ("tags__value_type__x=5", NOTHING),
        ("tags__a=5&tags__highest_granularity=seconds", NOTHING),
        ("tags__id__exists=false", NOTHING),
        ("tags__id__not__exact=5", NOTHING),
        ("tags__a__id=5", {"tags.a.id": {"$eq": 5}}),
        ("tags__ID=5", {"tags.ID": {"$eq": 5}}),
    ],
)
def test_a_filter_is_compiled(query: str, expected: dict[str, Any]) -> None:
    assert of(query) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("True", True), ("false", False), ("False", False), ("TRUE", "TRUE"),
        ("none", None), ("None", None), ("null", None), ("NULL", "NULL"),
        ("5", 5), ("-5", -5), ("+5", 5), (" 5 ", 5), ("007", 7), ("-0", 0),
        ("5.0", 5.0), ("5.", 5.0), (".5", 0.5), ("-2.5e3", -2500.0), ("1E2", 100.0),
        ("9223372036854775807", 2**63 - 1), ("9223372036854775808", float(2**63)),
        ("-9223372036854775809", -float(2**63)), ("1" + "0" * 300, 1e300),
        ("1" + "0" * 400, "1" + "0" * 400), ("1e400", "1e400"),
        ("nan", "nan"), ("inf", "inf"), ("-Infinity", "-Infinity"), ("1_000", "1_000"),
        ("0x10", "0x10"), ("١٢", "١٢"), (".", "."), ("e5", "e5"), ("1 2", "1 2"),
        ("", ""), (" ", " "), ("x,y", "x,y"), ("$gt", "$gt"),
    ],
)  # fmt: skip
def test_a_value_is_converted(text: str, value: Any) -> None:
    (found,) = tag_filter([("tags__a", text)])["tags.a"].values()
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_name_matches_nothing(name: str) -> None:
    assert tag_filter([(f"tags__{name}", "5")]) == NOTHING


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_without_a_name_is_told_how_a_tag_of_that_name_is_reached(
    operator: str,
) -> None:
    found = refusal((f"tags__{operator}", "5"))
    assert found.detail == {"parameter": f"tags__{operator}"}
    assert f"tags__{operator}__exact" in found.message


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("tags", "x", "tags__<name>"),
        ("tags__", "x", "empty"),
        ("tags____a", "x", "empty"),
        ("tags__a__", "x", "empty"),
        ("tags__a____b", "x", "empty"),
        ("tags__a____gt", "x", "empty"),
        ("tags__$where", "x", "begin with $"),
        ("tags__a__$gt", "x", "begin with $"),
        ("tags__a__$x__gt", "x", "begin with $"),
        ("tags__a.b", "x", "dot"),
        ("tags__a\0", "x", "NUL"),
        ("tags__\ud800", "x", "Unicode"),
        ("tags__a", "\ud800", "Unicode"),
        ("tags__a__in", "x,\ud800", "Unicode"),
        ("tags__a__iexact", "\ud800", "Unicode"),
        ("tags__a__not", "5", "before an operator"),
        ("tags__a__mod", "5", "mod takes"),
        ("tags__a__mod", "5,2,1", "mod takes"),
        ("tags__a__mod", "5,x", "mod takes"),
        ("tags__a__mod", "5,2.5", "mod takes"),
        ("tags__a__mod", "0,2", "mod takes"),
        ("tags__a__mod", "9223372036854775808,2", "mod takes"),
        ("tags__a__mod", "true,2", "mod takes"),
        ("tags__a__size", "x", "size takes"),
        ("tags__a__size", "1.5", "size takes"),
        ("tags__a__size", "-1", "size takes"),
        ("tags__a__size", str(SIZE_MAX + 1), "size takes"),
        ("tags__a__size", "true", "size takes"),
        ("tags__a__exists", "x", "exists takes"),
        ("tags__a__exists", "", "exists takes"),
        ("tags__a__exists", "2", "exists takes"),
        ("tags__a__not__size", "x", "size takes"),
    ],
)
def test_a_misuse_is_refused_with_its_parameter(name: str, value: str, words: str) -> None:
    found = refusal(("tags__fine", "1"), (name, value))
    assert words in found.message
    assert found.detail == {"parameter": shown(name)}


def within(*pairs: tuple[str, str]) -> dict[str, Any]:
    return tag_filter(pairs)


@pytest.mark.parametrize(
    ("limit", "most", "pairs_of"),
    [
        ("filters_max", FILTERS_MAX, lambda n: [(f"tags__a{i}", "1") for i in range(n)]),
        ("path_depth_max", PARTS_MAX, lambda n: [("tags__" + "__".join("a" * n), "1")]),
        ("in_max", ITEMS_MAX, lambda n: [("tags__a__in", ",".join("1" * n))]),
        ("in_max", ITEMS_MAX, lambda n: [("tags__a__nin", "1,2")] * (n // 2) + [
            ("tags__a__nin", "3") for _ in range(n % 2)]),
        ("string_bytes_max", TEXT_BYTES_MAX, lambda n: [("tags__a", "x" * n)]),
        ("string_bytes_max", TEXT_BYTES_MAX, lambda n: [("tags__a__contains", "č" * (n // 2)
                                                        + "x" * (n % 2))]),
        ("string_bytes_max", TEXT_BYTES_MAX, lambda n: [("tags__a__all", "y," + "x" * n)]),
    ],
)  # fmt: skip
def test_a_limit_holds_at_its_number_and_not_beyond(limit: str, most: int, pairs_of: Any) -> None:
    assert within(*pairs_of(most))
    found = refusal(*pairs_of(most + 1))
    assert isinstance(found, QueryTooComplex)
    assert (found.detail["limit"], found.detail["max"]) == (limit, most)
    assert found.detail["parameter"].startswith("tags__a")


def test_a_repeated_filter_counts_once() -> None:
    assert of("&".join(["tags__a=1"] * 1000)) == {"tags.a": {"$eq": 1}}


PARTS = st.one_of(
    st.sampled_from([*OPERATORS, "a", "id", "", "$gt", "$where"]), st.text(max_size=3)
)
NAMES = st.one_of(
    st.text(max_size=12).map("tags__{}".format),
    st.lists(PARTS, max_size=5).map(lambda parts: "__".join(["tags", *parts])),
    st.text(max_size=8),
)
VALUES = st.one_of(
    st.text(st.characters(codec=None), max_size=12),
    st.sampled_from(["5,2", "true", "0", "$gt", "1e999", "{'$gt': 1}", '{"$gt": 1}']),
    st.integers().map(str),
    st.floats().map(str),
)


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from keys(item)


def compiled(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """The filter, or the empty one where it is refused."""
    try:
        return tag_filter(pairs)
    except BadQuery:
        return {}


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=4))
def test_any_text_is_refused_or_becomes_a_filter_of_our_operators(
    pairs: list[tuple[str, str]],
) -> None:
    found = compiled(pairs)
    assert {key for key in keys(found) if key.startswith("$")} <= WRITTEN
    assert all(key.startswith(("$", "tags.")) or key == "_id" for key in keys(found))
    BSON.encode(found)
