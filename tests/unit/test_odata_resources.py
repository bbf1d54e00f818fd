"""Paths and query options of OData requests, pages' tokens, types of samples: all of it pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from bson import ObjectId

from hub.api.odata.strict import forms
from hub.errors import (
    BadOData,
    BadParameter,
    BadToken,
    Invalid,
    NotAcceptable,
    QueryTooComplex,
    UnsupportedMedia,
    UnsupportedOData,
)
from hub.query.odata import Context, EntityType, Kind, Property, condition, parse_filter
from hub.query.odata.arrival import ID, TIMESTAMP, arrived
from hub.query.odata.asking import asked
from hub.query.odata.ast import Alias, Literal
from hub.query.odata.flat import spanned
from hub.query.odata.made import takes_made
from hub.query.odata.match import to_match
from hub.query.odata.query_options import query_options
from hub.query.odata.resources import Segment, parse_resource
from hub.query.odata.sampled import sampled
from hub.query.odata.skiptoken import Place, SkipTokens
from hub.query.odata.spelling import spellings

GUID = "0b3cfb8a-2f6c-4a47-9c80-0d4ed8d1a6b5"


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", []),
        ("Set", [Segment("Set")]),
        ("Set/", [Segment("Set")]),
        ("$metadata", [Segment("$metadata")]),
        ("Set(5)", [Segment("Set", {"": Literal(5, "integer")})]),
        ("Set(-5)", [Segment("Set", {"": Literal(-5, "integer")})]),
        ("Set('a/b')/P", [Segment("Set", {"": Literal("a/b", "string")}), Segment("P", None, 11)]),
        ("Set('it''s')", [Segment("Set", {"": Literal("it's", "string")})]),
        (f"Set({GUID})", [Segment("Set", {"": Literal(UUID(GUID), "guid")})]),
        ("Set(Id=5)", [Segment("Set", {"Id": Literal(5, "integer")})]),
        ("Set(a=5,b='x')",
         [Segment("Set", {"a": Literal(5, "integer"), "b": Literal("x", "string")})]),
        ("Set(@k)", [Segment("Set", {"": Alias("k")})]),
        ("Set(2020-01-01T00:00:00Z)",
         [Segment("Set", {"": Literal(datetime(2020, 1, 1, tzinfo=UTC), "datetime")})]),
        ("Set(1)/A/B/$value", [Segment("Set", {"": Literal(1, "integer")}), Segment("A", None, 7),
                               Segment("B", None, 9), Segment("$value", None, 11)]),
    ],
)  # fmt: skip
def test_a_path_is_its_segments(text: str, segments: list[Segment]) -> None:
    assert list(parse_resource(text)) == segments


@pytest.mark.parametrize(
    "text",
    ["/Set", "Set//P", "Set(", "Set(5", "Set(5)x", "Set(5,6)", "Set(Id=5,Id=6)", "Set (5)",
     "Set(a b)", "Set('x)", "Set(-'x')", "Set(true)", ".git/config", "Set/ P", "Set(=5)"],
)  # fmt: skip
def test_a_path_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadOData):
        parse_resource(text)


@pytest.mark.parametrize("text", ["$batch", "Set/5", f"Set/{GUID}", "Set/$ref", "Set()", "F()/x"])
def test_a_path_that_is_not_done_is_named(text: str) -> None:
    with pytest.raises(UnsupportedOData):
        parse_resource(text)


def test_a_path_is_bounded() -> None:
    with pytest.raises(QueryTooComplex):
        parse_resource("/".join(["a"] * 40))


def test_options_are_told_from_what_is_the_client_s_own() -> None:
    found = query_options([("$Filter", "a"), ("TOP", "5"), ("own", "x"), ("@p", "1"), ("own", "y")])
    assert (found.texts, found.aliases) == ({"filter": "a", "top": "5"}, {"p": "1"})


@pytest.mark.parametrize("pairs", [["$x"], ["$top", "top"], ["@p", "@p"], ["$"], ["filter"] * 2])
def test_an_option_is_known_and_given_once(pairs: list[str]) -> None:
    with pytest.raises(BadParameter):
        query_options([(name, "1") for name in pairs])


@pytest.mark.parametrize("name", ["$expand", "expand", "$EXPAND", "$index", "$schemaversion"])
def test_an_option_that_is_not_done_is_named(name: str) -> None:
    with pytest.raises(UnsupportedOData):
        query_options([(name, "x")])


def test_an_error_in_an_option_names_it() -> None:
    with pytest.raises(BadOData) as caught:
        asked(query_options([("orderby", "a b c")]))
    assert caught.value.detail["option"] == "$orderby"


def test_a_token_tells_its_place() -> None:
    tokens = SkipTokens(b"s" * 32)
    for place in (
        Place(),
        Place((5, ObjectId()), 7, 3),
        Place(None, 10, None),
        Place(("é",), 0, 0),
    ):
        assert tokens.read("q", tokens.write("q", place)) == place


@pytest.mark.parametrize(
    "change", [lambda t: t[1:], lambda t: t + "A", lambda t: "", lambda t: "é"]
)
def test_a_token_that_was_changed_is_refused(change: Any) -> None:
    tokens = SkipTokens(b"s" * 32)
    with pytest.raises(BadToken):
        tokens.read("q", change(tokens.write("q", Place())))


def test_a_token_of_another_question_or_hub_is_refused() -> None:
    token = SkipTokens(b"s" * 32).write("q", Place())
    for secret, question in ((b"s" * 32, "r"), (b"t" * 32, "q")):
        with pytest.raises(BadToken):
            SkipTokens(secret).read(question, token)


def test_a_key_that_is_too_long_cannot_travel() -> None:
    with pytest.raises(Invalid):
        SkipTokens(b"s" * 32).write("q", Place(("x" * 5_000,)))


@pytest.mark.parametrize(
    ("names", "taken", "spelled"),
    [
        (["a", "É1", "_x"], [], ["a", "É1", "_x"]),
        (["a b", "1a", "a-b", ""], [], ["a_x0020_b", "_1a", "a_x002D_b", "_"]),
        (["Id", "Id_"], ["Id"], ["Id_", "Id__"]),
        (["a b", "a_x0020_b"], [], ["a_x0020_b", "a_x0020_b_"]),
        (["a" * 200, "a" * 199], [], ["a" * 128, "a" * 127 + "_"]),
        (["😀"], [], ["_x1F600_"]),
    ],
)
def test_names_are_made_identifiers(names: list[str], taken: list[str], spelled: list[str]) -> None:
    assert list(spellings(names, taken).values()) == spelled


@pytest.mark.parametrize(
    ("documents", "kinds"),
    [
        ([{"a": 1}, {"a": 2}], {"a": "integer"}),
        ([{"a": 1}, {"a": 2.5}], {"a": "number"}),
        ([{"a": 1}, {"a": "x"}], {}),
        ([{"a": True}, {"a": 1}], {}),
        ([{"a": None}], {}),
        ([{"a": None}, {"a": "x"}], {"a": "string"}),
        ([{"a": [None, "x"]}], {"a": "string[]"}),
        ([{"a": [None]}], {}),
        ([{"a": [1, 2]}, {"a": []}], {"a": "integer[]"}),
        ([{"a": [1, "x"]}], {}),
        ([{"a": [[1]]}], {}),
        ([{"a": [1]}, {"a": 1}], {}),
        ([{"a": {"b": 1}}, {"a": {"c": "x"}}], {"a": "object", "a/b": "integer", "a/c": "string"}),
        ([{"a": [{"b": 1}]}], {"a": "object[]", "a/b": "integer"}),
        ([{"a": {}}], {"a": "object"}),
        ([{"_a": 1, "b": datetime(2020, 1, 1, tzinfo=UTC)}], {"b": "datetime"}),
        ([{"a": ObjectId()}], {}),
        ([], {}),
    ],
)  # fmt: skip
def test_a_type_is_what_the_sample_has(documents: list[dict], kinds: dict[str, str]) -> None:
    entity = sampled(documents)
    found = {p.name: f"{p.kind}{'[]' if p.collection else ''}" for p in entity.properties}
    assert (found, entity.open) == (kinds, True)


ARRIVAL = Context(EntityType((ID, TIMESTAMP, Property("n", "n", "integer")), open=True))
HEX = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("Timestamp ge 1970-01-01T00:01:00Z", {"_timestamp": {"$gte": 60}}),
        ("Timestamp ge 1970-01-01T00:01:00.001Z", {"_timestamp": {"$gt": 60}}),
        ("Timestamp gt 1970-01-01T00:01:00.001Z", {"_timestamp": {"$gt": 60}}),
        ("Timestamp lt 1970-01-01T00:01:00.001Z", {"_timestamp": {"$lte": 60}}),
        ("Timestamp le 1970-01-01T00:01:00.001Z", {"_timestamp": {"$lte": 60}}),
        ("Timestamp eq 1970-01-01T00:01:00Z", {"_timestamp": {"$eq": 60}}),
        ("Timestamp lt 1969-12-31T23:59:59.5Z", {"_timestamp": {"$lte": -1}}),
        ("1970-01-01 lt Timestamp", {"_timestamp": {"$gt": 0}}),
        (f"Id eq '{HEX}'", {"_id": {"$eq": ObjectId(HEX)}}),
        (f"Id gt '{HEX}'", {"_id": {"$gt": ObjectId(HEX)}}),
        ("Id eq 'x'", {"_id": {"$in": []}}),
        (f"Id eq '{HEX.upper()}'", {"_id": {"$in": []}}),
        ("Timestamp ne 1970-01-01T00:00:00.5Z", {}),
    ],
)
def test_arrival_is_compared_as_it_is_stored(text: str, document: dict[str, Any]) -> None:
    node = arrived(condition(parse_filter(text), ARRIVAL))
    assert not takes_made(node)
    assert to_match(node, unknown=True) == document


@pytest.mark.parametrize(
    "text", ["year(Timestamp) eq 2020", "Timestamp gt now()", "Id gt 'x'", "length(Id) eq 24"]
)
def test_arrival_that_is_computed_with_is_made(text: str) -> None:
    assert takes_made(arrived(condition(parse_filter(text), ARRIVAL)))


def points(kind: Kind) -> Context:
    return Context(EntityType((Property("Time", "Time", "datetime"), Property("V", "V", kind))))


@pytest.mark.parametrize(
    ("text", "first", "last", "tested"),
    [
        ("Time ge 1970-01-01T00:01:00Z", 60, None, False),
        ("Time gt 1970-01-01T00:01:00Z", 61, None, False),
        ("Time ge 1970-01-01T00:01:00.5Z", 61, None, False),
        ("Time gt 1970-01-01T00:01:00.5Z", 61, None, False),
        ("Time le 1970-01-01T00:01:00.5Z", None, 60, False),
        ("Time lt 1970-01-01T00:01:00.5Z", None, 60, False),
        ("Time lt 1970-01-01T00:01:00Z", None, 59, False),
        ("Time eq 1970-01-01T00:01:00Z", 60, 60, False),
        ("Time ge 1970-01-02 and Time ge 1970-01-01 and V gt 5", 86_400, None, True),
        ("Time ne 1970-01-01", None, None, True),
        ("Time gt 1970-01-01 or V gt 5", None, None, True),
    ],
)
def test_times_that_must_hold_are_a_range(
    text: str, first: int | None, last: int | None, tested: bool
) -> None:
    span = spanned(condition(parse_filter(text), points("number")))
    assert (span.first, span.last, span.test is not None) == (first, last, tested)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("V gt 5", 6, True),
        ("V gt 5", None, None),
        ("V eq null", None, True),
        ("V ne 5", None, True),
        ("not (V gt 5)", None, None),
        ("V gt 5 or V eq null", None, True),
        ("V gt 5 and V lt 7", 6, True),
        ("V in (1,6)", 6, True),
        ("V in (1,6)", None, False),
        ("V gt 5 and Time ne 2020-01-01T00:00:00Z", 6, False),
    ],
)
def test_a_datapoint_is_tested_by_the_rules(text: str, value: Any, holds: bool | None) -> None:
    span = spanned(condition(parse_filter(text), points("number")))
    assert span.test is not None
    assert span.test({"Time": "2020-01-01T00:00:00Z", "V": value}) is holds


@pytest.mark.parametrize(
    ("wish", "accept", "form"),
    [
        (None, "", forms.Form()),
        (None, "text/plain;q=1, application/json;q=0.5", forms.Form()),
        (None, "application/json;ODATA.metadata=Full", forms.Form(level="full")),
        (None, "application/*", forms.Form()),
        ("JSON", "text/html", forms.Form()),
        ("application/json;metadata=none;IEEE754Compatible=true", "",
         forms.Form("application/json", "none", True)),
    ],
)  # fmt: skip
def test_a_form_is_the_best_that_is_wished(wish: str | None, accept: str, form: forms.Form) -> None:
    assert forms.chosen(wish, accept, ("application/json",)) == form


@pytest.mark.parametrize(
    ("wish", "accept", "kind"),
    [
        ("pdf", "", BadParameter),
        ("application/pdf", "", UnsupportedMedia),
        (None, "application/pdf", NotAcceptable),
        (None, "application/json;IEEE754Compatible=yes", NotAcceptable),
    ],
)
def test_a_form_that_is_not_given_is_refused(wish: str | None, accept: str, kind: Any) -> None:
    with pytest.raises(kind):
        forms.chosen(wish, accept, ("application/json",))


@pytest.mark.parametrize(
    ("headers", "size"),
    [
        ([], None),
        (["maxpagesize=5"], 5),
        (["respond-async", "return=minimal, odata.maxpagesize=7"], 7),
        (['ODATA.MaxPageSize="9"'], 9),
        (["maxpagesize=0"], None),
        (["maxpagesize=x, maxpagesize=3"], 3),
    ],
)
def test_a_wish_for_a_size_is_read(headers: list[str], size: int | None) -> None:
    assert forms.page_size(headers) == size
