"""What is wrong is said before anything goes to the machine: a port that nobody came to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.services import Services
from tests.plant import Door, code, door

GOOD = {"modbus": "hr:1", "melsec": "D1", "fenet": "MW1", "opcua": "ns=2;s=a"}
KINDS = tuple(GOOD)
CELLS = KINDS[:3]
BITS = {"modbus": "coil:1", "melsec": "M1", "fenet": "MX1"}


class Port:
    """A port that takes connections, and a device of each kind there."""

    def __init__(self, opened: Door, listening: socket.socket) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._door = opened
        port = listening.getsockname()[1]
        self._ids = {
            kind: opened.device(kind=kind, host="127.0.0.1", port=port, timeout=0.2, enabled=False)
            for kind in KINDS
        }

    def ask(self, kind: str, register: str, query: str = "", **body: Any) -> tuple[int, str]:
        """The status and code of an answer; a write, if there is a value."""
        url = f"device/{self._ids[kind]}/io/{register}/{query}"
        return code(self._door.post(url, **body) if body else self._door.get(url))

    def came(self) -> int:
        """How many connections were made since the last time."""
        found = 0
        while True:
            try:
                self._listening.accept()[0].close()
            except BlockingIOError:
                return found
            found += 1


@pytest.fixture(scope="module")
def port(client: FlaskClient, services: Services) -> Iterator[Port]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Port(door(client, services), listening)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_right_comes_to_the_port(port: Port, kind: str) -> None:
    assert port.ask(kind, GOOD[kind])[0] >= 500
    assert port.came() > 0


@pytest.mark.parametrize("body", [{}, {"value": 1}])
@pytest.mark.parametrize(
    ("kind", "register"),
    [
        ("modbus", "D1"),
        ("modbus", "hr:65536"),
        ("modbus", "hr:-1"),
        ("modbus", "40001.16"),
        ("modbus", "coil:1.1"),
        ("modbus", "99999"),
        ("melsec", "Q1"),
        ("melsec", "D1.16"),
        ("melsec", "M1.1"),
        ("melsec", "D99999999"),
        ("melsec", "RD1"),
        ("fenet", "MQ1"),
        ("fenet", "I1"),
        ("fenet", "MW1.G"),
        ("fenet", "QW1"),
        ("opcua", "2048"),
        ("opcua", "ns=2;i=x"),
        ("opcua", "ns=2;b=%21"),
        ("opcua", "ns=70000;i=1"),
    ],
)
def test_no_address(port: Port, kind: str, register: str, body: dict[str, Any]) -> None:
    assert port.ask(kind, register, **body) == (400, "bad_address")
    assert port.came() == 0


@pytest.mark.parametrize(
    ("kind", "register"),
    [("modbus", "ir:1"), ("modbus", "di:1"), ("melsec", "D1.5"), ("fenet", "MZ1")],
)
def test_what_is_not_written(port: Port, kind: str, register: str) -> None:
    assert port.ask(kind, register, value=1) == (400, "bad_address")
    assert port.came() == 0


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("byte", 256),
        ("uint16", 65_536),
        ("uint16", -1),
        ("int16", 32_768),
        ("uint32", 2**32),
        ("int32", -(2**31) - 1),
        ("uint64", 2**64),
        ("int64", 2**63),
        ("fp16", 65_520.0),
        ("fp32", 1e39),
        ("uint16", 1.5),
        ("uint16", True),
        ("uint16", "1"),
        ("fp64", "x"),
    ],
)
def test_a_value_that_is_not_of_its_type(port: Port, kind: str, type_: str, value: Any) -> None:
    register = {"fenet": "MB1"}.get(kind, GOOD[kind]) if type_ == "byte" else GOOD[kind]
    said = port.ask(kind, register, f"?type={type_}", value=value)
    refused = "bad_address" if (kind, type_) == ("melsec", "byte") else "bad_device_value"
    assert said == (400, refused)
    assert port.came() == 0


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("value", [2, -1, 0.5, "1"])
def test_a_bit_that_is_none(port: Port, kind: str, value: Any) -> None:
    assert port.ask(kind, BITS[kind], value=value) == (400, "bad_device_value")
    assert port.came() == 0


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("body", [{}, {"value": 1}])
def test_a_type_that_the_address_has_not(port: Port, kind: str, body: dict[str, Any]) -> None:
    assert port.ask(kind, GOOD[kind], "?type=bit", **body) == (400, "bad_device_value")
    assert port.came() == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("query", "value", "error"),
    [
        ("", None, "bad_field"),
        ("", [1], "bad_field"),
        ("", {"a": 1}, "bad_field"),
        ("?type=int24", 1, "bad_parameter"),
        ("?byteorder=middle", 1, "bad_parameter"),
    ],
)
def test_a_request_that_is_wrong(port: Port, kind: str, query: str, value: Any, error: str) -> None:
    assert port.ask(kind, GOOD[kind], query, value=value) == (400, error)
    assert port.came() == 0
