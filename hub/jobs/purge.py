"""Removing what was deleted: the documents of datasets that nobody can reach any more."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from threading import Event

from hub.services.datasets import Datasets

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Purged:
    datasets: int
    documents: int


def purge(datasets: Datasets, stopping: Event) -> Purged:
    """Remove the documents of every deleted dataset, then the dataset itself.

    Bounded steps: ``stopping`` is looked at between them, an interruption loses nothing, and
    the next run goes on.
    """
    gone = removed = 0
    for dataset in datasets.deleted():
        for count in datasets.purge(dataset):
            removed += count
            if stopping.is_set():
                return Purged(gone, removed)
        gone += 1
    if gone:
        log.info("purged %d datasets with %d documents", gone, removed)
    return Purged(gone, removed)
