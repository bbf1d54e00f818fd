"""Requests for a licence: what an instance tells of itself, signed with its own key."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub import VERSION
from hub.errors import BadLicense
from hub.services.licensing.licences import PRODUCT
from hub.services.licensing.machine import Machine
from hub.services.licensing.signing import KEY_BYTES, Kind, public_key, public_text, taken_apart
from hub.services.licensing.signing import signed as signed_text
from hub.values import Document

KIND: Final[Kind] = "hub-activation"


@dataclass(frozen=True, slots=True)
class Instance:
    """A hub, however many processes and machines it is made of: those of one database."""

    id: str
    key: Ed25519PrivateKey

    @classmethod
    def of(cls, instance_id: str, secret: bytes) -> Instance:
        """An instance's key follows from its id and the hub's secret, and is kept nowhere."""
        seed = hashlib.blake2b(instance_id.encode(), key=secret, digest_size=KEY_BYTES).digest()
        return cls(instance_id, Ed25519PrivateKey.from_private_bytes(seed))


def asked(instance: Instance, machine: Machine, now: datetime) -> Document:
    """A request: what is told, and (``request``) the same, signed."""
    told: Document = {
        "product": PRODUCT,
        "version": VERSION,
        "instance": instance.id,
        "machine": asdict(machine),
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "public_key": public_text(instance.key.public_key()),
    }
    return told | {"request": signed_text(told, instance.key, KIND)}


def instance_of(request: str) -> str:
    """The id of the instance that a signed request comes from.

    Raises:
        BadLicense: ``form``, ``signature`` or ``product``, its ``reason`` says.
    """
    parts = taken_apart(request, KIND)
    try:
        key = public_key(parts.payload["public_key"])
        found = str(uuid.UUID(parts.payload["instance"]))
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        raise BadLicense("it is no request of a hub", reason="form") from exc
    if parts.verify(key).get("product") != PRODUCT:
        raise BadLicense("the request is for another product", reason="product")
    return found
