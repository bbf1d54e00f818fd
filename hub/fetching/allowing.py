"""The operator's list of what may be fetched beside the public web."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_network

from hub.fetching.addresses import MACHINE, NEVER, Address, Network, is_outer, parsed, within

PORTS = frozenset({80, 443})
NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
ENTRY = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?")
NUMBERS = re.compile(r"[0-9./]+")
PORT_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Entry:
    """A host by its name, or a network; ``ports`` are those that may be asked."""

    host: str | None
    network: Network | None
    ports: frozenset[int]

    def names(self, host: str, port: int) -> bool:
        return self.host == host and port in self.ports

    def holds(self, address: Address, port: int) -> bool:
        """Whether it is of the network. A network that is wider than the machine's own
        addresses is not meant to hold those."""
        if self.network is None or port not in self.ports or address not in self.network:
            return False
        own = within(address, MACHINE)
        return own is None or _is_part(self.network, own)


@dataclass(frozen=True, slots=True)
class AllowList:
    entries: tuple[Entry, ...] = ()

    @classmethod
    def of(cls, text: str | None) -> AllowList:
        """Read ``host``, ``host:port``, ``10.1.0.0/16``, ``[fd00::/8]:8080``, by commas.

        Without a port, 80 and 443 are meant.

        Raises:
            ValueError: an entry is none of these.
        """
        parts = [part.strip() for part in (text or "").split(",")]
        return cls(tuple(_entry(part) for part in parts if part))

    def judge(self, host: str, port: int, addresses: list[str]) -> list[Address] | None:
        """The addresses of a host, if all of them may be asked; else None.

        Args:
            host: as the URL names it, in small letters, without a dot at its end.
        """
        named = any(entry.names(host, port) for entry in self.entries)
        judged = [parsed(text) for text in addresses]
        good = [each for each in judged if each and self._may(each, port, named=named)]
        return good if good and len(good) == len(judged) else None

    def _may(self, address: Address, port: int, *, named: bool) -> bool:
        if within(address, NEVER):
            return False
        if any(entry.holds(address, port) for entry in self.entries):
            return True
        if named:
            return within(address, MACHINE) is None
        return port in PORTS and is_outer(address)


def leads_inwards(before: Sequence[Address], after: Sequence[Address]) -> bool:
    """Whether a redirect leads from hosts of the outside world to one that is open only because
    it, or its network, is listed. The plant's hosts are not for the web to name."""
    return all(is_outer(each) for each in before) and not all(is_outer(each) for each in after)


def _is_part(network: Network, of: Network) -> bool:
    if isinstance(network, IPv6Network):
        return isinstance(of, IPv6Network) and network.subnet_of(of)
    return not isinstance(of, IPv6Network) and network.subnet_of(of)


def _entry(text: str) -> Entry:
    found = ENTRY.fullmatch(text.lower())
    port = int(found["port"]) if found and found["port"] else None
    if not found or (port is not None and not 0 < port <= PORT_MAX):
        raise ValueError(f"{text} is no host, address or network, with a port or without one")
    ports = PORTS if port is None else frozenset({port})
    if (host := found["host"]) and NAME.fullmatch(host) and not NUMBERS.fullmatch(host):
        return Entry(host, None, ports)
    try:
        return Entry(None, ip_network(found["six"] or found["host"]), ports)
    except ValueError as exc:
        raise ValueError(f"{text}: {exc}") from exc
