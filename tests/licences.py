"""Licences for tests: an issuer's key, and texts signed with it, also such as are none."""

from __future__ import annotations

import json
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.services.licensing.licences import Licence
from hub.services.licensing.signing import public_text

ISSUER = Ed25519PrivateKey.from_private_bytes(b"i" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
ISSUER_TEXT = public_text(ISSUER.public_key())
INSTANCE = "6b0a3c1e-6f43-4d6c-9b54-2f1d8f6f0a11"
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HEADER = {"alg": "EdDSA", "typ": "hub-license"}
CLAIMS = {
    "aud": "hub",
    "jti": "0c5cf3a0-9a1a-4a2b-8d1e-3f3b6d2b7c10",
    "sub": INSTANCE,
    "issued_to": "Springwater works",
    "iat": 1_893_499_200,
    "nbf": 1_893_499_200,
    "exp": 1_893_585_600,
}


def licence(**changes: Any) -> Licence:
    """A licence that is good for a day from ``NOW`` on."""
    fields = {
        "id": str(uuid.uuid4()),
        "instance": INSTANCE,
        "issued_to": "Springwater works",
        "issued": NOW,
        "start": NOW,
        "end": NOW + timedelta(days=1),
    }
    return Licence(**(fields | changes))


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(header: object, payload: object, key: Ed25519PrivateKey = ISSUER) -> str:
    """A text that is truly signed, whatever is in it; bytes are taken as they are."""
    parts = [
        encoded(part if isinstance(part, bytes) else json.dumps(part).encode())
        for part in (header, payload)
    ]
    content = ".".join(parts)
    return f"{content}.{encoded(key.sign(content.encode()))}"
