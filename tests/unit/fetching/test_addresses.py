"""Which addresses a fetch may go to, by themselves and by the operator's list."""

from __future__ import annotations

import re

import pytest

from hub.fetching.addresses import Address, is_outer, parsed
from hub.fetching.allowing import AllowList, leads_inwards

OUTER = [
    "8.8.8.8",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "26.0.0.1",
    "2606:4700::1111",
    "2a00:1450:4001:80e::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2606:4700::5efe:808:808",
]
INNER = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "25.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:25.0.0.1",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::ac10:1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "2606:4700::5efe:7f00:1",
    "2606:4700::200:5efe:a00:1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


def address(text: str) -> Address:
    found = parsed(text)
    assert found
    return found


@pytest.mark.parametrize("text", OUTER)
def test_what_is_of_the_outside_world(text: str) -> None:
    assert is_outer(address(text))


@pytest.mark.parametrize("text", INNER)
def test_what_is_not(text: str) -> None:
    assert not is_outer(address(text))


@pytest.mark.parametrize("text", ["", "example.org", "2130706433", "127.1", "fe80::1%lo", "1.2.3"])
def test_what_is_no_address(text: str) -> None:
    assert parsed(text) is None


@pytest.mark.parametrize("text", INNER)
def test_nothing_inner_is_asked_without_a_list(text: str) -> None:
    assert AllowList().judge("a.example", 80, [text]) is None


@pytest.mark.parametrize(
    ("port", "taken"), [(80, True), (443, True), (22, False), (8080, False), (0, False)]
)
def test_the_ports_of_the_web(port: int, taken: bool) -> None:
    assert (AllowList().judge("a.example", port, ["8.8.8.8"]) is not None) == taken


def test_one_bad_address_spoils_the_others() -> None:
    assert AllowList().judge("a.example", 80, ["8.8.8.8", "10.0.0.1"]) is None


def test_a_host_without_addresses_is_not_asked() -> None:
    assert AllowList.of("a.example").judge("a.example", 80, []) is None


@pytest.mark.parametrize(
    ("listed", "host", "port", "found", "taken"),
    [
        ("10.1.0.0/16", "h", 80, "10.1.2.3", True),
        ("10.1.0.0/16", "h", 80, "10.2.0.1", False),
        ("10.1.0.0/16", "h", 8080, "10.1.2.3", False),
        ("10.1.0.0/16:8080", "h", 8080, "10.1.2.3", True),
        ("10.1.0.0/16:8080", "h", 80, "10.1.2.3", False),
        ("10.1.0.0/16", "h", 80, "::ffff:10.1.2.3", True),
        ("10.1.0.0/16", "h", 80, "64:ff9b::a01:203", True),
        ("10.1.0.0/16", "h", 80, "2002:a01:203::", False),
        ("10.1.2.3", "h", 443, "10.1.2.3", True),
        ("[fd00::/8]:8080", "h", 8080, "fd00::7", True),
        ("[fd00::7]", "h", 80, "fd00::7", True),
        ("[fd00::7]", "h", 80, "fd00::8", False),
        ("plc.plant", "plc.plant", 80, "10.9.9.9", True),
        ("PLC.plant", "plc.plant", 443, "10.9.9.9", True),
        ("plc.plant", "other.plant", 80, "10.9.9.9", False),
        ("plc.plant:8080", "plc.plant", 8080, "25.0.0.1", True),
        ("plc.plant:8080", "plc.plant", 80, "25.0.0.1", False),
        ("plc.plant", "plc.plant", 80, "127.0.0.1", False),
        ("plc.plant", "plc.plant", 80, "::1", False),
        ("plc.plant", "plc.plant", 80, "169.254.169.254", False),
        ("plc.plant", "plc.plant", 80, "224.0.0.1", False),
        ("plc.plant, 127.0.0.1", "plc.plant", 80, "127.0.0.1", True),
        ("localhost", "localhost", 80, "127.0.0.1", False),
        ("0.0.0.0/0", "h", 80, "10.0.0.1", True),
        ("0.0.0.0/0", "h", 80, "127.0.0.1", False),
        ("0.0.0.0/0", "h", 80, "169.254.169.254", False),
        ("0.0.0.0/0", "h", 80, "0.0.0.0", False),
        ("[::/0]", "h", 80, "fd00:ec2::254", False),
        ("[::/0]", "h", 80, "fd00::1", True),
        ("[::/0]", "h", 80, "::1", False),
        ("[::/0]", "h", 80, "2002:7f00:1::", False),
        ("[::/0]", "h", 80, "64:ff9b:1::7f00:1", False),
        ("[::/0]", "h", 80, "64:ff9b::7f00:1", False),
        ("[::/0]", "h", 80, "::ffff:127.0.0.1", False),
        ("[::/0]", "h", 80, "::7f00:1", False),
        ("[::1]", "h", 80, "::1", True),
        ("169.254.169.254", "h", 80, "169.254.169.254", True),
        ("127.0.0.0/8:9", "h", 9, "127.1.2.3", True),
        ("example.org:8443", "example.org", 8443, "8.8.8.8", True),
        ("8.8.8.8:8443", "h", 80, "8.8.8.8", True),
    ],
)
def test_what_the_operator_lists(
    listed: str, host: str, port: int, found: str, taken: bool
) -> None:
    assert (AllowList.of(listed).judge(host, port, [found]) is not None) == taken


@pytest.mark.parametrize(
    "text",
    [
        "a b",
        "http://a.example",
        "a.example:0",
        "a.example:65536",
        "a.example:http",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "fd00::/8",
        "[fd00::/8",
        "*.example",
        "-a.example",
        "2130706433",
        "a..example",
    ],
)
def test_a_list_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        AllowList.of(text)


@pytest.mark.parametrize("text", [None, "", " , "])
def test_an_empty_list(text: str | None) -> None:
    assert AllowList.of(text) == AllowList()


@pytest.mark.parametrize(
    ("before", "after", "inwards"),
    [
        ("8.8.8.8", "10.0.0.1", True),
        ("8.8.8.8", "127.0.0.1", True),
        ("8.8.8.8", "1.1.1.1", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "8.8.8.8", False),
    ],
)
def test_which_redirects_lead_inwards(before: str, after: str, inwards: bool) -> None:
    assert leads_inwards([address(before)], [address(after)]) == inwards
