"""Grants as they are signed and read: JWTs (HS256) that only this hub makes and takes."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from hub.errors import GrantExpired, Unauthorized

AUDIENCE: Final = "webrtc-terminal"
ALGORITHM: Final = "HS256"
LEEWAY_S: Final = 5
"""How far the clocks of the hub and of a host may be apart."""
TOKEN_CHARS_MAX: Final = 16_384
CALLED: Final = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
"""What terminals, hosts and presets are called by; to be matched in full."""
PRESETS_MAX: Final = 50
TIMED: Final = ("exp", "iat", "nbf")
CLAIMS: Final = ("aud", *TIMED, "iss", "jti", "sub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a grant is asked for: a shell too if ``interactive``, and which presets."""

    terminal_id: str
    host_id: str
    interactive: bool
    allowed_presets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A grant for one session. ``id`` is its own, ``subject`` the key or the user that asked.

    ``expires`` is aware UTC, in whole seconds: until then a session may be begun.
    """

    id: str
    subject: str
    wish: Wish
    expires: datetime


@dataclass(frozen=True, slots=True)
class Signing:
    """Makes and reads tokens.

    Args:
        secret: 32 bytes or more, of no other use.
        issuer: gives the name of this hub.
        lifetime_s: of a grant.
    """

    secret: bytes = field(repr=False)
    issuer: Callable[[], str]
    lifetime_s: float

    @property
    def key_id(self) -> str:
        """What a token says of the key that signed it."""
        return hashlib.blake2b(self.secret, person=b"hub-terminal-kid", digest_size=8).hexdigest()

    def made(self, wish: Wish, subject: str, now: datetime) -> tuple[Grant, str]:
        """A new grant from ``now`` (aware UTC) on, and its token."""
        now = now.replace(microsecond=0)
        expires = now + timedelta(seconds=max(1, round(self.lifetime_s)))
        grant = Grant(id=str(uuid.uuid4()), subject=subject, wish=wish, expires=expires)
        claims = {
            "iss": self.issuer(),
            "aud": AUDIENCE,
            "sub": subject,
            "jti": grant.id,
            "iat": now,
            "nbf": now,
            "exp": expires,
            "terminal_id": wish.terminal_id,
            "host_id": wish.host_id,
            "interactive": wish.interactive,
            "allowed_presets": list(wish.allowed_presets),
        }
        return grant, jwt.encode(claims, self.secret, ALGORITHM, headers={"kid": self.key_id})

    def read(self, token: str) -> Grant:
        """The grant that a token stands for; whether it was used, others know.

        Raises:
            Unauthorized: this hub did not sign it, or not for a terminal.
            GrantExpired: its time is over.
        """
        try:
            if jwt.get_unverified_header(token).get("kid") != self.key_id:
                raise Unauthorized("this is no grant of this hub for a terminal")
            claims = jwt.decode(
                token,
                self.secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self.issuer(),
                leeway=LEEWAY_S,
                options={"require": list(CLAIMS)},
            )
        except jwt.ExpiredSignatureError as exc:
            raise GrantExpired("the grant's time is over") from exc
        except (jwt.PyJWTError, ValueError) as exc:
            raise Unauthorized("this is no grant of this hub for a terminal") from exc
        return _grant(claims)


def _grant(claims: dict[str, Any]) -> Grant:
    """The grant of claims that this hub has signed."""
    return Grant(
        id=claims["jti"],
        subject=claims["sub"],
        wish=Wish(
            terminal_id=claims["terminal_id"],
            host_id=claims["host_id"],
            interactive=claims["interactive"],
            allowed_presets=tuple(claims["allowed_presets"]),
        ),
        expires=datetime.fromtimestamp(claims["exp"], UTC),
    )
