"""People who may log in: made, given another password, removed."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

from hub.errors import Invalid
from hub.services.people.passwords import Passwords
from hub.store.access.audit import Audit
from hub.store.access.sessions import Sessions as SessionStore
from hub.store.access.users import Credentials
from hub.store.access.users import Users as UserStore
from hub.values import User

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._@+-]{0,99}")


class Users:
    def __init__(
        self, store: UserStore, sessions: SessionStore, passwords: Passwords, audit: Audit
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._audit = audit

    def create(self, name: str, password: str, *, staff: bool, superuser: bool) -> User:
        """Make a user; the password is kept only as a salted slow hash.

        Raises:
            Invalid: a malformed name, or a password that is too short.
            Conflict: the name is taken.
        """
        if not NAME.fullmatch(name):
            raise Invalid("a user name is 1 to 100 letters, digits and . _ @ + -", user=name)
        user = User(name, staff, superuser, datetime.now(UTC))
        self._store.add(Credentials(user, self._passwords.hashed(password), _era()))
        self._audit.note("user.create", user=name, staff=staff, superuser=superuser)
        return user

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password; every session of theirs ends at once.

        Raises:
            NotFound: no such user.
            Invalid: the password is too short.
        """
        self._store.set_password(name, self._passwords.hashed(password), _era())
        self._sessions.remove_all_of(name)
        self._audit.note("user.passwd", user=name)

    def delete(self, name: str) -> None:
        """Remove a user; every session of theirs ends at once. Raises NotFound."""
        self._store.remove(name)
        self._sessions.remove_all_of(name)
        self._audit.note("user.delete", user=name)

    def get(self, name: str) -> User:
        """One user. Raises NotFound."""
        return self._store.get(name)

    def all(self) -> list[User]:
        """Every user, by name."""
        return self._store.all()


def _era() -> str:
    """What sessions are bound to: each password of each user has another."""
    return secrets.token_hex(16)
