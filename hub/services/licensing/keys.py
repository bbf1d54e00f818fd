"""An issuer's private key as it stands in a file: PKCS #8 in PEM, without a password."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hub.services.licensing.signing import public_text


def written(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read(content: bytes) -> Ed25519PrivateKey:
    """Raises ValueError: it is no such key."""
    try:
        key = load_pem_private_key(content, None)
    except (TypeError, UnsupportedAlgorithm) as exc:
        raise ValueError("it cannot be read") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("it is a key of another kind")
    return key


def public(key: Ed25519PrivateKey) -> str:
    """The text of its public key."""
    return public_text(key.public_key())
