"""Sessions, found by the digest of their cookie; MongoDB removes those that expired."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bson import Binary

from hub.store.client import Mongo, translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login. Times are aware UTC; it is over at ``expires``, which is never after ``ends``.

    ``era`` names the password it was opened with.
    """

    digest: bytes = field(repr=False)
    user: str
    era: str
    created: datetime
    ends: datetime
    expires: datetime


class Sessions:
    def __init__(self, mongo: Mongo) -> None:
        self._sessions = mongo.db["sessions"]

    def add(self, session: Session) -> None:
        row = {
            "_id": Binary(session.digest),
            "user": session.user,
            "era": session.era,
            "created": session.created,
            "ends": session.ends,
            "expires": session.expires,
        }
        with translated():
            self._sessions.insert_one(row)

    def by_digest(self, digest: bytes) -> Session | None:
        """The session of this digest, whatever its state."""
        with translated():
            row = self._sessions.find_one({"_id": Binary(digest)})
        return _session(row) if row else None

    def prolong(self, digest: bytes, expires: datetime) -> None:
        """Let a session expire later; one that is gone stays so."""
        with translated():
            self._sessions.update_one({"_id": Binary(digest)}, {"$max": {"expires": expires}})

    def remove(self, digest: bytes) -> None:
        with translated():
            self._sessions.delete_one({"_id": Binary(digest)})

    def remove_all_of(self, user: str) -> None:
        with translated():
            self._sessions.delete_many({"user": user})


def _session(row: dict[str, Any]) -> Session:
    return Session(
        digest=bytes(row["_id"]),
        user=row["user"],
        era=row["era"],
        created=row["created"],
        ends=row["ends"],
        expires=row["expires"],
    )
