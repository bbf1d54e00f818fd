"""Trees and types to filters: plain operators where they say the same, refusals with offsets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import BadOData, HubError, QueryTooComplex, UnsupportedOData
from hub.query.odata.ast import Expression, Path
from hub.query.odata.bind import Context
from hub.query.odata.compile import compile_filter, guarded_filter
from hub.query.odata.dialect import DATASTREAM, STRICT, Dialect
from hub.query.odata.model import EntityType, Property
from hub.query.odata.parse import parse_filter
from tests.cases.odata import shapes
from tests.cases.odata.trees import ENTITY

CHECKED = EntityType(
    (
        Property("DOI", "doi", "string"),
        Property("Id", "_id", "integer"),
        Property("LocationId", "loc.id", "integer"),
        Property("CharacteristicName", "char", "string"),
        Property("ActivityStartYear", "year", "integer"),
        Property("ActivityStartTime", "time", "time"),
        Property("ActivityStartDate", "date", "date"),
        Property("CreateTimestamp", "created", "datetime"),
        Property("LatitudeNormalized", "lat", "number"),
        Property("LongitudeNormalized", "lon", "number"),
        Property("RegionId", "regions", "string"),
        Property("Public", "public", "boolean"),
        Property("Keywords", "keywords", "string", collection=True),
        Property("Parts", "parts", "object", collection=True),
        Property("Parts/Size", "parts.size", "number"),
        Property("Parts/In", "parts.in", "number", collection=True),
        Property("Key", "key", "guid"),
    ),
    checked=True,
)
MARCH = datetime(2020, 3, 23, tzinfo=UTC)
NEVER = {"_id": {"$in": []}}


def compiled(text: str, dialect: Dialect = STRICT, entity: EntityType = CHECKED) -> dict[str, Any]:
    context = Context(entity, dialect, now=MARCH)
    tree = parse_filter(text, dialect)
    guarded_filter(tree, context)
    return compile_filter(tree, context)


PLAIN: list[tuple[str, dict[str, Any]]] = [
    ("DOI eq 'x'", {"doi": {"$eq": "x"}}),
    ("'x' eq DOI", {"doi": {"$eq": "x"}}),
    ("DOI eq '$where'", {"doi": {"$eq": "$where"}}),
    ("5 lt Id", {"_id": {"$gt": 5}}),
    ("DOI ne 'x'", {"doi": {"$ne": "x"}}),
    ("not (DOI eq 'x')", {"doi": {"$ne": "x"}}),
    ("not (DOI ne 'x')", {"doi": {"$eq": "x"}}),
    ("DOI eq null", {"doi": {"$eq": None}}),
    ("DOI gt null", NEVER),
    ("not (DOI gt null)", NEVER),
    ("not (LocationId gt 5)", {"loc.id": {"$lte": 5}}),
    ("not (not (LocationId ge 5))", {"loc.id": {"$gte": 5}}),
    ("DOI in ('x','y')", {"doi": {"$in": ["x", "y"]}}),
    ("not (DOI in ('x','y'))", {"doi": {"$nin": ["x", "y"]}}),
    ("DOI in ()", NEVER),
    ("LocationId gt 1 add 2 mul 3", {"loc.id": {"$gt": 7}}),
    ("startswith(DOI,'10.25')", {"doi": {"$regex": r"^10\.25"}}),
    ("contains(DOI,'a(b')", {"doi": {"$regex": r"a\(b"}}),
    ("endswith(DOI,'x')", {"doi": {"$regex": "x$", "$not": {"$regex": "\\n$"}}}),
    ("contains(DOI,'')", {"doi": {"$type": "string"}}),
    ("contains(tolower(DOI),'é')", {"doi": {"$regex": "é", "$options": "i"}}),
    ("Public", {"public": {"$eq": True}}),
    ("not Public", {"public": {"$eq": False}}),
    ("Public eq true", {"public": {"$eq": True}}),
    ("true", {}),
    ("1 eq 2", NEVER),
    ("null", NEVER),
    ("LatitudeNormalized gt NaN", NEVER),
    ("LatitudeNormalized ne NaN", {}),
    ("DOI eq 'x' and Id gt 5", {"$and": [{"doi": {"$eq": "x"}}, {"_id": {"$gt": 5}}]}),
    ("not (DOI eq 'x' and Id gt 5)", {"$or": [{"doi": {"$ne": "x"}}, {"_id": {"$lte": 5}}]}),
    ("CreateTimestamp gt 2020-03-23T02:00:00+02:00", {"created": {"$gt": MARCH}}),
    ("CreateTimestamp gt 2020-03-23", {"created": {"$gt": MARCH}}),
    ("CreateTimestamp lt now()", {"created": {"$lt": MARCH}}),
    ("CreateTimestamp ge 2020-03-23T00:00:00.0004Z", {"created": {"$gt": MARCH}}),
    ("CreateTimestamp lt 2020-03-23T00:00:00.0004Z", {"created": {"$lte": MARCH}}),
    ("CreateTimestamp eq 2020-03-23T00:00:00.0004Z", NEVER),
    ("ActivityStartDate ge 2020-03-23", {"date": {"$gte": "2020-03-23"}}),
    ("ActivityStartTime ge 15:30:00", {"time": {"$gte": "15:30"}}),
    ("ActivityStartTime gt 15:30:05", {"time": {"$gt": "15:30:05.000000000000"}}),
    ("ActivityStartTime eq 08:00:00.5",
     {"time": {"$gte": "08:00:00.5", "$lte": "08:00:00.500000000000"}}),
    ("Key eq 01234567-89AB-cdef-0123-456789abcdef",
     {"key": {"$eq": "01234567-89ab-cdef-0123-456789abcdef"}}),
    ("isof(DOI,Edm.String)", {"doi": {"$type": "string"}}),
    ("'x' in Keywords", {"keywords": {"$elemMatch": {"$eq": "x"}}}),
    ("Keywords/any()", {"keywords": {"$type": "array", "$not": {"$size": 0}}}),
    ("Keywords/any(k:k eq 'x')", {"keywords": {"$elemMatch": {"$eq": "x"}}}),
    ("Keywords/any(k:k gt 'a' and k lt 'c')",
     {"keywords": {"$elemMatch": {"$gt": "a", "$lt": "c"}}}),
    ("Keywords/all(k:k ne 'x')", {"$nor": [{"keywords": {"$elemMatch": {"$not": {"$ne": "x"}}}}]}),
    ("Keywords/$count eq 2", {"keywords": {"$size": 2}}),
    ('hassubset(Keywords,["x","y"])', {"keywords": {"$type": "array", "$all": ["x", "y"]}}),
    ("Parts/any(p:p/Size gt 1 and p/In/any(i:i eq 2))",
     {"parts": {"$elemMatch": {"$and": [{"size": {"$gt": 1}},
                                        {"in": {"$elemMatch": {"$eq": 2}}}]}}}),
]  # fmt: skip

DIALECT: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("LocationId eq '5'", {"loc.id": {"$eq": 5}}),
    ("LocationId eq 5", {"loc.id": {"$eq": 5}}),
    ("LocationId eq ' -5'", {"loc.id": {"$eq": -5}}),
    ("ActivityStartYear gte '2010' and ActivityStartYear lte 2012",
     {"$and": [{"year": {"$gte": 2010}}, {"year": {"$lte": 2012}}]}),
    ("LatitudeNormalized gt '49'", {"lat": {"$gt": 49}}),
    ("LongitudeNormalized gt '-102.01'", {"lon": {"$gt": -102.01}}),
    ("CreateTimestamp gt '2020-03-23'", {"created": {"$gt": MARCH}}),
    ("CreateTimestamp gt '2020-03-23T00:00:00Z'", {"created": {"$gt": MARCH}}),
    ("ActivityStartDate eq '2020-03-23'", {"date": {"$eq": "2020-03-23"}}),
    ("ActivityStartTime lt '15:30'", {"time": {"$lt": "15:30"}}),
    ("Public eq 'true'", {"public": {"$eq": True}}),
    ("DOI eq 5", {"doi": {"$eq": "5"}}),
    ("LocationId in ('1',2)", {"loc.id": {"$in": [1, 2]}}),
    ("RegionId in ('hub.mackenzie', 'hub.lakewinnipeg')",
     {"regions": {"$in": ["hub.mackenzie", "hub.lakewinnipeg"]}}),
    ("RegionId eq ''", {"regions": {"$eq": ""}}),
    ("endswith(DOI, 'xxxx-xxxx')",
     {"doi": {"$regex": "xxxx-xxxx$", "$not": {"$regex": "\\n$"}}}),
    ("CharacteristicName in ('Temperature, water', 'pH')",
     {"char": {"$in": ["Temperature, water", "pH"]}}),
    ("LocationId eq 5 and ActivityStartYear ge 2010",
     {"$and": [{"loc.id": {"$eq": 5}}, {"year": {"$gte": 2010}}]}),
    ("(LocationId eq 5)", {"loc.id": {"$eq": 5}}),
]  # fmt: skip

BAD: list[tuple[str, int]] = [
    ("Nothing eq 1", 0),
    ("doi eq 'x'", 0),
    ("DOI eq 5", 7),
    ("LocationId eq '5'", 14),
    ("'5' eq LocationId", 0),
    ("CreateTimestamp gt '2020-03-23'", 19),
    ("DOI eq Id", 4),
    ("DOI in ('x',5)", 12),
    ("DOI", 0),
    ("DOI eq 'x' and 5", 15),
    ("not Id", 4),
    ("DOI add 1 eq 2", 4),
    ("-DOI eq 2", 0),
    ("length(Id) eq 2", 7),
    ("year(ActivityStartTime) eq 2", 5),
    ("substring(DOI,1,-1) eq 'a'", 16),
    ("Keywords eq 'x'", 0),
    ("Keywords", 0),
    ("Parts/Size gt 1", 0),
    ("DOI/any(d:d eq 'x')", 0),
    ("DOI/$count gt 1", 0),
    ("'x' in DOI", 7),
    ("Parts/any(p:p eq 1)", 17),
    ("Parts/any(p:p/Nothing eq 1)", 12),
    ("Parts/any(p:Parts/Size eq 1)", 12),
    ("(1,2) eq Id", 2),
    ("$it eq 1", 0),
    ("[1] eq Id", 0),
    ("CreateTimestamp add 1 gt now()", 16),
]

UNSUPPORTED: list[tuple[str, str]] = [
    ("DOI has 'x'", "the operator has"),
    ("cast(Edm.String) eq 'x'", "cast of an entity"),
    ("cast(DOI,My.Type) eq 'x'", "the type My.Type"),
    ("cast(DOI,Edm.Guid) eq Key", "a cast from string to guid"),
    ('hassubset(Keywords,["x","x"])', "hassubset with values that repeat or are not plain"),
    ("Keywords/any(k:k eq tolower(DOI))", "tolower of an outer property inside any or all"),
    (
        "Parts/any(p:" * 40 + "p/Size eq Id" + ")" * 40,
        "an any or all inside another that looks out of it",
    ),
    ("Parts/any(p:p/In/any(i:i eq p/Size))", "an any or all inside another that looks out of it"),
]


@pytest.mark.parametrize(("text", "expected"), PLAIN, ids=[text for text, _ in PLAIN])
def test_what_plain_operators_say_is_said_by_them(text: str, expected: dict[str, Any]) -> None:
    assert compiled(text) == expected


@pytest.mark.parametrize(("text", "expected"), DIALECT, ids=[text for text, _ in DIALECT])
def test_the_dialect_reads_what_its_clients_write(text: str, expected: dict[str, Any]) -> None:
    assert compiled(text, DATASTREAM) == expected


@pytest.mark.parametrize(("text", "offset"), BAD)
def test_what_does_not_fit_is_refused_where_it_stands(text: str, offset: int) -> None:
    with pytest.raises(BadOData) as caught:
        compiled(text)
    assert caught.value.detail["offset"] == offset


@pytest.mark.parametrize(("text", "name"), UNSUPPORTED)
def test_what_is_not_done_is_named(text: str, name: str) -> None:
    with pytest.raises(UnsupportedOData) as caught:
        compiled(text)
    assert caught.value.detail["name"] == name


@pytest.mark.parametrize("text", ["LocationId eq 'x'", "ActivityStartYear gt '20 10'",
                                  "CreateTimestamp gt 'soon'", "Public eq 'yes'",
                                  "LocationId eq '--5'", "LocationId eq undefined"])  # fmt: skip
def test_the_dialect_refuses_what_spells_nothing(text: str) -> None:
    with pytest.raises(BadOData):
        compiled(text, DATASTREAM)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("num gt 5", {"num": {"$gt": 5, "$not": {"$type": "array"}}}),
        ("pos/lat gt 5", {"pos": {"$not": {"$type": "array"}},
                          "pos.lat": {"$gt": 5, "$not": {"$type": "array"}}}),
        ("num ne 5", {"$nor": [{"num": {"$eq": 5, "$not": {"$type": "array"}}}]}),
        ("anything/at/all eq 'x'", {"anything": {"$not": {"$type": "array"}},
                                    "anything.at": {"$not": {"$type": "array"}},
                                    "anything.at.all": {"$eq": "x", "$not": {"$type": "array"}}}),
    ],
)  # fmt: skip
def test_an_array_is_no_value_of_what_was_not_checked(text: str, expected: dict[str, Any]) -> None:
    assert compiled(text, entity=ENTITY) == expected


def test_the_letter_of_the_specification_can_be_had() -> None:
    letter = Dialect(unknown_orders=False)
    assert compiled("not (Id gt 5)", letter) == {"$nor": [{"_id": {"$gt": 5}}]}


@pytest.mark.parametrize(
    "text",
    [
        f"contains(DOI,'{'.' * 4_000}')",
        f"DOI eq '{'x' * 8_000}'",
        "LocationId in (" + ",".join(str(n) for n in range(1_000)) + ")",
        " or ".join(f"contains(DOI,'{n}')" for n in range(200)),
        " and ".join(f"Id add {n} ne 5" for n in range(95)),
        "Id in (" + ",".join(["Id"] * 200) + ")",
    ],
    ids=["pattern", "string", "list", "patterns", "sums", "fields"],
)
def test_what_is_large_still_passes_the_guard(text: str) -> None:
    assert compiled(text)


KNOWN = st.sampled_from([Path(tuple(item.name.split("/"))) for item in ENTITY.properties])


@pytest.mark.parametrize("dialect", [STRICT, DATASTREAM], ids=["strict", "datastream"])
@settings(max_examples=800, deadline=None)
@given(tree=shapes.trees_over(KNOWN))
def test_any_tree_is_compiled_or_refused(dialect: Dialect, tree: Expression) -> None:
    assert refused(tree, dialect) in (None, "bad_odata", "unsupported_odata", "query_too_complex")


def refused(tree: Expression, dialect: Dialect) -> str | None:
    """The code of the refusal of a tree, None if it compiles."""
    try:
        guarded_filter(tree, Context(ENTITY, dialect))
    except HubError as refusal:
        return refusal.code
    return None


HOSTILE = {
    "deep": "(" * 50 + "num" + " add num)" * 50 + " eq 5",
    "calls": "trim(" * 60 + "text" + ")" * 60 + " eq 'a'",
    "truths": "(" * 60 + "num gt 1" + ") gt true" * 60,
    "quotients": " eq ".join(["(free" + " div free" * 50 + ")"] * 2),
    "positions": "substring(text,length(" * 29 + "text" + "))" * 29 + " eq 'a'",
    "remainders": "num" + " mod num" * 60 + " eq 1",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_grows_too_large_is_refused_at_once(text: str) -> None:
    with pytest.raises(QueryTooComplex):
        compiled(text, entity=ENTITY)
