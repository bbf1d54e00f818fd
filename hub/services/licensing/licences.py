"""Licences: what one says, how one is made, and how one stands at a moment."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.errors import BadLicense
from hub.services.licensing.signing import Kind, signed, taken_apart
from hub.values import Document

PRODUCT: Final = "hub"
KIND: Final[Kind] = "hub-license"
NAME_CHARS_MAX: Final = 200
SECONDS_MAX: Final = 253_402_300_799
"""The end of the year 9999."""

State = Literal["none", "valid", "expired", "not_yet", "other_instance", "untrusted"]
"""``untrusted``: one is installed that the issuer whom the hub trusts now did not sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """Good in ``[start, end)``, in whole seconds; ``end`` None is without end. Times are aware
    UTC."""

    id: str
    instance: str
    issued_to: str
    issued: datetime
    start: datetime
    end: datetime | None


def written(licence: Licence, key: Ed25519PrivateKey) -> str:
    """A licence as its issuer gives it away. Its claims are those of JSON Web Tokens."""
    claims: Document = {
        "aud": PRODUCT,
        "jti": licence.id,
        "sub": licence.instance,
        "issued_to": licence.issued_to,
        "iat": int(licence.issued.timestamp()),
        "nbf": int(licence.start.timestamp()),
    }
    if licence.end is not None:
        claims["exp"] = int(licence.end.timestamp())
    return signed(claims, key, KIND)


def read(text: str, issuer: Ed25519PublicKey) -> Licence:
    """What a licence says.

    Raises:
        BadLicense: ``form``, ``signature`` or ``product``, its ``reason`` says. It may still be
            for another instance, or for another time.
    """
    claims = taken_apart(text, KIND).verify(issuer)
    if claims.get("aud") != PRODUCT:
        raise BadLicense("the licence is for another product", reason="product")
    found = Licence(
        id=_uuid(claims, "jti"),
        instance=_uuid(claims, "sub"),
        issued_to=_name(claims.get("issued_to")),
        issued=_time(claims, "iat"),
        start=_time(claims, "nbf"),
        end=_time(claims, "exp") if "exp" in claims else None,
    )
    if found.end is not None and found.end <= found.start:
        raise _malformed("exp")
    return found


def is_name(text: str) -> bool:
    """Whether a licence can be issued to somebody of this name."""
    return 0 < len(text) <= NAME_CHARS_MAX and text.isprintable() and text.strip() == text


def state_of(licence: Licence, instance: str, now: datetime) -> State:
    """How a licence that is signed as it should be stands."""
    if licence.instance != instance:
        return "other_instance"
    if now < licence.start:
        return "not_yet"
    if licence.end is not None and now >= licence.end:
        return "expired"
    return "valid"


def _uuid(claims: Document, name: str) -> str:
    try:
        return str(uuid.UUID(claims.get(name)))
    except (ValueError, TypeError, AttributeError) as exc:
        raise _malformed(name) from exc


def _name(value: Any) -> str:
    if not isinstance(value, str) or not is_name(value):
        raise _malformed("issued_to")
    return value


def _time(claims: Document, name: str) -> datetime:
    value = claims.get(name)
    if type(value) is not int or not 0 <= value <= SECONDS_MAX:
        raise _malformed(name)
    return datetime.fromtimestamp(value, UTC)


def _malformed(name: str) -> BadLicense:
    return BadLicense(f"the licence says {name} in no way that is known", reason="form")
