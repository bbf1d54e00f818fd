"""Grants for terminals that were issued: each is spent once, and begins one session.

Fields of a row: ``expires``; ``session``, for which it was spent, None before that; ``begun``,
whether its host has begun that session. The database removes rows an hour after they expired.
"""

from __future__ import annotations

from datetime import datetime

from hub.store.client import Mongo, translated


class TerminalGrants:
    def __init__(self, mongo: Mongo) -> None:
        self._rows = mongo.db["terminal_grants"]

    def add(self, grant: str, expires: datetime) -> None:
        row = {"_id": grant, "expires": expires, "session": None, "begun": False}
        with translated():
            self._rows.insert_one(row)

    def spend(self, grant: str, session: str) -> bool:
        """Spend a grant for a session; False if it was spent, or is not there."""
        unspent = {"_id": grant, "session": None}
        with translated():
            done = self._rows.update_one(unspent, {"$set": {"session": session}})
        return bool(done.modified_count)

    def begin(self, grant: str, session: str) -> bool:
        """Begin the session that a grant was spent for; False if it was not, or is begun."""
        spent = {"_id": grant, "session": session, "begun": False}
        with translated():
            done = self._rows.update_one(spent, {"$set": {"begun": True}})
        return bool(done.modified_count)
