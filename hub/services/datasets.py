"""Datasets: made with their first access key, opened by keys, removed without a trace."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cachetools import TTLCache

from hub.errors import Invalid, NotFound
from hub.services import scopes
from hub.services.keys import CACHE_S, Issued, Keys
from hub.store.audit import Audit
from hub.store.datasets import Datasets as DatasetStore
from hub.store.documents import Documents
from hub.values import Dataset, Principal, Reach

NAME_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class Created:
    dataset: Dataset
    access: Issued


class Datasets:
    def __init__(self, store: DatasetStore, documents: Documents, keys: Keys, audit: Audit) -> None:
        self._store = store
        self._documents = documents
        self._keys = keys
        self._audit = audit
        self._live: TTLCache[str, bool] = TTLCache(maxsize=10_000, ttl=CACHE_S)
        self._lock = threading.Lock()

    def create(self, name: str, key_scopes: Iterable[str] = scopes.OF_DATASETS) -> Created:
        """Make a dataset and its access key: a key restricted to it, with every scope of
        datasets.

        Raises:
            Invalid: the name is empty or too long.
        """
        name = name.strip()
        if not 0 < len(name) <= NAME_CHARS_MAX:
            raise Invalid(f"a dataset's name has 1 to {NAME_CHARS_MAX} characters")
        dataset = Dataset(str(uuid.uuid4()), name, datetime.now(UTC))
        self._store.add(dataset)
        self._audit.note("dataset.create", dataset=dataset.uuid, name=name)
        reach = Reach.of_dataset(dataset.uuid)
        issued = self._keys.create(f"access key of {name}", key_scopes, reach=reach)
        return Created(dataset, issued)

    def get(self, dataset: str) -> Dataset:
        """A dataset in use. Raises NotFound, for one being removed too."""
        found = self._store.get(dataset)
        if found.deleted:
            raise NotFound("no such dataset", dataset=dataset)
        return found

    def all(self) -> list[Dataset]:
        """The datasets in use, oldest first."""
        return [dataset for dataset in self._store.all() if not dataset.deleted]

    def named(self, name: str) -> list[Dataset]:
        """The datasets in use that have exactly this name."""
        return self._store.named(name)

    def opened_by(self, dataset: str, principal: Principal) -> bool:
        """Whether a verified key opens this dataset; False for one that does not exist."""
        return principal.reach.opens(dataset) and self._is_live(dataset)

    def _is_live(self, dataset: str) -> bool:
        with self._lock:
            if dataset in self._live:
                return True
        try:
            self.get(dataset)
        except NotFound:
            return False
        with self._lock:
            self._live[dataset] = True
        return True

    def count(self, dataset: str, *, budget_ms: int) -> int:
        """How many documents a dataset holds. Raises NotFound, OverBudget."""
        self.get(dataset)
        return self._documents.count(dataset, budget_ms=budget_ms)

    def delete(self, dataset: str) -> None:
        """Close a dataset and its keys at once; ``purge`` removes its documents.

        Raises:
            NotFound: there is none of that UUID.
        """
        self.get(dataset)
        self._store.mark_deleted(dataset, datetime.now(UTC))
        self._keys.revoke_all_of(dataset)
        self._audit.note("dataset.delete", dataset=dataset)

    def deleted(self) -> list[str]:
        """The datasets whose documents are still to be removed."""
        return self._store.deleted()

    def purge(self, dataset: str) -> Iterator[int]:
        """Remove a deleted dataset's documents, then the dataset; the removed counts, in steps.

        Stopping midway is harmless: the next call goes on.

        Raises:
            Invalid: the dataset is in use.
        """
        try:
            found = self._store.get(dataset)
        except NotFound:
            return  # somebody else finished it
        if found.deleted is None:
            raise Invalid("only a deleted dataset is purged", dataset=dataset)
        while removed := self._documents.remove_some(dataset):
            yield removed
        self._store.remove(dataset)
