"""The registry of drivers, and what devices are checked by before anything is sent."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from hub.devices import registry
from hub.devices.contract import Point
from hub.errors import BadAddress, BadDeviceValue, BadField, Conflict
from hub.values import DataType, DeviceKind
from tests.devices import device


def test_every_kind_of_machine_has_a_driver_and_its_checks() -> None:
    machines = set(get_args(DeviceKind)) - {"ai"}
    assert set(registry.DRIVERS) == set(registry.OPTIONS) == set(registry.KNOWN) == machines
    assert set(registry.PLACES) == set(registry.WRITTEN) == machines - {"opcua"}


@pytest.mark.parametrize("kind", registry.DRIVERS)
def test_a_driver_is_made_of_default_options(kind: DeviceKind) -> None:
    assert registry.open_driver(device(kind)) is not None


@pytest.mark.parametrize("kind", registry.DRIVERS)
def test_unknown_options_are_named(kind: DeviceKind) -> None:
    with pytest.raises(BadField) as caught:
        registry.check(kind, {"nonsense": 1})
    assert caught.value.detail["fields"] == {"options.nonsense": "Unknown field."}


@pytest.mark.parametrize(
    ("kind", "address"),
    [("modbus", "hr:0"), ("opcua", "ns=2;s=x"), ("melsec", "D0"), ("fenet", "%MW0")],
)
def test_an_address_is_checked_by_its_kind(kind: DeviceKind, address: str) -> None:
    registry.check_point(device(kind), Point(address))
    with pytest.raises(BadAddress):
        registry.check_point(device(kind), Point("nonsense!"))


@pytest.mark.parametrize(
    ("kind", "address"), [("modbus", "coil:0"), ("melsec", "TS0"), ("fenet", "%MX0")]
)
def test_a_type_is_checked_by_the_address(kind: DeviceKind, address: str) -> None:
    with pytest.raises(BadDeviceValue):
        registry.check_point(device(kind), Point(address, "fp32"))


@pytest.mark.parametrize(
    ("kind", "address"),
    [("modbus", "ir:0"), ("modbus", "di:0"), ("melsec", "D0.5"), ("fenet", "%TW0")],
)
def test_what_is_not_written_is_refused_where_it_shall_be(kind: DeviceKind, address: str) -> None:
    type_: DataType | None = "byte" if kind == "fenet" else None
    registry.check_point(device(kind), Point(address, type_))
    with pytest.raises(BadAddress):
        registry.check_point(device(kind), Point(address, type_), written=True)


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("modbus", "hr:0.5"), ("modbus", "coil:0"), ("opcua", "i=5"),
        ("melsec", "M0"), ("fenet", "%MW0.5"),
    ],
)  # fmt: skip
def test_what_is_written_may_be(kind: DeviceKind, address: str) -> None:
    registry.check_point(device(kind), Point(address), written=True)


def test_addresses_are_checked_without_reading_secrets() -> None:
    kept = {"policy": "Basic256Sha256", "private_key": "sealed", "certificate": "sealed"}
    registry.check_point(device("opcua", options=kept), Point("i=5"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: registry.open_driver(device("ai")),
        lambda: registry.check("ai", {}),
        lambda: registry.check_point(device("ai"), Point("x")),
    ],
)
def test_what_is_not_read_is_a_conflict(ask: Any) -> None:
    with pytest.raises(Conflict, match="not read or written"):
        ask()
