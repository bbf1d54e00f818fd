"""Offers of browsers on their way to hosts, and the answers back; short-lived.

Fields of a row: ``_id``, the session; ``host``; ``token``, the grant as it was shown; ``offer``;
``address``; ``state``; ``answer`` or ``refusal``; ``at``. Whoever waits for the answer removes the
row, or else the database does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo import ASCENDING

from hub.store.client import Doc, Mongo, translated


@dataclass(frozen=True, slots=True)
class Left:
    """An offer that is left for a host; ``address`` is where it came from."""

    session: str
    host: str
    token: str
    sdp: str
    address: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an agent made of an offer: an answer, or why not."""

    answer: str | None
    refusal: str | None


class TerminalSessions:
    def __init__(self, mongo: Mongo) -> None:
        self._rows = mongo.db["terminal_sessions"]

    def add(self, left: Left) -> None:
        row = {
            "_id": left.session,
            "host": left.host,
            "token": left.token,
            "offer": left.sdp,
            "address": left.address,
            "state": "waiting",
            "at": datetime.now(UTC),
        }
        with translated():
            self._rows.insert_one(row)

    def take(self, host: str) -> Left | None:
        """The oldest offer for a host that nobody has taken; it is the caller's now."""
        change: Doc = {"$set": {"state": "taken"}}
        with translated():
            row = self._rows.find_one_and_update(
                {"host": host, "state": "waiting"}, change, sort=[("at", ASCENDING)]
            )
        if row is None:
            return None
        return Left(row["_id"], host, row["token"], row["offer"], row["address"])

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
