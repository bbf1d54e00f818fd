"""The documents of all datasets: written durably, read by validated queries only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import bson
from pymongo import WriteConcern
from pymongo.errors import BulkWriteError, DocumentTooLarge, OperationFailure

from hub.errors import BadDocument, HubError, TooLarge, Unavailable, Unsupported
from hub.query import ScopedPipeline
from hub.store.client import DUPLICATE, Mongo, translated
from hub.store.datasets.group_commit import GroupCommit
from hub.store.pipelines import Pipelines
from hub.values import Batch, Document

DELETE_BATCH = 5_000
NO_ROOM = frozenset({257, 388})
"""The server's codes for a transaction that is larger than it can be, there or at all."""
NO_ROOM_SAID = "the database cannot store so much at once; send smaller batches"
BSON_BYTES_MAX = 16 * 1024 * 1024
BSON_PER_JSON = 7
"""No JSON text grows by more than this when it becomes BSON (``1,`` in a long array does)."""


class Documents:
    """Documents are plain dicts with their ``_id`` and annotations already on them."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._documents = mongo.db["documents"]
        self._commits = GroupCommit(self.insert_many)
        self._pipelines = Pipelines(mongo)

    def insert(self, document: Document) -> None:
        """Store one document durably, in one write with those that arrive beside it.

        Raises:
            BadDocument: too large for the database.
            Unavailable: not confirmed; it is not known whether it was stored.
        """
        self._commits.put(document)

    def insert_many(self, documents: Sequence[Document]) -> dict[int, HubError]:
        """Store documents durably, each for itself.

        A document whose ``_id`` is there already counts as stored: ids are the hub's own, so
        it is the same document, from an earlier attempt at the same request.

        Returns:
            The failures by index; empty when every document is in the journal.

        Raises:
            BadDocument: one of them is too large (call again with one at a time).
            Unavailable: not confirmed; it is not known what was stored.
        """
        try:
            with translated():
                try:
                    self._documents.insert_many(documents, ordered=False)
                except BulkWriteError as exc:
                    return _failures(exc.details)
        except DocumentTooLarge as exc:
            raise BadDocument("the document is over 16 MiB as BSON", path="$") from exc
        return {}

    def insert_all(self, documents: Sequence[Document]) -> None:
        """Store all documents or none, also across a crash.

        A duplicate ``_id`` means that an earlier attempt at the same request was committed.

        Raises:
            Unsupported: the database server has no transactions.
            TooLarge: its transactions do not hold so much; nothing was stored.
            Unavailable: nothing was stored, or it is not known (the commit was not confirmed).
        """
        if not self._mongo.transactions:
            raise Unsupported("atomic batches need a replica set or a sharded cluster")
        with translated(), self._mongo.client.start_session() as session:

            def insert(session: Any) -> None:
                fresh = self._documents.with_options(write_concern=WriteConcern())
                fresh.insert_many(documents, session=session)

            try:
                session.with_transaction(insert, write_concern=self._documents.write_concern)
            except BulkWriteError as exc:
                codes = {error["code"] for error in exc.details["writeErrors"]}
                if codes & NO_ROOM:
                    raise TooLarge(NO_ROOM_SAID, limit="transaction") from exc
                if codes - {DUPLICATE}:
                    raise
            except OperationFailure as exc:
                if exc.code in NO_ROOM:
                    raise TooLarge(NO_ROOM_SAID, limit="transaction") from exc
                raise

    def batches(self, query: ScopedPipeline, *, budget_ms: int, size: int) -> Iterator[Batch]:
        """Run a query.

        The first batch is fetched before this returns, so that a bad query fails here.

        Args:
            budget_ms: the server's time for the whole cursor, not counting our pauses.
            size: documents in a batch, at most; never more than 16 MiB of them either.

        Raises:
            OverBudget, RefusedByServer, Unavailable: now, or while iterating.
        """
        return self._pipelines.batches(query, budget_ms=budget_ms, size=size)

    def count(self, dataset: str, *, budget_ms: int) -> int:
        """How many documents a dataset holds, counted in its index."""
        with translated():
            return self._documents.count_documents({"_datasetid": dataset}, maxTimeMS=budget_ms)

    def remove_some(self, dataset: str) -> int:
        """Remove a bounded number of a dataset's documents; how many, 0 when none is left."""
        with translated():
            found = self._documents.find({"_datasetid": dataset}, {"_id": 1}).limit(DELETE_BATCH)
            ids = [row["_id"] for row in found]
            if not ids:
                return 0
            self._documents.delete_many({"_datasetid": dataset, "_id": {"$in": ids}})
        return len(ids)


def _failures(details: Any) -> dict[int, HubError]:
    if details.get("writeConcernErrors"):
        raise Unavailable("the database did not confirm the write in time")
    return {
        error["index"]: Unavailable("the database refused it", reason=error.get("code"))
        for error in details["writeErrors"]
        if error.get("code") != DUPLICATE
    }


def oversized(document: Document, body_bytes: int) -> bool:
    """Whether a document is too large for MongoDB; costs nothing while the body is small."""
    if body_bytes * BSON_PER_JSON < BSON_BYTES_MAX:
        return False
    return len(bson.encode(document)) > BSON_BYTES_MAX
