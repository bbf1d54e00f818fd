"""How the polling of devices goes: a row has the fields of ``DeviceState``.

A removed device leaves a row with ``gone`` for a while, so that a worker that has not heard of it
does not bring its state back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.write_concern import WriteConcern

from hub.store.client import DUPLICATE, Doc, Mongo, translated
from hub.store.leases import lasting
from hub.values import DeviceState

SOON = WriteConcern(w=1, j=False)
"""What is lost with a server is told anew in a moment."""
GONE_KEPT_S = 3_600
SCORING = "infer"
"""The job, and its lease, of the worker that scores by models: the one behind AI devices."""


class DeviceStates:
    def __init__(self, mongo: Mongo) -> None:
        self._rows = mongo.db.get_collection("device_states", write_concern=SOON)
        self._workers = mongo.db["workers"]
        self._leases = mongo.db["leases"]

    def get(self, ids: Collection[int]) -> dict[int, DeviceState]:
        """The states of those that have one, by device."""
        with translated():
            rows = self._rows.find({"_id": {"$in": list(ids)}, "gone": None})
            return {int(row["_id"]): _state(row) for row in rows}

    def current(self, ids: Collection[int]) -> dict[int, DeviceState]:
        """As ``get``, but of no worker where that is not alive any more."""
        found = self.get(ids)
        alive = self._alive({each.worker for each in found.values() if each.worker is not None})
        return {
            number: state if state.worker in alive else replace(state, worker=None)
            for number, state in found.items()
        }

    def _alive(self, workers: Collection[str]) -> set[str]:
        """Those that poll, and the one that scores by models."""
        if not workers:
            return set()
        lives = lasting()
        polling = {"_id": {"$in": list(workers)}} | lives
        scoring = {"_id": SCORING, "holder": {"$in": list(workers)}} | lives
        with translated():
            found = {str(row["_id"]) for row in self._workers.find(polling, {"_id": True})}
            return found | {str(row["holder"]) for row in self._leases.find(scoring)}

    def put(self, states: Sequence[DeviceState]) -> None:
        """Set the states of some devices, in one request; of removed ones nothing is kept.

        The last one to write wins: a worker writes of the devices whose lease it holds.
        """
        if not states:
            return
        writes = [
            UpdateOne({"_id": each.device, "gone": None}, {"$set": _row(each)}, upsert=True)
            for each in states
        ]
        with translated():
            try:
                self._rows.bulk_write(writes, ordered=False)
            except BulkWriteError as exc:
                if any(error["code"] != DUPLICATE for error in exc.details["writeErrors"]):
                    raise

    def remove(self, device: int) -> None:
        """Forget the state of a device that is removed."""
        with translated():
            self._rows.replace_one({"_id": device}, {"gone": datetime.now(UTC)}, upsert=True)


def _row(state: DeviceState) -> Doc:
    row = asdict(state)
    del row["device"]
    return row


def _state(row: Doc) -> DeviceState:
    own = {name: value for name, value in row.items() if name not in ("_id", "gone")}
    return DeviceState(device=int(row["_id"]), **own)
