"""Bodies and windows of the plant API: which fields are taken, how each fault is named."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from marshmallow import RAISE, Schema, fields

from hub.api.plant import bodies
from hub.api.plant.listing import RangeArgs, window_of
from hub.errors import BadField, BadParameter


class Inner(Schema):
    class Meta:
        unknown = RAISE

    frame = fields.String()


class Body(Schema):
    class Meta:
        unknown = RAISE

    name = bodies.Name(required=True)
    text = bodies.Text(most=5, load_default="")
    flag = bodies.Flag()
    whole = bodies.Whole(0, 255)
    number = bodies.Number(0.1, 60)
    id = bodies.Id()
    tags = bodies.Tags()
    inner = fields.Nested(Inner)


def test_what_is_right_is_read_and_defaults_stand():
    sent = {"name": "a", "flag": False, "whole": 255, "number": 1, "id": 2**63 - 1}
    sent |= {"tags": {"a": [1]}, "inner": {"frame": "3E"}}
    assert bodies.checked(sent, Body()) == sent | {"text": ""}


def test_in_part_nothing_is_needed_and_no_default_stands():
    assert bodies.checked({}, Body(), partial=True) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", " a"), ("name", "a\nb"), ("name", "a\ud800"), ("name", "a" * 201),
        ("name", None), ("name", 5), ("text", "sixsix"), ("flag", 1), ("flag", "true"),
        ("whole", 256), ("whole", -1), ("whole", 1.0), ("whole", "1"), ("whole", True),
        ("number", 0), ("number", 61), ("number", "1"), ("number", True),
        ("number", float("nan")), ("id", 0), ("id", 2**63), ("tags", []),
        ("tags", {"a.b": 1}), ("tags", {"a": 2**64}), ("other", 1), ("\ud800", 1),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_field(field: str, value: Any):
    with pytest.raises(BadField) as refused:
        bodies.checked({"name": "a", field: value}, Body())
    assert list(refused.value.detail["fields"]) == [bodies.cleaned(field)]
    assert orjson.dumps(refused.value.detail)


def test_a_fault_within_an_object_has_its_path():
    with pytest.raises(BadField) as refused:
        bodies.checked({"name": "a", "inner": {"farme": 1}}, Body())
    assert refused.value.detail == {"fields": {"inner.farme": "Unknown field."}}
    assert refused.value.message == "inner.farme: Unknown field."


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_a_body_is_an_object(value: Any):
    with pytest.raises(BadField):
        bodies.checked(value, Body())


@pytest.mark.parametrize(
    ("asked", "ranged", "limit"),
    [
        ({}, False, 100),
        ({"limit": "7"}, False, 7),
        ({"from": "0"}, True, None),
        ({"to": "0", "limit": "20000"}, True, 20_000),
    ],
)
def test_a_window_has_a_limit_unless_it_has_a_range(asked: dict, ranged: bool, limit: int | None):
    window = window_of(RangeArgs().load(asked))
    assert (window.ranged, window.limit) == (ranged, limit)


@pytest.mark.parametrize("asked", [{"limit": "10001"}, {"from": "2", "to": "1"}])
def test_a_window_that_makes_no_sense_is_refused(asked: dict):
    with pytest.raises(BadParameter):
        window_of(RangeArgs().load(asked))
