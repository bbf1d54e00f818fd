"""What Hamachi prints, as it was recorded by others, and in the ways in which it differs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.hamachi.parsing import (
    LINE_CHARS_MAX,
    Member,
    Outcome,
    Unreadable,
    is_down,
    is_refused,
    networks_of,
    outcome_of,
    status_of,
)
from tests.hamachi import DOWN, LIST, NO_RIGHTS, STATUS

NUMBER = "090-111-222"
LINE = f" * [{NUMBER}]net"


def members(*lines: str) -> tuple[Member, ...]:
    (network,) = networks_of("\n".join([LINE, *lines]))
    return network.members


def member(line: str) -> dict[str, Any]:
    """What is told of a member beside its id: what is not None."""
    (found,) = members(line)
    assert found.id == NUMBER
    return {name: value for name, value in asdict(found).items() if value and name != "id"}


def test_a_status() -> None:
    assert asdict(status_of(STATUS)) == {
        "version": "2.1.0.198",
        "pid": 25585,
        "status": "logged in",
        "client_id": "230-321-123",
        "ipv4": "25.12.123.12",
        "ipv6": "1234:9b::190c:b31d",
        "nickname": "test-name",
        "account": "example@gmail.com",
        "account_pending": True,
    }


@pytest.mark.parametrize(
    ("old", "new", "name", "value"),
    [
        ("2.1.0.198", "hamachi-lnx-2.1.0.203", "version", "hamachi-lnx-2.1.0.203"),
        ("25585", "", "pid", None),
        ("25585", "-1", "pid", None),
        ("25585", "9" * 5000, "pid", None),
        ("logged in", "offline", "status", "offline"),
        ("logged in", "logging in", "status", "logging in"),
        ("25.12.123.12    ", "", "ipv4", None),
        ("25.12.123.12    ", "", "ipv6", "1234:9b::190c:b31d"),
        ("    1234:9b::190c:b31d", "", "ipv6", None),
        ("test-name", "status: offline", "nickname", "status: offline"),
        ("test-name", "", "nickname", None),
        ("example@gmail.com (pending)", "-", "account", None),
        ("example@gmail.com (pending)", "-", "account_pending", False),
        (" (pending)", "", "account", "example@gmail.com"),
        (" (pending)", "", "account_pending", False),
        ("  pid  ", "\n  news   : 1\n\r\n  pid  ", "pid", 25585),
    ],
)
def test_a_status_that_differs(old: str, new: str, name: str, value: object) -> None:
    assert old in STATUS
    assert getattr(status_of(STATUS.replace(old, new)), name) == value


@pytest.mark.parametrize("text", ["", "\n\n", "  status     :\n", "  pid  : 1\n", "status", "\0"])
def test_no_status(text: str) -> None:
    with pytest.raises(Unreadable):
        status_of(text)


def test_a_list() -> None:
    managed, named, own = networks_of(LIST)
    assert asdict(managed) | {"members": None} == {
        "id": "398-581-422",
        "name": "test789-net",
        "online": True,
        "used": 2,
        "capacity": 5,
        "subnet": None,
        "subscription": "Free",
        "owner": "example@gmail.com",
        "owner_id": None,
        "own": False,
        "members": None,
    }
    assert (named.id, named.name) == ("Artwork", "Artwork")
    assert (named.owner, named.owner_id) == ("ztefn", "090-736-821")
    assert (own.id, own.online, own.own) == ("Bug Hunters", False, True)
    assert (own.used, own.capacity, own.subnet) == (4, 5, "192.168.155.24/24")
    assert [each.status for each in managed.members] == ["online"]
    assert [each.status for each in named.members] == ["online", "offline"]
    assert [each.status for each in own.members] == ["unreachable", "pending", "error"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            (
                f"     * {NUMBER}   a-host   25.17.123.123     alias: not set  1234:9b::1234:89a5"
                "  direct      UDP  178.128.123.123:53035"
            ),
            {
                "status": "online",
                "nickname": "a-host",
                "ipv4": "25.17.123.123",
                "ipv6": "1234:9b::1234:89a5",
                "connection": "direct",
                "transport": "UDP",
                "endpoint": "178.128.123.123:53035",
            },
        ),
        (
            (
                f"     * {NUMBER}   Andrew            25.1.2.3          alias: not set"
                "                      via relay"
            ),
            {
                "status": "online",
                "nickname": "Andrew",
                "ipv4": "25.1.2.3",
                "connection": "via relay",
            },
        ),
        (
            (
                f"     ! {NUMBER}   scrawl    25.1.2.4  alias: 25.353.432.28  2620:9b::753:b470"
                "  direct  UDP  170.45.240.141:43667  This address is also used by another peer"
            ),
            {
                "status": "error",
                "nickname": "scrawl",
                "ipv4": "25.1.2.4",
                "ipv6": "2620:9b::753:b470",
                "alias": "25.353.432.28",
                "connection": "direct",
                "transport": "UDP",
                "endpoint": "170.45.240.141:43667",
                "note": "This address is also used by another peer",
            },
        ),
        (f"     ? {NUMBER} ", {"status": "pending"}),
        (f"     ? {NUMBER}", {"status": "pending"}),
        (
            f"     x {NUMBER}   My big PC         25.1.2.3",
            {"status": "unreachable", "nickname": "My big PC", "ipv4": "25.1.2.3"},
        ),
        (
            f"     x {NUMBER}   two  spaces       25.1.2.3",
            {"status": "unreachable", "nickname": "two  spaces", "ipv4": "25.1.2.3"},
        ),
        (
            f"     x {NUMBER}   as-wide-as-can-be 25.1.2.3  alias: not set",
            {"status": "unreachable", "nickname": "as-wide-as-can-be", "ipv4": "25.1.2.3"},
        ),
        (
            f"       {NUMBER}                     25.1.2.3",
            {"status": "offline", "ipv4": "25.1.2.3"},
        ),
        (
            f"       {NUMBER}   10.0.0.1          25.1.2.3",
            {"status": "offline", "nickname": "10.0.0.1", "ipv4": "25.1.2.3"},
        ),
        (
            f"       {NUMBER}   direct            25.1.2.3",
            {"status": "offline", "nickname": "direct", "ipv4": "25.1.2.3"},
        ),
        (
            f"     * {NUMBER}   only-six  2620:9b::753:b470  direct  TCP  [2001:db8::1]:443",
            {
                "status": "online",
                "nickname": "only-six",
                "ipv6": "2620:9b::753:b470",
                "connection": "direct",
                "transport": "TCP",
                "endpoint": "[2001:db8::1]:443",
            },
        ),
        (
            f"     ! {NUMBER}   odd  25.1.2.4  IP protocol mismatch between you and peer",
            {
                "status": "error",
                "nickname": "odd",
                "ipv4": "25.1.2.4",
                "note": "IP protocol mismatch between you and peer",
            },
        ),
        (
            f"     * {NUMBER}   cut-\ufffd  25.1.2.4",
            {"status": "online", "nickname": "cut-\ufffd", "ipv4": "25.1.2.4"},
        ),
        (f"       {NUMBER}   nameless", {"status": "offline", "nickname": "nameless"}),
    ],
)
def test_a_member(line: str, told: dict[str, Any]) -> None:
    assert member(line) == told


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f" * [{NUMBER}]", (NUMBER, NUMBER, True)),
        (f"   [{NUMBER}]a b  capacity: 1/5", (NUMBER, "a b", False)),
        (f" * [{NUMBER}]a  b  owner: This computer", (NUMBER, "a  b", True)),
        (" * [x]", ("x", "x", True)),
        (" * [a ] b]  capacity: 1/5", ("a ] b", "a ] b", True)),
        (" * [a [2] b]  capacity: 1/5", ("a [2] b", "a [2] b", True)),
        (" * [12-34]  subscription type: Free", ("12-34", "12-34", True)),
        (" * [x]  mood: good, capacity: 1/5", ("x", "x", True)),
        (" * [a]  b]", ("a]  b", "a]  b", True)),
    ],
)
def test_what_a_network_is_called(line: str, told: tuple[str, str, bool]) -> None:
    (found,) = networks_of(line)
    assert (found.id, found.name, found.online) == told


def test_lines_of_other_things_are_passed_over() -> None:
    news = "You are approaching your member limit and may soon have to upgrade your network."
    more = f"\n{news}\n\n  something new: 1\r\n"
    assert networks_of(news + "\n" + LIST + more) == networks_of(LIST)
    assert networks_of(LIST.replace("\n", "\r\n")) == networks_of(LIST)


@pytest.mark.parametrize("text", ["", "\n", "You are approaching your member limit.\n"])
def test_no_networks(text: str) -> None:
    assert networks_of(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "You are not logged in.",
        "[net]\n * 5.1.2.3 old",
        " * [unclosed",
        f"     * {NUMBER}   stray\nelse",
        f"     * {NUMBER}   stray",
        " * []",
        "\0\0",
    ],
)
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(Unreadable):
        networks_of(text)


@pytest.mark.parametrize(
    "line", [" * [unclosed", " * []", " * [x]  capacity: 1/5, owner: " + "x" * LINE_CHARS_MAX]
)
def test_members_of_a_network_that_cannot_be_read_are_of_no_other(line: str) -> None:
    assert members(f"     * {NUMBER}   one", line, f"     * {NUMBER}   two") == members(
        f"     * {NUMBER}   one"
    )


def test_a_fact_that_is_not_known_hides_no_other() -> None:
    (found,) = networks_of(" * [x]  mood: good, capacity: 1/5, owner: This computer")
    assert (found.used, found.capacity, found.own) == (1, 5, True)


def test_a_line_without_end_is_none() -> None:
    long = f"     * {NUMBER}   " + "x  " * LINE_CHARS_MAX
    assert members(long, f"     x {NUMBER}") == members(f"     x {NUMBER}")


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Joining 398-582-210 .. ok\n", Outcome(True, None)),
        ("Logging in .......... ok", Outcome(True, None)),
        ("Password: Joining 398-582-210 .. ok\n", Outcome(True, None)),
        ("Joining x .. ok, request sent\r\n", Outcome(True, "request sent")),
        ("Joining x .. failed, invalid password\n", Outcome(False, "invalid password")),
        ("Joining x .. failed\n", Outcome(False, None)),
        ("Joining .. ok, x .. failed, busy", Outcome(False, "busy")),
        ("Leaving x .. failed, you are an owner", Outcome(False, "you are an owner")),
        ("Joining x ..\n", None),
        ("Joining x .. okay", None),
        ("     * 090-111-222   .. ok", None),
        ("", None),
    ],
)
def test_how_an_action_ended(text: str, outcome: Outcome | None) -> None:
    assert outcome_of(text) == outcome


@pytest.mark.parametrize(
    ("text", "down", "refused"),
    [
        (DOWN, True, False),
        (NO_RIGHTS, False, True),
        (STATUS, False, False),
        (f"{LINE}\n     x {NUMBER}   Hamachi does not seem to be running", False, False),
        (f"{LINE}\n     x {NUMBER}   You do not have permission to control", False, False),
    ],
)
def test_what_it_says_of_its_daemon(text: str, down: bool, refused: bool) -> None:
    assert (is_down(text), is_refused(text)) == (down, refused)


WORDS = [
    " ",
    "  ",
    "\n",
    " * [",
    "]",
    NUMBER,
    "     * ",
    "25.1.2.3",
    "alias: ",
    "1::2",
    "direct",
    ": ",
]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=30).map("".join))
def test_whatever_is_printed_it_is_read_or_refused(text: str) -> None:
    for read in (networks_of, status_of):
        with suppress(Unreadable):
            read(text)
    outcome_of(text)


@pytest.mark.parametrize(
    "line",
    [
        " * [x" + " " * 1_900 + "y",
        f" * [{NUMBER}]" + " " * 1_900 + "y",
        f"     * {NUMBER}   " + "a  " * 600,
        f"     * {NUMBER}   n  " + ":" * 1_900,
        "a " * 10 + " " * 1_900 + "x",
        ".. " * 600 + "x",
    ],
)
def test_output_that_is_made_to_be_slow_is_read_in_time(line: str) -> None:
    text = "\n".join([LINE] + [line] * 500)
    began = process_time()
    networks_of(text)
    outcome_of(text)
    assert process_time() - began < 2
