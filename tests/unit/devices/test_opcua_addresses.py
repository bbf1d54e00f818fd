"""OPC UA: node ids in every form, and options that contradict themselves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from hub.devices.opcua.address import NodeName, checked, parsed
from hub.errors import BadAddress, BadField

GUID = "09087e75-8e5e-499b-954f-f2a9603db28a"
PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("i=2258", NodeName(2258)),
        ("ns=0;i=0", NodeName(0)),
        ("ns=2;i=4294967295", NodeName(2**32 - 1, 2)),
        ("ns=2;s=Pump.Speed", NodeName("Pump.Speed", 2)),
        ("ns=65535;s=a;b=c/d", NodeName("a;b=c/d", 65535)),
        ("s=i=5", NodeName("i=5")),
        ("ns=3;s=\u00e9\n", NodeName("\u00e9\n", 3)),
        (f"ns=1;g={GUID}", NodeName(UUID(GUID), 1)),
        ("ns=1;b=AQI=", NodeName(b"\x01\x02", 1)),
        ("nsu=urn:plant:a;s=Speed", NodeName("Speed", 0, "urn:plant:a")),
        ("nsu=http://a/b;i=7", NodeName(7, 0, "http://a/b")),
    ],
)
def test_node_ids_of_every_form(address: str, name: NodeName) -> None:
    assert parsed(address) == name


@pytest.mark.parametrize(
    "address",
    [
        "",
        "2048",
        "ns=2",
        "ns=2;",
        "ns=2;i=",
        "ns=2;s=",
        "ns=2;i=x",
        "ns=2;i=-1",
        "ns=2;i=4294967296",
        "ns=2;i=1 ",
        "ns=65536;i=1",
        "ns=-1;i=1",
        "ns=2;x=1",
        "ns=2 ;i=1",
        "nsu=;i=1",
        "ns=1;g=nonsense",
        "ns=1;b=AQI",
        "ns=1;b=!!!!",
        "i=\u0661",
        "svr=1;i=1",
        "D100",
    ],
)
def test_what_is_no_node_id_is_named(address: str) -> None:
    with pytest.raises(BadAddress) as caught:
        parsed(address)
    assert caught.value.detail["address"] == address


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"policy": "Basic256"}, "policy"),
        ({"mode": "None"}, "mode"),
        ({"password": "x"}, "user"),
        ({"user": 5}, "user"),
        ({"policy": "Basic256Sha256"}, "certificate"),
        ({"policy": "Basic256Sha256", "certificate": PEM}, "private_key"),
        ({"certificate": "/etc/passwd"}, "certificate"),
        ({"server_certificate": "x"}, "server_certificate"),
        ({"endpoint": "x"}, "endpoint"),
        ({"path": None}, "path"),
    ],
)
def test_options_that_do_not_go_together_are_named(given: dict[str, Any], name: str) -> None:
    with pytest.raises(BadField) as caught:
        checked(given)
    assert f"options.{name}" in caught.value.detail["fields"]
