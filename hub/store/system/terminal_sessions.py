"""Offers of browsers on their way to hosts, and the answers back; short-lived.

Fields of a row: ``_id``, the session; ``host``; ``token``, the grant as it was shown; ``offer``;
``state``; ``answer`` or ``refusal``; ``at``. Whoever waits for the answer removes the row, or else
the database does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo import ASCENDING

from hub.store.client import Doc, Mongo, translated


@dataclass(frozen=True, slots=True)
class Taken:
    """An offer that is one agent's now."""

    session: str
    token: str
    sdp: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an agent made of an offer: an answer, or why not."""

    answer: str | None
    refusal: str | None


class TerminalSessions:
    def __init__(self, mongo: Mongo) -> None:
        self._rows = mongo.db["terminal_sessions"]

    def add(self, session: str, host: str, token: str, sdp: str) -> None:
        row = {
            "_id": session,
            "host": host,
            "token": token,
            "offer": sdp,
            "state": "waiting",
            "at": datetime.now(UTC),
        }
        with translated():
            self._rows.insert_one(row)

    def take(self, host: str) -> Taken | None:
        """The oldest offer for a host that nobody has taken."""
        change: Doc = {"$set": {"state": "taken"}}
        with translated():
            row = self._rows.find_one_and_update(
                {"host": host, "state": "waiting"}, change, sort=[("at", ASCENDING)]
            )
        return Taken(row["_id"], row["token"], row["offer"]) if row else None

    def settle(
        self, session: str, *, answer: str | None = None, refusal: str | None = None
    ) -> bool:
        """Say what became of an offer that was taken; False if nobody waits for it any more."""
        change = {"state": "settled", "answer": answer, "refusal": refusal}
        with translated():
            done = self._rows.update_one({"_id": session, "state": "taken"}, {"$set": change})
        return bool(done.modified_count)

    def outcome(self, session: str) -> Outcome | None:
        """What became of an offer; None as long as nothing did."""
        with translated():
            row = self._rows.find_one({"_id": session, "state": "settled"})
        return Outcome(row["answer"], row["refusal"]) if row else None

    def remove(self, session: str) -> None:
        with translated():
            self._rows.delete_one({"_id": session})
