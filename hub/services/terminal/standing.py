"""Whether those who asked for grants for terminals could still do so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from hub.errors import NotFound
from hub.services import scopes
from hub.store.access.keys import Keys
from hub.store.access.users import Users
from hub.values import Key

PERSON: Final = "user:"
"""What the subject of a grant begins with that a user asked for; any other is a key's id."""


class Standing:
    def __init__(self, keys: Keys, users: Users) -> None:
        self._keys = keys
        self._users = users

    def holds(self, subject: str) -> bool:
        """Whether a key lives and has the scope, or a user is there and may log in."""
        try:
            if subject.startswith(PERSON):
                user = self._users.get(subject.removeprefix(PERSON))
                return user.staff or user.superuser
            return _lives(self._keys.get(subject), datetime.now(UTC))
        except NotFound:
            return False


def _lives(key: Key, now: datetime) -> bool:
    ends = [secret.expires for secret in key.secrets]
    shown = any(end is None or end > now for end in ends)
    good = key.revoked is None and (key.expires is None or key.expires > now)
    return good and shown and scopes.TERMINAL in scopes.expanded(key.scopes)
