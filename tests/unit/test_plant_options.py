"""Options of devices: what their schema says is what is taken."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from hub.errors import BadField
from hub.services.plant import options
from hub.values import DeviceKind

KINDS: tuple[DeviceKind, ...] = get_args(DeviceKind)
EACH = [(kind, name) for kind in KINDS for name in options.KNOWN[kind]]
VALUES = [
    None, True, False, -1, 0, 1, 15, 16, 255, 256, 65_535, 65_536, 0.05, 0.04, 1e300, 2e300, 86_401,
    "", "x", "tcp", "big", "3E", "q", "hex", "xgk", "cnn_ae", "none", "Sign",
    "x" * 501, "x" * 20_001, [], {},
]  # fmt: skip
ALONE = {"certificate", "private_key", "server_certificate", "password", "policy"}
"""Options that depend on others, or on what is in them."""


def taken(kind: DeviceKind, given: dict[str, Any]) -> bool:
    try:
        options.checked(kind, given, {})
    except BadField:
        return False
    return True


@pytest.mark.parametrize(("kind", "name"), EACH)
def test_the_schema_of_an_option_says_what_is_taken(kind: DeviceKind, name: str) -> None:
    schema = Draft202012Validator(options.described(kind))
    values = [value for value in VALUES if name not in ALONE or value is None]
    said = [schema.is_valid({name: value}) for value in values]
    assert said == [taken(kind, {name: value}) for value in values]


@pytest.mark.parametrize("kind", KINDS)
def test_the_defaults_of_the_schema_are_those_that_are_filled_in(kind: DeviceKind) -> None:
    shown = options.described(kind)["properties"]
    filled = options.checked(kind, {}, {})
    assert {name: shown[name]["default"] for name in filled} == filled


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_is_as_the_schema_says(kind: DeviceKind) -> None:
    shown = options.described(kind)
    told = options.told(kind, options.checked(kind, {}, {}))
    secret = {name for name, each in shown["properties"].items() if each.get("writeOnly")}
    assert set(told) == set(shown["properties"]) - secret
    assert Draft202012Validator(shown).is_valid(told)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_may_be_given(kind: DeviceKind) -> None:
    kept = options.checked(kind, {}, {})
    assert options.checked(kind, options.told(kind, kept), kept) == kept


def test_what_no_kind_has_is_unknown() -> None:
    with pytest.raises(BadField, match="Unknown field"):
        options.checked("ai", {"frame": None}, {})
