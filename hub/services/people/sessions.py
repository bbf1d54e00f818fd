"""Sessions: opened by a name and a password, shown again as a cookie, ended in many ways.

A secret is 256 random bits, as a key's is (docs/decisions/003-keys.md); the store holds only its
keyed digest. The CSRF token is another digest of the secret, so it needs no place of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub.errors import Forbidden, Unauthorized
from hub.services import scopes
from hub.services.people.passwords import Passwords, is_outdated
from hub.services.people.throttle import Throttle
from hub.services.people.users import NAME
from hub.store.access.audit import Audit
from hub.store.access.sessions import Session
from hub.store.access.sessions import Sessions as SessionStore
from hub.store.access.users import Credentials
from hub.store.access.users import Users as UserStore
from hub.values import EVERYTHING, Principal, User

SECRET_CHARS_MAX = 256
PROLONG_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTimes:
    """A session ends so long after its last request, and so long after it began at the latest."""

    idle_minutes: float = 60.0
    hours: float = 12.0


@dataclass(frozen=True, slots=True)
class Visit:
    """A live session: whose, until when (aware UTC), and the token of its unsafe requests."""

    user: User
    ends: datetime
    csrf: str = field(repr=False)
    digest: bytes = field(repr=False)

    @property
    def principal(self) -> Principal:
        """Staff and superusers may do everything."""
        name = f"user:{self.user.name}"
        return Principal(name, frozenset(scopes.SCOPES), EVERYTHING, self.ends)

    def is_token(self, shown: str) -> bool:
        """Whether this is the session's CSRF token; how long it takes tells nothing."""
        return hmac.compare_digest(self.csrf.encode(), shown.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Login:
    """What somebody shows to be let in, and the address it comes from."""

    name: str
    password: str = field(repr=False)
    address: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with the secret that was just made for it; the secret is not kept anywhere."""

    visit: Visit
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a login is checked by."""

    users: UserStore
    passwords: Passwords
    throttle: Throttle


class Sessions:
    """Args: ``pepper`` keys the digests; it must be the same in every process of the hub."""

    def __init__(
        self, store: SessionStore, gate: Gate, audit: Audit, pepper: bytes, times: SessionTimes
    ) -> None:
        self._store = store
        self._gate = gate
        self._audit = audit
        self._pepper = hashlib.blake2b(pepper, person=b"hub-sessions").digest()
        self._idle = timedelta(minutes=times.idle_minutes)
        self._length = timedelta(hours=times.hours)

    def open(self, login: Login, *, instead_of: Visit | None = None) -> Opened:
        """Let somebody in, and end the session that is replaced.

        Raises:
            Unauthorized: no such name, or not its password; which of them is not told.
            Forbidden: the password is right, and the user is neither staff nor a superuser.
            TooMany: too many logins of this name or address failed, or are being checked.
        """
        known = self._checked(login)
        if not _may_enter(known.user):
            raise Forbidden("only staff and superusers may log in", user=known.user.name)
        now = datetime.now(UTC)
        ends = now + self._length
        secret = secrets.token_urlsafe(32)
        session = Session(
            digest=self._digest(secret, b"cookie"),
            user=known.user.name,
            era=known.era,
            created=now,
            ends=ends,
            expires=min(now + self._idle, ends),
        )
        self._store.add(session)
        self._audit.note("session.open", user=known.user.name, address=login.address)
        if instead_of:
            self.close(instead_of)
        return Opened(self._visit(secret, session, known.user), secret)

    def verify(self, secret: str) -> Visit | None:
        """Whose session this secret opens; None where it ended, or its user may no longer enter."""
        if len(secret) > SECRET_CHARS_MAX:
            return None
        session, now = self._store.by_digest(self._digest(secret, b"cookie")), datetime.now(UTC)
        if session is None or session.expires <= now:
            return None
        known = self._gate.users.credentials(session.user)
        if known is None or known.era != session.era or not _may_enter(known.user):
            return None
        expires = min(now + self._idle, session.ends)
        if expires - session.expires > PROLONG_EVERY:
            self._store.prolong(session.digest, expires)
        return self._visit(secret, session, known.user)

    def close(self, visit: Visit) -> None:
        """End a session for good, in every process at once."""
        self._store.remove(visit.digest)
        self._audit.note("session.close", user=visit.user.name)

    def _checked(self, login: Login) -> Credentials:
        gate = self._gate
        gate.throttle.take(login.name, login.address)
        known = gate.users.credentials(login.name) if NAME.fullmatch(login.name) else None
        right = gate.passwords.is_right(login.password, known.password_hash if known else None)
        if known is None or not right:
            raise Unauthorized("the name or the password is wrong")
        gate.throttle.give_back(login.name, login.address)
        if is_outdated(known.password_hash):
            gate.users.rehash(known, gate.passwords.hashed(login.password))
        return known

    def _visit(self, secret: str, session: Session, user: User) -> Visit:
        return Visit(user, session.ends, self._digest(secret, b"csrf").hex(), session.digest)

    def _digest(self, secret: str, purpose: bytes) -> bytes:
        shown = secret.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(shown, key=self._pepper, person=purpose, digest_size=32).digest()


def _may_enter(user: User) -> bool:
    return user.staff or user.superuser
