"""Signed texts: JSON Web Signatures (RFC 7515, compact) of one algorithm, Ed25519.

What a text says of its own algorithm or key chooses nothing: its header must be ours, to the letter
of its two members, and the key is the reader's.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.errors import BadLicense
from hub.values import Document

Kind = Literal["hub-activation", "hub-license"]
TEXT_CHARS_MAX: Final = 8_192
KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed text, taken apart; nothing in it is to be believed before ``verify``."""

    payload: Document
    content: bytes
    signature: bytes

    def verify(self, key: Ed25519PublicKey) -> Document:
        """What it says. Raises BadLicense: it was not signed with this key, or altered."""
        try:
            key.verify(self.signature, self.content)
        except InvalidSignature as exc:
            raise BadLicense("the signature is not that of the key", reason="signature") from exc
        return self.payload


def signed(payload: Document, key: Ed25519PrivateKey, kind: Kind) -> str:
    """A signed text of a kind."""
    content = f"{_encoded(_json(_header(kind)))}.{_encoded(_json(payload))}"
    return f"{content}.{_encoded(key.sign(content.encode()))}"


def taken_apart(text: str, kind: Kind) -> Signed:
    """Raises BadLicense: it is no signed text of this kind."""
    parts = text.split(".") if len(text) <= TEXT_CHARS_MAX else []
    if len(parts) != 3:
        raise _malformed("it is no signed text")
    header, payload, signature = (_decoded(part) for part in parts)
    if _object(header) != _header(kind):
        raise _malformed(f"its header is not that of {kind}, signed with Ed25519")
    content = text.rpartition(".")[0].encode()
    return Signed(_object(payload), content, signature)


def public_text(key: Ed25519PublicKey) -> str:
    """A public key as it is told and set: 43 characters of base64url."""
    return _encoded(key.public_bytes_raw())


def public_key(text: str) -> Ed25519PublicKey:
    """The key of a text. Raises ValueError."""
    try:
        content = _decoded(text)
    except BadLicense as exc:
        raise ValueError(exc.message) from exc
    if len(content) != KEY_BYTES:
        raise ValueError(f"a public key has {KEY_BYTES} bytes")
    return Ed25519PublicKey.from_public_bytes(content)


def _header(kind: Kind) -> Document:
    return {"alg": "EdDSA", "typ": kind}


def _json(value: Document) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _object(content: bytes) -> Document:
    try:
        value = json.loads(content.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise _malformed("a part of it is not JSON") from exc
    if not isinstance(value, dict):
        raise _malformed("a part of it is no JSON object")
    return value


def _once(members: list[tuple[str, Any]]) -> Document:
    """An object; one name twice could be read in two ways."""
    value = dict(members)
    if len(value) != len(members):
        raise ValueError("a name stands twice in an object")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """The bytes of a text that is written in the one way that there is to write them."""
    try:
        content = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as exc:
        raise _malformed("a part of it is not base64url") from exc
    if _encoded(content) != text:
        raise _malformed("a part of it is not base64url")
    return content


def _malformed(sentence: str) -> BadLicense:
    return BadLicense(sentence, reason="form")
