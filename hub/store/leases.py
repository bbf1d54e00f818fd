"""Leases: work that must not run twice, held by one process at a time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pymongo import ReturnDocument, UpdateOne, timeout
from pymongo.errors import BulkWriteError, DuplicateKeyError

from hub.store.client import DUPLICATE, Doc, Mongo, translated

LIMIT_S = 4.0
"""How long a request about many leases waits for the database: less than a lease lasts."""
AGREE = timedelta(minutes=1)
"""Clocks do not differ by more. What was told later than that from now on was told by a clock that
has been set back since, and would seem to last as long again as that was."""


class Grant(NamedTuple):
    """``taken`` is by the clock of who took it."""

    token: int
    taken: datetime | None


class Leases:
    """Every grant of a name carries a fencing token greater than the one before.

    Times are the database clients' own (aware UTC); a lease outlives clock differences that
    are small against its length. Nobody waits for a lease that was told in the future.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._leases = mongo.db["leases"]

    def take(self, name: str, holder: str, length: timedelta) -> int | None:
        """Take or renew a lease; its fencing token, or None while another one holds it."""
        free, change = _taking(name, holder, length)
        with translated():
            try:
                row = self._leases.find_one_and_update(
                    free, change, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                return None
        return int(row["token"]) if row else None

    def give_back(self, name: str, holder: str) -> None:
        with translated():
            self._leases.update_one(
                {"_id": name, "holder": holder}, {"$set": {"until": datetime.now(UTC)}}
            )

    def take_some(self, names: Collection[str], holder: str, length: timedelta) -> dict[str, int]:
        """Take those of many leases that are free, in one request: those taken, their tokens."""
        if not names:
            return {}
        writes = [UpdateOne(*_taking(name, holder, length), upsert=True) for name in names]
        with timeout(LIMIT_S), translated():
            try:
                self._leases.bulk_write(writes, ordered=False)
            except BulkWriteError as exc:
                if any(error["code"] != DUPLICATE for error in exc.details["writeErrors"]):
                    raise
            return {name: token for name, (token, _) in self._of(names, holder).items()}

    def renew(self, names: Collection[str], holder: str, length: timedelta) -> set[str]:
        """Let many leases last, in one request; those that are the holder's still.

        One that is over is renewed as long as nobody else took it. The tokens stay.
        """
        if not names:
            return set()
        own = {"_id": {"$in": list(names)}, "holder": holder}
        now = datetime.now(UTC)
        with timeout(LIMIT_S), translated():
            done = self._leases.update_many(own, {"$set": {"until": now + length, "told": now}})
            return set(names) if done.matched_count == len(names) else {*self._of(names, holder)}

    def free(self, names: Collection[str], holder: str) -> set[str]:
        """Those of some names that a holder may take: nobody else holds them now."""
        held = {"_id": {"$in": list(names)}, "holder": {"$ne": holder}} | lasting()
        with timeout(LIMIT_S), translated():
            return set(names) - {row["_id"] for row in self._leases.find(held, {"_id": 1})}

    def grants(self, names: Collection[str]) -> dict[str, Grant]:
        """The last grants of those leases that there are."""
        with timeout(LIMIT_S), translated():
            return self._of(names)

    def give_some_back(self, names: Collection[str], holder: str) -> None:
        """Let others have many leases at once."""
        own = {"_id": {"$in": list(names)}, "holder": holder}
        with timeout(LIMIT_S), translated():
            self._leases.update_many(own, {"$set": {"until": datetime.now(UTC)}})

    def _of(self, names: Collection[str], holder: str | None = None) -> dict[str, Grant]:
        wanted: Doc = {"_id": {"$in": list(names)}}
        if holder is not None:
            wanted["holder"] = holder
        rows = self._leases.find(wanted, {"token": 1, "taken": 1})
        return {row["_id"]: Grant(int(row["token"]), row.get("taken")) for row in rows}


def lasting() -> Doc:
    """What holds for a row that counts now, by its ``until`` and when that was ``told``."""
    now = datetime.now(UTC)
    return {"until": {"$gt": now}, "told": {"$not": {"$gt": now + AGREE}}}


def _taking(name: str, holder: str, length: timedelta) -> tuple[Doc, Doc]:
    """Which lease may be taken, and what it is then."""
    now = datetime.now(UTC)
    over = [{"until": {"$lte": now}}, {"told": {"$gt": now + AGREE}}]
    free = {"_id": name, "$or": [{"holder": holder}, *over]}
    change = {"$set": {"holder": holder, "until": now + length, "taken": now, "told": now}}
    return free, change | {"$inc": {"token": 1}}
