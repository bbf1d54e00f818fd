"""Conditions on other collections, taken out of a filter and answered by keys."""

from __future__ import annotations

import pytest

from hub.errors import UnsupportedOData
from hub.query.odata import (
    DATASTREAM,
    Context,
    EntityType,
    Property,
    condition,
    guarded_condition,
    parse_filter,
)
from hub.query.odata.foreign import Keys, at, gathered, localized
from hub.query.odata.typed import Field, Typed, fields

ENTITY = EntityType(
    (
        Property("Value", "Value", "number"),
        Property("Region", at("location", "Region"), "string"),
        Property("Latitude", at("location", "Latitude"), "number"),
        Property("Tags", at("location", "Tags"), "string", collection=True),
        Property("DOI", at("dataset", "catalogue.DOI"), "string"),
    ),
    checked=True,
)
CONTEXT = Context(ENTITY, DATASTREAM)
KEYS = {
    "location": Field("LocationId", "integer", checked=True),
    "dataset": Field("_datasetid", "string", checked=True),
}
ANSWERS: dict[str, Keys] = {"location": [1, 2], "dataset": ["a"]}


class Asked:
    """Remembers what it was asked, as filters in the paths of the place."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, object]] = []

    def __call__(self, place: str, asked: Typed) -> Keys:
        self.questions.append((place, guarded_condition(asked, CONTEXT).document))
        return ANSWERS[place]


def split(text: str) -> tuple[object, dict[str, Keys], list[tuple[str, object]]]:
    tree = parse_filter(text, DATASTREAM)
    assert tree is not None
    asked = Asked()
    found = localized(condition(tree, CONTEXT), KEYS, asked)
    document = guarded_condition(found.condition, CONTEXT).document
    return document, dict(found.within), asked.questions


def test_a_condition_on_the_entity_stays() -> None:
    assert split("Value gt 5") == ({"Value": {"$gt": 5}}, {}, [])


def test_a_condition_on_another_place_is_answered_by_its_keys() -> None:
    document, within, asked = split("Region eq 'x'")
    assert (document, within) == ({}, {"LocationId": [1, 2]})
    assert asked == [("location", {"Region": {"$eq": "x"}})]


def test_terms_of_one_place_are_asked_together() -> None:
    document, within, asked = split("Region eq 'x' and Value eq 1 and Latitude gt 49")
    assert document == {"Value": {"$eq": 1}}
    assert within == {"LocationId": [1, 2]}
    assert asked == [
        ("location", {"$and": [{"Region": {"$eq": "x"}}, {"Latitude": {"$gt": 49}}]}),
    ]


def test_places_are_asked_one_by_one() -> None:
    document, within, asked = split("Region eq 'x' and DOI in ('d','e')")
    assert (document, within) == ({}, {"LocationId": [1, 2], "_datasetid": ["a"]})
    assert [place for place, _ in asked] == ["location", "dataset"]
    assert asked[1][1] == {"catalogue.DOI": {"$in": ["d", "e"]}}


def test_inside_an_or_the_keys_are_a_condition_of_their_own() -> None:
    document, within, asked = split("Region eq 'x' or Value eq 1")
    assert within == {}
    assert document == {"$or": [{"Value": {"$eq": 1}}, {"LocationId": {"$in": [1, 2]}}]}
    assert asked == [("location", {"Region": {"$eq": "x"}})]


def test_a_not_about_one_place_is_asked_there() -> None:
    document, within, asked = split("not (Region eq 'x' or Latitude lt 3)")
    assert (document, within) == ({}, {"LocationId": [1, 2]})
    assert len(asked) == 1


def test_a_not_about_several_places_turns_the_keys_round() -> None:
    document, within, _ = split("not (Region eq 'x' and Value eq 1)")
    assert within == {}
    assert document == {
        "$or": [{"Value": {"$ne": 1}}, {"LocationId": {"$nin": [1, 2]}}],
    }


def test_no_keys_is_nothing() -> None:
    alone = parse_filter("Region eq 'x'", DATASTREAM)
    assert alone is not None
    found = localized(condition(alone, CONTEXT), KEYS, lambda place, asked: [])
    assert found.within == (("LocationId", []),)


def test_a_lambda_goes_with_its_collection() -> None:
    _, within, asked = split("Tags/any(t:t eq 'x')")
    assert within == {"LocationId": [1, 2]}
    assert "Tags" in str(asked[0][1])
    assert "@" not in str(asked)


@pytest.mark.parametrize("text", ["Latitude gt Value", "contains(Region,DOI)"])
def test_a_comparison_across_places_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnsupportedOData):
        split(text)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("Region eq 'x'", {"@location.Region"}),
        ("Value eq 1", {"Value"}),
        ("Region eq 'x' and Value eq 1", {"@location.Region", "Value"}),
        ("Region eq 'x' or Value eq 1", {"@location.Region", "Value"}),
        ("not (Region eq 'x' and Value eq 1)", {"@location.Region", "@location.@row.Value"}),
        (
            "(Region eq 'x' or Value eq 1) and Latitude gt 5",
            {"@location.Region", "@location.@row.Value", "@location.Latitude"},
        ),
        (
            "(Region eq 'x' or DOI eq 'd') and Latitude gt 5 and Value eq 1",
            {"@location.Region", "@location.@set.catalogue.DOI", "@location.Latitude", "Value"},
        ),
    ],
)
def test_what_is_said_of_one_row_of_a_place_is_moved_there(text: str, paths: set[str]) -> None:
    tree = parse_filter(text, DATASTREAM)
    assert tree is not None
    found = gathered(condition(tree, CONTEXT), "location", {"": "row", "dataset": "set"})
    assert {field.path for field in fields(found)} == paths


def test_an_inequality_of_two_fields_of_one_row_is_moved_as_a_whole() -> None:
    tree = parse_filter("(Value add Latitude) gt 5", DATASTREAM)
    assert tree is not None
    found = gathered(condition(tree, CONTEXT), "location", {"": "row", "dataset": "set"})
    assert {field.path for field in fields(found)} == {"@location.@row.Value", "@location.Latitude"}
