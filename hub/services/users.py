"""People who may log in."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from werkzeug.security import generate_password_hash

from hub.errors import Invalid
from hub.store.audit import Audit
from hub.store.users import Users as UserStore
from hub.values import User

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._@+-]{0,99}")
PASSWORD_CHARS = (10, 1000)


class Users:
    def __init__(self, store: UserStore, audit: Audit) -> None:
        self._store = store
        self._audit = audit

    def create(self, name: str, password: str, *, staff: bool, superuser: bool) -> User:
        """Make a user; the password is kept only as a salted slow hash (scrypt).

        Raises:
            Invalid: a malformed name, or a password that is too short.
            Conflict: the name is taken.
        """
        if not NAME.fullmatch(name):
            raise Invalid("a user name is 1 to 100 letters, digits and . _ @ + -", user=name)
        shortest, longest = PASSWORD_CHARS
        if not shortest <= len(password) <= longest:
            raise Invalid(f"a password has {shortest} to {longest} characters")
        user = User(name, staff, superuser, datetime.now(UTC))
        self._store.add(user, generate_password_hash(password))
        self._audit.note("user.create", user=name, staff=staff, superuser=superuser)
        return user

    def all(self) -> list[User]:
        """Every user, by name."""
        return self._store.all()
