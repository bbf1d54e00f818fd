"""Refusals of OData text that name what may have been meant."""

from __future__ import annotations

import pytest

from hub.errors import BadOData
from hub.query.odata import (
    DATASTREAM,
    STRICT,
    Context,
    Dialect,
    EntityType,
    Property,
    apply_stages,
    condition,
    order_stages,
    parse_apply,
    parse_filter,
    parse_orderby,
    parse_select,
    selected,
)
from hub.query.odata.hints import KNOWN_MAX, nearest

TYPE = EntityType(
    (
        Property("Id", "_id", "integer"),
        Property("ID", "ID", "string"),
        Property("Name", "name", "string"),
        Property("CharacteristicName", "c", "string"),
        Property("ResultValue", "v", "number"),
        Property("Tags", "tags", "string", collection=True),
        Property("Site/Latitude", "site.lat", "number"),
    )
)
CONTEXT = Context(TYPE)


def refused(text: str, dialect: Dialect = STRICT) -> BadOData:
    with pytest.raises(BadOData) as caught:
        condition(parse_filter(text, dialect), Context(TYPE, dialect))
    return caught.value


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        ("CharacteristicNam eq 'pH'", 0, "CharacteristicName"),
        ("characteristicname eq 'pH'", 0, "CharacteristicName"),
        ("id eq 5", 0, "Id or ID"),
        ("Nme eq 'x'", 0, "Name"),
        ("Id eq 5 and ResultVal gt 1", 12, "ResultValue"),
        ("Site/Lattitude gt 50", 0, "Site/Latitude"),
        ("Tag/any(t:t eq 'x')", 0, "Tags"),
        ("Xylophone eq 5", 0, None),
    ],
)
def test_an_unknown_property_names_the_nearest(
    text: str, offset: int, expected: str | None
) -> None:
    error = refused(text)
    assert (error.detail["offset"], error.detail.get("expected")) == (offset, expected)


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        ("CharacteristicName eq pH", 22, "'pH'"),
        ("CharacteristicName ne Nam", 22, "'Nam', or Name"),
        ("CharacteristicName in ('pH',Turbidity)", 28, "'Turbidity'"),
        ("contains(Name,oxygen)", 14, "'oxygen'"),
    ],
)
@pytest.mark.parametrize("dialect", [STRICT, DATASTREAM], ids=["strict", "datastream"])
def test_a_bare_word_beside_a_text_is_told_of_quotes(
    text: str, offset: int, expected: str, dialect: Dialect
) -> None:
    error = refused(text, dialect)
    assert "text stands in single quotes" in error.message
    assert (error.detail["offset"], error.detail["expected"]) == (offset, expected)


@pytest.mark.parametrize("text", ["ResultValue eq pH", "pH eq 5", "Id in (pH)", "year(pH) eq 5"])
def test_beside_what_is_no_text_nothing_is_said_of_quotes(text: str) -> None:
    assert "quotes" not in refused(text).message


@pytest.mark.parametrize("text", ["CharacteristicName eq Name", "Tags/any(t:Name eq t)"])
def test_two_texts_are_compared_as_before(text: str) -> None:
    assert condition(parse_filter(text), CONTEXT)


def test_an_order_names_the_nearest() -> None:
    with pytest.raises(BadOData, match="expected ResultValue"):
        order_stages(parse_orderby("ResultValu desc"), CONTEXT)


def test_a_selection_names_the_nearest() -> None:
    with pytest.raises(BadOData, match="expected CharacteristicName"):
        selected(parse_select("Id,Characteristicname"), CONTEXT)


@pytest.mark.parametrize(
    "text",
    [
        "groupby((Nam))",
        "filter(Nam eq 'x')",
        "aggregate(Nam with max as most)",
        "compute(length(Nam) as size)",
    ],
)
def test_a_transformation_names_the_nearest(text: str) -> None:
    with pytest.raises(BadOData, match="expected Name"):
        apply_stages(parse_apply(text), CONTEXT)


def test_the_dialect_names_its_own_operators() -> None:
    with pytest.raises(BadOData) as caught:
        parse_filter("Id gtee 5", DATASTREAM)
    assert caught.value.detail["expected"].split(" or ")[0].split(",")[0] == "gte"


def test_no_more_than_so_many_names_are_looked_at() -> None:
    known = [f"{number:04d}" for number in range(KNOWN_MAX)]
    assert nearest("needle", [*known[1:], "needles"]) == "needles"
    assert nearest("needle", [*known, "needles"]) is None
