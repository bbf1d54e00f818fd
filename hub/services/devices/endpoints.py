"""Where a device is reached. Whoever holds the lease of that place may talk to what is there."""

from __future__ import annotations

from ipaddress import ip_address

from hub.errors import Conflict
from hub.values import Device

LEASE = "device/"


def endpoint(device: Device) -> str:
    """A device's host and port, in lower case, as ``plc:5007`` or ``[fd00::1]:502``.

    Devices of the same endpoint share what may be one connection only. Two names of one machine
    are two endpoints: nothing is resolved here.

    Raises:
        Conflict: a device of this kind is not reached over the network.
    """
    if device.host is None or device.port is None:
        raise Conflict(f"a device of kind {device.kind} is not read or written", kind=device.kind)
    return f"{_host(device.host)}:{device.port}"


def lease_of(place: str) -> str:
    """The name of an endpoint's lease."""
    return LEASE + place


def _host(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host.lower()
    return f"[{address}]" if address.version == 6 else str(address)
