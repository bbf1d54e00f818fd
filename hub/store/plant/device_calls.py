"""Calls of devices that wait for who holds them: written by one process, carried out by another.

Fields of a row: ``device``; ``holder``, whose call it is to carry out, None once it was given
back; ``op`` and ``asked``, what is asked; ``until``, after which it is never begun; ``state``;
``outcome``, as text; ``at``. Times are the database's own. A row is taken once, and only then
carried out; whoever asked removes it as long as nobody has taken it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.write_concern import WriteConcern

from hub.errors import Unavailable
from hub.store.client import Doc, Mongo, translated
from hub.store.leases import lasting

Id: TypeAlias = ObjectId
State = Literal["waiting", "taken", "done"]

AGREED = WriteConcern(w="majority", wtimeout=10_000)
"""A call that was taken, or removed, stays so whatever becomes of the database's primary."""
UNASKED = WriteConcern(w=0)
ON_TIME: Doc = {"$expr": {"$gt": ["$until", "$$NOW"]}}
ARRIVALS_MS = 250
"""How long a look for arrivals lasts where there are none."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that somebody is to carry out."""

    id: Id
    device: int


@dataclass(frozen=True, slots=True)
class TakenCall:
    """A call to be carried out now, within ``left_s`` from when it was asked for."""

    op: str
    asked: str
    left_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """How a call stands. ``moved``: nobody will carry it out any more."""

    state: State
    moved: bool
    outcome: str | None


class DeviceCalls:
    def __init__(self, mongo: Mongo) -> None:
        self._rows = mongo.db.get_collection("device_calls", write_concern=AGREED)
        self._forgotten = self._rows.with_options(write_concern=UNASKED)
        self._leases = mongo.db["leases"]
        self._streams = mongo.transactions

    def holder(self, lease: str) -> str | None:
        """Who holds a lease now, by the database clients' clocks; None where it is free."""
        held = {"_id": lease} | lasting()
        with translated():
            row = self._leases.find_one(held, {"holder": 1})
        return str(row["holder"]) if row else None

    def add(self, device: int, holder: str, op: str, asked: str, limit_s: float) -> Id:
        """Ask a holder for a call that is to be begun within a time."""
        new = Id()
        fields: Doc = {
            "device": device,
            "holder": {"$literal": holder},
            "op": op,
            "asked": {"$literal": asked},
            "state": "waiting",
            "at": "$$NOW",
            "until": {"$add": ["$$NOW", round(limit_s * 1000)]},
        }
        with translated():
            self._rows.update_one({"_id": new}, [{"$set": fields}], upsert=True)
        return new

    def look(self, call: Id) -> Seen | None:
        """How a call stands; None if it is gone."""
        with translated():
            row = self._rows.find_one({"_id": call}, {"state": 1, "holder": 1, "outcome": 1})
        if row is None:
            return None
        return Seen(row["state"], row["holder"] is None, row.get("outcome"))

    def cancel(self, call: Id) -> bool:
        """Remove a call unless somebody has taken it; whether it will never be carried out."""
        with translated():
            self._rows.delete_one({"_id": call, "state": "waiting"})
            return self._rows.find_one({"_id": call}, {"_id": 1}) is None

    def forget(self, call: Id) -> None:
        """Remove a call whose outcome was read; nobody waits for that."""
        with translated():
            self._forgotten.delete_one({"_id": call})

    def waiting(self, holder: str) -> list[Waiting]:
        """What a holder is to carry out and is not late for, oldest first."""
        mine: Doc = {"holder": holder, "state": "waiting"} | ON_TIME
        with translated():
            rows = self._rows.find(mine, {"device": 1}).sort("_id", 1)
            return [Waiting(row["_id"], int(row["device"])) for row in rows]

    def take(self, call: Id, holder: str) -> TakenCall | None:
        """Take a call; None if it is gone, is another's, or its time is over."""
        mine: Doc = {"_id": call, "holder": holder, "state": "waiting"} | ON_TIME
        change = [{"$set": {"state": "taken", "left": {"$subtract": ["$until", "$$NOW"]}}}]
        with translated():
            row = self._rows.find_one_and_update(mine, change, return_document=ReturnDocument.AFTER)
        return TakenCall(row["op"], row["asked"], row["left"] / 1000) if row else None

    def answer(self, call: Id, outcome: str) -> None:
        with translated():
            self._rows.update_one(
                {"_id": call, "state": "taken"}, {"$set": {"state": "done", "outcome": outcome}}
            )

    def give_back(self, call: Id, holder: str) -> None:
        """Let who asked look for another holder: it was not taken, and will not be."""
        mine = {"_id": call, "holder": holder, "state": "waiting"}
        with translated():
            self._rows.update_one(mine, {"$set": {"holder": None}})

    @property
    def tells_arrivals(self) -> bool:
        """Whether the database says when a call comes in."""
        return self._streams

    @contextmanager
    def arrivals(self, holder: str) -> Iterator[Callable[[], bool]]:
        """A function that waits ``ARRIVALS_MS`` at most and says whether calls came in.

        Raises:
            Unavailable: here or there; it is to be asked for anew.
        """
        wanted = {"operationType": "insert", "fullDocument.holder": holder}
        stages: list[dict[str, Any]] = [{"$match": wanted}, {"$project": {"_id": 1}}]
        with (
            translated(),
            self._rows.watch(stages, max_await_time_ms=ARRIVALS_MS, batch_size=100) as stream,
        ):

            def came() -> bool:
                with translated():
                    found = stream.try_next() is not None
                if not stream.alive:
                    raise Unavailable("the database tells of calls no more")
                return found

            yield came
