"""Checked pipelines over any collection; the one place where they are handed to the driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import bson

from hub.query import BoundedPipeline, ScopedPipeline
from hub.store.client import Mongo, translated
from hub.values import BSON_CODEC, Batch

DOCUMENTS = "documents"


class Pipelines:
    def __init__(self, mongo: Mongo) -> None:
        self._db = mongo.db

    def batches(
        self,
        query: ScopedPipeline | BoundedPipeline,
        *,
        budget_ms: int,
        size: int,
        hint: Mapping[str, int] | None = None,
    ) -> Iterator[Batch]:
        """Run a query.

        The first batch is fetched before this returns, so that a bad query fails here.

        Args:
            budget_ms: the server's time for the whole cursor, not counting our pauses.
            size: documents in a batch, at most; never more than 16 MiB of them either.
            hint: the keys of the index to use, where the server would choose another.

        Raises:
            OverBudget, RefusedByServer, Unavailable: now, or while iterating.
        """
        name = query.collection if isinstance(query, BoundedPipeline) else DOCUMENTS
        index: dict[str, Any] = {} if hint is None else {"hint": dict(hint)}
        with translated():
            cursor = self._db[name].aggregate_raw_batches(
                [dict(stage) for stage in query.stages],
                maxTimeMS=budget_ms,
                allowDiskUse=False,
                batchSize=size,
                **index,
            )
        return _decoded(cursor)

    def rows(
        self, query: BoundedPipeline, *, budget_ms: int, hint: Mapping[str, int] | None = None
    ) -> list[dict[str, Any]]:
        """Every row of a small answer; errors as above."""
        batches = self.batches(query, budget_ms=budget_ms, size=10_000, hint=hint)
        return [row for batch in batches for row in batch.rows]


def _decoded(cursor: Any) -> Iterator[Batch]:
    with cursor:
        while True:
            with translated():
                raw = next(cursor, None)
            if raw is None:
                return
            yield Batch(bson.decode_all(raw, BSON_CODEC), len(raw))
