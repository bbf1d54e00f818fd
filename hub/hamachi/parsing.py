"""What the program ``hamachi`` prints, read. Pure; of its format since 2.0, in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

LINE_CHARS_MAX: Final = 2_000
MARK_CHARS: Final = 4
"""What is read of a longer line: whether the lines behind it are of another network."""
STATUS_LINE: Final = re.compile(r" {0,4}([a-z][a-z ]{0,20}?) *: *(.*)")
NETWORK_LINE: Final = re.compile(r" ([ *]) ?\[(.*)")
MEMBER_LINE: Final = re.compile(r" {5}([ *x?!]) ?(\d{3}-\d{3}-\d{3})(?: (.*))?", re.ASCII)
CLIENT_ID: Final = re.compile(r"\d{3}-\d{3}-\d{3}", re.ASCII)
IPV4: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)
IPV6: Final = re.compile(r"(?=[^:]*:[^:]*:)[0-9A-Fa-f:]{2,39}", re.ASCII)
ENDPOINT: Final = re.compile(r"[0-9A-Fa-f.:\[\]]+:\d{1,5}", re.ASCII)
CAPACITY: Final = re.compile(r"capacity: *(\d{1,9})/(\d{1,9})", re.ASCII)
SUBNET: Final = re.compile(r"\[(\d[\d.]+/\d{1,2})\]", re.ASCII)
SUBSCRIPTION: Final = re.compile(r"subscription type: *([^,]*)")
OWNER: Final = re.compile(r"owner: *(.*)")
OWNER_ID: Final = re.compile(r"\((\d{3}-\d{3}-\d{3})\)$", re.ASCII)
FACTS: Final = re.compile(r"(?<! ) +(?=capacity:|\[\d[\d.]+/\d|subscription type:|owner:)|$")
"""Where the name of a network ends."""
OUTCOME: Final = re.compile(r"(?! ).*\.\. +(ok|failed)(?:, *(.*))?")
WARNING: Final = "member limit"
"""In a line that the program puts before a list when it is nearly full."""
DOWN: Final = "Hamachi does not seem to be running"
NO_RIGHTS: Final = "You do not have permission to control"
PENDING_ACCOUNT: Final = " (pending)"
THIS_COMPUTER: Final = "This computer"

Peer = Literal["offline", "online", "unreachable", "pending", "error"]
PEERS: Final[dict[str, Peer]] = {
    " ": "offline",
    "*": "online",
    "x": "unreachable",
    "?": "pending",
    "!": "error",
}
CONNECTIONS: Final = ("direct", "via relay", "via server")
TRANSPORTS: Final = ("UDP", "TCP")


class Unreadable(ValueError):
    """What was printed is in no known form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The client on this machine; None for what is not told. ``status`` is in its own words:
    ``offline``, ``logging in``, ``logged in``."""

    version: str | None
    pid: int | None
    status: str
    client_id: str | None
    ipv4: str | None
    ipv6: str | None
    nickname: str | None
    account: str | None
    account_pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Another client in a network. ``note`` is what the program says beside the rest."""

    id: str
    nickname: str | None = None
    status: Peer
    ipv4: str | None = None
    ipv6: str | None = None
    alias: str | None = None
    connection: str | None = None
    transport: str | None = None
    endpoint: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network that was joined. ``id`` is what it is called by: a number if it is managed.

    ``members`` leaves this machine out; ``used`` and ``capacity`` count it.
    """

    id: str
    name: str
    online: bool
    used: int | None
    capacity: int | None
    subnet: str | None
    subscription: str | None
    owner: str | None
    owner_id: str | None
    own: bool
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended. ``reason`` is in the program's own words, None for none."""

    done: bool
    reason: str | None


def status_of(text: str) -> Status:
    """What ``hamachi`` without arguments prints.

    Raises:
        Unreadable: it does not say a status.
    """
    told: dict[str, str] = {}
    for line in _lines(text):
        if found := STATUS_LINE.fullmatch(line):
            told.setdefault(found[1], found[2].strip())
    if not told.get("status"):
        raise Unreadable("it does not say its status")
    addresses = told.get("address", "").split()
    account = _said(told.get("lmi account"))
    pending = account is not None and account.endswith(PENDING_ACCOUNT)
    pid = told.get("pid", "")
    return Status(
        version=_said(told.get("version")),
        pid=int(pid) if re.fullmatch("[0-9]{1,10}", pid) else None,
        status=told["status"],
        client_id=_said(told.get("client id")),
        ipv4=_first(IPV4, addresses),
        ipv6=_first(IPV6, addresses),
        nickname=_said(told.get("nickname")),
        account=account.removesuffix(PENDING_ACCOUNT) if account else None,
        account_pending=pending,
    )


def networks_of(text: str) -> list[Network]:
    """What ``hamachi list`` prints, in its order; lines that are neither network nor member are
    passed over.

    Raises:
        Unreadable: none of it is a network, and it is not just empty.
    """
    found: list[tuple[Network, list[Member]]] = []
    members: list[Member] = []
    known = True
    for line in _lines(text):
        known = known and WARNING in line
        if member := MEMBER_LINE.fullmatch(line):
            members.append(_member(PEERS[member[1]], member[2], member[3] or ""))
        elif network := NETWORK_LINE.fullmatch(line):
            members = []
            if made := _network(*network.groups()):
                found.append((made, members))
    if not found and not known:
        raise Unreadable("it is no list of networks")
    return [replace(network, members=tuple(members)) for network, members in found]


def outcome_of(text: str) -> Outcome | None:
    """How an action ended by what it printed; None where it does not say so."""
    found = [match for line in _lines(text) if (match := OUTCOME.fullmatch(line.rstrip()))]
    if not found:
        return None
    return Outcome(found[-1][1] == "ok", _said(found[-1][2]))


def is_down(text: str) -> bool:
    """Whether it says that its daemon does not run."""
    return any(line.startswith(DOWN) for line in _lines(text))


def is_refused(text: str) -> bool:
    """Whether it says that this user may not control the daemon."""
    return any(line.startswith(NO_RIGHTS) for line in _lines(text))


def _lines(text: str) -> Iterator[str]:
    """The lines that say something. Only line feeds end one: a nickname may hold the rest."""
    for line in text.split("\n"):
        if line.strip():
            yield line.rstrip("\r") if len(line) <= LINE_CHARS_MAX else line[:MARK_CHARS]


def _said(text: str | None) -> str | None:
    found = (text or "").strip()
    return found if found and found != "-" else None


def _first(form: re.Pattern[str], words: list[str]) -> str | None:
    return next((word for word in words if form.fullmatch(word)), None)


def _network(mark: str, rest: str) -> Network | None:
    """A network by its line behind the ``[``; None if it is none."""
    number, _, behind = rest.partition("]")
    if CLIENT_ID.fullmatch(number):
        name, facts = _split(behind)
        return _told(number, name or number, mark == "*", facts)
    name, facts = _split(rest)
    if not name.endswith("]"):
        name, end, more = name.partition("]  ")
        name, facts = name + end.strip(), more + facts
    if len(name) < 2 or not name.endswith("]"):
        return None
    return _told(name[:-1], name[:-1], mark == "*", facts)


def _split(text: str) -> tuple[str, str]:
    """A network's name, and what is told of it behind that."""
    end = FACTS.search(text)
    at = end.start() if end else len(text)
    return text[:at].rstrip(), text[at:]


def _told(number: str, name: str, online: bool, facts: str) -> Network:
    capacity, owner = CAPACITY.search(facts), OWNER.search(facts)
    subnet, kind = SUBNET.search(facts), SUBSCRIPTION.search(facts)
    who = _said(owner[1]) if owner else None
    theirs = OWNER_ID.search(who) if who else None
    return Network(
        id=number,
        name=name,
        online=online,
        used=int(capacity[1]) if capacity else None,
        capacity=int(capacity[2]) if capacity else None,
        subnet=subnet[1] if subnet else None,
        subscription=_said(kind[1]) if kind else None,
        owner=who[: theirs.start()].rstrip() if who and theirs else who,
        owner_id=theirs[1] if theirs else None,
        own=who == THIS_COMPUTER,
        members=(),
    )


def _member(status: Peer, number: str, rest: str) -> Member:
    """A member by what stands behind its id: columns that two spaces divide, some left out."""
    cells = [cell.strip(" ") for cell in re.split(" {2,}", rest) if cell.strip(" ")]
    at = _end_of_name(cells)
    name = "  ".join(cells[:at])
    facts: dict[str, str] = {}
    rest_of = cells[at:]
    if " " in name and not any(IPV4.fullmatch(cell) for cell in rest_of):
        name, rest_of = _parted(name, rest_of)
    notes = [cell for cell in rest_of if not _noted(cell, facts)]
    return Member(
        id=number,
        status=status,
        nickname=name or None,
        note="  ".join(notes) or None,
        **facts,
    )


def _end_of_name(cells: list[str]) -> int:
    """How many cells are a nickname: all before the address, also where one looks like it."""
    addresses = [at for at, cell in enumerate(cells) if IPV4.fullmatch(cell)]
    if addresses:
        return next((at for at in addresses if at), 0)
    known = (at for at, cell in enumerate(cells) if _noted(cell, {}))
    return next(known, len(cells))


def _parted(name: str, cells: list[str]) -> tuple[str, list[str]]:
    """A nickname as wide as its column has one space before the address."""
    before, _, last = name.rpartition(" ")
    return (before.rstrip(), [last, *cells]) if IPV4.fullmatch(last) else (name, cells)


def _noted(cell: str, facts: dict[str, str]) -> bool:
    """Whether a cell is one of those that are known, and the first of its kind; noted then."""
    kind = _kind(cell)
    if kind is None or kind in facts:
        return False
    value = cell.removeprefix("alias:").strip() if kind == "alias" else cell
    if value != "not set":
        facts[kind] = value
    return True


def _kind(cell: str) -> str | None:
    if cell.startswith("alias:"):
        return "alias"
    if cell in CONNECTIONS:
        return "connection"
    if cell in TRANSPORTS:
        return "transport"
    for kind, form in (("ipv4", IPV4), ("ipv6", IPV6), ("endpoint", ENDPOINT)):
        if form.fullmatch(cell):
            return kind
    return None
