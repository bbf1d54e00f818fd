"""What tells one machine from another, hashed: the same after every restart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SALT: Final = b"hub-machine-1:"
"""The hash is of use to this product alone; it says nothing to who knows the ids elsewhere."""
ROOT: Final = Path("/")
BYTES_MAX: Final = 256
NO_ID: Final = {"", "uninitialized", "not settable", "not specified"}


@dataclass(frozen=True, slots=True)
class Machine:
    """``fingerprint`` is SHA-256 in hexadecimal digits, ``source`` what it was made of; None
    where the machine tells nothing that lasts."""

    fingerprint: str | None
    source: str | None


def this_machine(root: Path = ROOT) -> Machine:
    """The machine of this process, by the first source that there is.

    One source, never a mixture: what else can be read may differ from one start to the next.
    """
    for source, read in SOURCES.items():
        if (found := read(root).lower()) not in NO_ID:
            digest = hashlib.sha256(SALT + f"{source}:{found}".encode()).hexdigest()
            return Machine(digest, source)
    return Machine(None, None)


def _machine_id(root: Path) -> str:
    return _text(root / "etc/machine-id") or _text(root / "var/lib/dbus/machine-id")


def _dmi(root: Path) -> str:
    return _text(root / "sys/class/dmi/id/product_uuid")


def _addresses(root: Path) -> str:
    """The hardware addresses of the network cards; those of virtual ones change."""
    cards = (root / "sys/class/net").glob("*/device")
    return ",".join(sorted(filter(None, (_text(card.parent / "address") for card in cards))))


def _text(path: Path) -> str:
    """What stands in a small file; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(BYTES_MAX).decode("ascii", "replace").strip()
    except OSError:
        return ""


SOURCES: Final[dict[str, Callable[[Path], str]]] = {
    "machine-id": _machine_id,
    "dmi": _dmi,
    "mac": _addresses,
}
"""In order; the first one is random, the last one can be guessed from its hash."""
