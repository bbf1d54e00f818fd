"""Calls of devices: what is refused before anything is sent, and how they go between processes."""

from __future__ import annotations

from typing import Any

import pytest

from hub.devices.contract import Value
from hub.devices.opcua.nodes import Browsed, BrowsedNode
from hub.errors import (
    BadAddress,
    BadDeviceValue,
    Conflict,
    DeviceError,
    DeviceRefused,
    DeviceTimeout,
    HubError,
    OverBudget,
)
from hub.services.devices.calls import (
    Browse,
    Call,
    Found,
    Outcome,
    Read,
    Write,
    budget_s,
    call_of,
    call_text,
    checked,
    op_of,
    outcome_of,
    outcome_text,
    unsure,
)
from hub.values import DataType, DeviceKind
from tests.devices import device

NODE = BrowsedNode(
    id="ns=2;s=a",
    parent="i=85",
    depth=1,
    name="2:a",
    display_name="ä",
    kind="Variable",
    type="UInt64",
    value=2**64 - 1,
    access=("read", "write"),
)


@pytest.mark.parametrize(
    "call",
    [
        Read(address="D1"),
        Read(address="$where", type="fp64", byteorder="big"),
        Write(address="D1", value=2**64 - 1),
        Write(address="D1", value=0.1),
        Write(address="ns=2;s=ä", value="\u2028 $now"),
        Write(address="M1", value=True),
        Browse(),
        Browse(node="i=85", depth=3, limit=7),
    ],
)
def test_a_call_comes_out_as_it_went_in(call: Call) -> None:
    assert call_of(op_of(call), call_text(call)) == call


@pytest.mark.parametrize("value", [2**64 - 1, -(2**63), 0.1, 5e-324, True, "ä", None])
def test_a_value_comes_out_as_it_went_in(value: Value | None) -> None:
    outcome = Found(value, "uncertain")
    told = outcome_of(outcome_text(outcome))
    assert told == outcome
    assert isinstance(told, Found)
    assert type(told.value) is type(value)


def test_nodes_come_out_as_they_went_in() -> None:
    outcome: Outcome = Browsed([NODE], ("depth", "time"))
    assert outcome_of(outcome_text(outcome)) == outcome


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DeviceRefused("no", device_code="0xC056"), DeviceRefused),
        (BadDeviceValue("no", type="bit", address="D1"), BadDeviceValue),
        (unsure(DeviceTimeout("late")), DeviceTimeout),
        (OverBudget("not of a device"), DeviceError),
    ],
)
def test_an_error_comes_out_as_it_went_in(error: HubError, kind: type[HubError]) -> None:
    with pytest.raises(kind) as raised:
        outcome_of(outcome_text(error))
    assert type(raised.value) is kind
    assert (raised.value.message, raised.value.detail) == (error.message, error.detail)


@pytest.mark.parametrize(
    ("kind", "call", "error"),
    [
        ("ai", Read(address="D1"), Conflict),
        ("ai", Browse(), Conflict),
        ("modbus", Browse(), Conflict),
        ("opcua", Browse(node="2048"), BadAddress),
        ("melsec", Read(address="Q1"), BadAddress),
        ("modbus", Write(address="ir:1", value=1), BadAddress),
        ("melsec", Write(address="D1", value=65_536), BadDeviceValue),
        ("melsec", Write(address="D1.3", value=1), BadAddress),
        ("fenet", Write(address="%MB1", value=256), BadDeviceValue),
        ("modbus", Write(address="hr:1", value="1"), BadDeviceValue),
    ],
)
def test_what_is_refused_before_it_is_sent(
    kind: DeviceKind, call: Call, error: type[HubError]
) -> None:
    with pytest.raises(error):
        checked(device(kind), call)


@pytest.mark.parametrize(
    ("kind", "address", "type_", "value"),
    [
        ("melsec", "D1", None, 65_535),
        ("melsec", "D1", "fp32", 1),
        ("modbus", "coil:1", None, True),
        ("modbus", "hr:1.3", None, 1),
        ("opcua", "ns=2;s=a", "int16", 10**30),
    ],
)
def test_what_may_be_sent(
    kind: DeviceKind, address: str, type_: DataType | None, value: Any
) -> None:
    checked(device(kind), Write(address=address, type=type_, value=value))


def test_the_address_stands_with_what_is_wrong() -> None:
    with pytest.raises(BadDeviceValue) as raised:
        checked(device("melsec"), Write(address="D1", value=-1))
    assert raised.value.detail == {"type": "uint16", "address": "D1"}


def test_how_long_a_call_may_take() -> None:
    slow = device("opcua", timeout_s=4.0)
    assert (budget_s(slow, Read(address="i=1")), budget_s(slow, Browse())) == (14.0, 19.0)
