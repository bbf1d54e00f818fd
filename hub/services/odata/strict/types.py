"""The types of datasets, from a sample of their documents, kept for some seconds."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from typing import Final

from cachetools import TTLCache

from hub.query import Boundary, bounded
from hub.query.odata import EntityType
from hub.query.odata.arrival import ID, TIMESTAMP
from hub.query.odata.made import cut
from hub.query.odata.sampled import sampled
from hub.services.odata.deadline import Deadline
from hub.store.pipelines import Pipelines
from hub.values import Document

NEWEST: Final = 1_000
"""Documents that came in last, of which a type is made."""
PROBES: Final = 16
"""Looks at moments picked at random between the first document and the last."""
PROBE_ROWS: Final = 10
KEPT_S: Final = 10.0
ANY: Final = EntityType((ID, TIMESTAMP), open=True)
"""A document of any dataset."""
_ORDER: Final = (("_timestamp", 1), ("_id", 1))
_NEWEST_FIRST: Final = (("_timestamp", -1), ("_id", -1))


class Types:
    def __init__(self, pipelines: Pipelines, budget_ms: int) -> None:
        self._pipelines = pipelines
        self._budget_ms = budget_ms
        self._kept: TTLCache[str, EntityType] = TTLCache(maxsize=1_000, ttl=KEPT_S)
        self._lock = threading.Lock()

    def of(self, dataset: str) -> EntityType:
        """The type of a dataset's documents, up to ``KEPT_S`` old.

        Raises:
            OverBudget, Unavailable.
        """
        with self._lock:
            known = self._kept.get(dataset)
        if known is None:
            deadline = Deadline(self._budget_ms)
            known = sampled(self._sample(dataset, deadline), (ID, TIMESTAMP))
            with self._lock:
                self._kept[dataset] = known
        return known

    def _sample(self, dataset: str, deadline: Deadline) -> Iterator[Document]:
        mine = {"_datasetid": dataset}
        newest = self._rows(mine, (_NEWEST_FIRST, NEWEST), deadline)
        yield from newest
        if len(newest) < NEWEST:
            return
        oldest = self._rows(mine, (_ORDER, PROBE_ROWS), deadline)
        yield from oldest
        first, last = oldest[0]["_timestamp"], newest[-1]["_timestamp"]
        for _ in range(PROBES):
            at = random.randint(first, max(first, last))
            since = {**mine, "_timestamp": {"$gte": at}}
            yield from self._rows(since, (_ORDER, PROBE_ROWS), deadline)

    def _rows(
        self,
        condition: Mapping[str, object],
        taken: tuple[tuple[tuple[str, int], ...], int],
        deadline: Deadline,
    ) -> list[Document]:
        boundary = Boundary("documents", condition)
        query = bounded(boundary, cut(taken[0], 0, taken[1]))
        return self._pipelines.rows(query, budget_ms=deadline.left_ms)
