"""What is remembered of requests that carry an ``Idempotency-Key``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bson import Binary
from pymongo import WriteConcern
from pymongo.errors import BulkWriteError

from hub.errors import Unavailable
from hub.store.client import DUPLICATE, Doc, Mongo, translated
from hub.store.datasets.group_commit import GroupCommit
from hub.values import Receipt


class Receipts:
    """Receipts are forgotten ``kept`` after their request came in."""

    def __init__(self, mongo: Mongo, kept: timedelta) -> None:
        self._receipts = mongo.db["idempotency"]
        self._kept = kept
        self._commits = GroupCommit(self._write)

    def open(self, receipt: Receipt) -> Receipt:
        """Remember a request durably, or get what was remembered of it before.

        Returns:
            ``receipt`` itself when it is the first, else the one that came first.
        """
        try:
            self._commits.put(self._row(receipt))
        except _Known:
            return self._get(receipt)
        return receipt

    def close(self, receipt: Receipt) -> None:
        """Note that everything of the request is stored. Losing this costs only work."""
        lazy = self._receipts.with_options(write_concern=WriteConcern(w=1))
        with translated():
            lazy.update_one({"_id": receipt.id}, {"$set": {"done": True}})

    def _get(self, receipt: Receipt) -> Receipt:
        with translated():
            row = self._receipts.find_one({"_id": receipt.id})
        if row is None:
            raise Unavailable("the remembered request ran out just now; send it again")
        return Receipt(row["_id"], row["request"], row["at"], row["first_id"], row["done"])

    def _row(self, receipt: Receipt) -> Doc:
        return {
            "_id": receipt.id,
            "request": Binary(receipt.request),
            "at": receipt.at,
            "first_id": Binary(receipt.first_id),
            "done": receipt.done,
            "expires": receipt.at + self._kept,
        }

    def _write(self, rows: Sequence[Doc]) -> dict[int, Exception]:
        with translated():
            try:
                self._receipts.insert_many(rows, ordered=False)
            except BulkWriteError as exc:
                return _outcomes(exc.details)
        return {}


class _Known(Exception):
    """A receipt of that id is there already."""


def _outcomes(details: Mapping[str, Any]) -> dict[int, Exception]:
    if details.get("writeConcernErrors"):
        raise Unavailable("the database did not confirm the write in time")
    return {
        error["index"]: _Known()
        if error.get("code") == DUPLICATE
        else Unavailable("the database refused it", reason=error.get("code"))
        for error in details["writeErrors"]
    }
