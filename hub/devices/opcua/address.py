"""Node ids as they are written, and the options of a server: pure."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from uuid import UUID

from hub.devices import options
from hub.devices.opcua import pem
from hub.devices.options import completed, refuse
from hub.errors import BadAddress
from hub.values import Document

POLICIES = ("none", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
PEM_CHARS_MAX = 20_000
SAMPLING_S = (0.05, 86_400.0)
"""How often a server may be asked to look at a value that it tells of by itself."""

OPTIONS: options.Options = {
    "path": options.text(500, default="/"),
    "policy": options.one_of(*POLICIES, default="none"),
    "mode": options.one_of("Sign", "SignAndEncrypt", default="SignAndEncrypt"),
    "user": options.text(200, default=None),
    "password": options.text(1000, default=None, secret=True),
    "certificate": options.text(PEM_CHARS_MAX, default=None),
    "private_key": options.text(PEM_CHARS_MAX, default=None, secret=True),
    "server_certificate": options.text(PEM_CHARS_MAX, default=None),
    "subscribe": options.flag(default=False),
    "sampling_interval": options.number(*SAMPLING_S, default=None),
}

FORM = re.compile(r"(?:ns=([0-9]{1,5});|nsu=([^;]{1,400});)?([isgb])=(.+)", re.ASCII | re.DOTALL)
NAMESPACES = 1 << 16
NUMBERS = 1 << 32


@dataclass(frozen=True, slots=True)
class NodeName:
    """A node's id, its namespace by index or by URI."""

    id: int | str | UUID | bytes
    namespace: int = 0
    uri: str | None = None


def parsed(address: str) -> NodeName:
    """Raises BadAddress: it is not in the grammar."""
    match = FORM.fullmatch(address)
    if match is None:
        raise BadAddress("a node id is as ns=2;i=2048 or ns=2;s=Name", address=address)
    index, uri, kind, text = match.groups()
    namespace = int(index or 0)
    if namespace >= NAMESPACES:
        raise BadAddress("a namespace is 0 to 65535", address=address)
    try:
        return NodeName(_id(kind, text), namespace, uri)
    except (ValueError, binascii.Error) as exc:
        raise BadAddress("the id does not fit its kind", address=address) from exc


def checked(given: Document) -> Document:
    """The options of a server, all of them.

    Raises:
        BadField: one is wrong, cannot be read, or lacks others that it needs.
    """
    chosen = completed(OPTIONS, given)
    wrong = {f"options.{name}": said for name, said in pem.faults(chosen).items()}
    if chosen["policy"] != "none":
        for name in ("certificate", "private_key"):
            if not chosen[name]:
                wrong[f"options.{name}"] = "A security policy needs it."
    if chosen["password"] is not None and not chosen["user"]:
        wrong["options.user"] = "A password needs it."
    refuse(wrong)
    return chosen


def _id(kind: str, text: str) -> int | str | UUID | bytes:
    match kind:
        case "i":
            if not (text.isascii() and text.isdecimal()) or int(text) >= NUMBERS:
                raise ValueError("no such number")
            return int(text)
        case "g":
            return UUID(text)
        case "b":
            return base64.b64decode(text, validate=True)
        case _:
            return text
