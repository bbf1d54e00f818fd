"""Which addresses are of the outside world, and which are of a network nobody may look into.

``ipaddress`` alone does not tell: to it, multicast, the relays of IPv6 over IPv4, site-local
addresses and some metadata services of clouds are global.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


NEVER = networks("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8")
"""The unspecified address, multicast, what is reserved, broadcast."""
MACHINE = networks(
    "127.0.0.0/8",
    "::1/128",
    "169.254.0.0/16",
    "fe80::/10",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "fd00:ec2::/32",
    "fd20:ce::/32",
    "::/96",
    "::ffff:0:0:0/96",
    "64:ff9b:1::/48",
    "2001::/32",
    "2002::/16",
)
"""The machine itself, its link, where clouds tell a machine its secrets, and what gateways and
tunnels may take for any IPv4 address at all."""
INNER = networks(
    "10.0.0.0/8",
    "25.0.0.0/8",
    "100.64.0.0/10",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
)
"""Private networks, those of carriers and of Hamachi, benchmarks, examples, relays."""
OUTER_IPV6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
ISATAP = (0x0000_5EFE, 0x0200_5EFE)


def parsed(text: str) -> Address | None:
    """The address that is reached by one; None for none, and for one of a certain interface.

    An IPv4 address in an IPv6 one is taken out: where the machine maps it, and where a gateway
    translates it.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in NAT64 else address


def within(address: Address, among: tuple[Network, ...]) -> Network | None:
    """The network that holds an address, if one does."""
    return next((each for each in among if address in each), None)


def is_outer(address: Address) -> bool:
    """Whether an address is one of the outside world."""
    if any(within(address, among) for among in (NEVER, MACHINE, INNER)):
        return False
    if isinstance(address, IPv6Address):
        return address in OUTER_IPV6 and address.is_global and not _is_tunnel_inwards(address)
    return address.is_global


def _is_tunnel_inwards(address: IPv6Address) -> bool:
    """Whether it names an inner IPv4 address for a machine of its network to pass on to."""
    if int(address) >> 32 & 0xFFFF_FFFF not in ISATAP:
        return False
    return not is_outer(IPv4Address(int(address) & 0xFFFF_FFFF))
