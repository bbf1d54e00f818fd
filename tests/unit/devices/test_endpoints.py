"""Where devices are reached: what counts as the same place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import Conflict
from hub.services.devices.endpoints import endpoint
from hub.values import Device
from tests.devices import device


def at(host: str | None, port: int | None) -> Device:
    return replace(device("modbus"), host=host, port=port)


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [
        ("10.0.0.5", 502, "10.0.0.5:502"),
        ("PLC-1.Plant.example", 5007, "plc-1.plant.example:5007"),
        ("::1", 502, "[::1]:502"),
        ("FD00:0:0:0::7", 502, "[fd00::7]:502"),
    ],
)
def test_a_device_is_reached_there(host: str, port: int, told: str) -> None:
    assert endpoint(at(host, port)) == told


@pytest.mark.parametrize(("host", "port"), [(None, None), ("plc", None)])
def test_what_has_no_place_is_said(host: str | None, port: int | None) -> None:
    with pytest.raises(Conflict):
        endpoint(at(host, port))
