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
from hub.store.access.audit import Audit
from hub.store.datasets.datasets import Datasets as DatasetStore
from hub.store.datasets.documents import Documents
from hub.store.observations.facets import Facets
from hub.store.observations.imports import Imports
from hub.store.observations.locations import Locations
from hub.values import Dataset, DatasetKind, Principal, Reach

NAME_CHARS_MAX = 200
KINDS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Created:
    dataset: Dataset
    access: Issued


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything that belongs to datasets and goes with them."""

    documents: Documents
    locations: Locations
    facets: Facets
    imports: Imports


class Datasets:
    def __init__(self, store: DatasetStore, holdings: Holdings, keys: Keys, audit: Audit) -> None:
        self._store = store
        self._holdings = holdings
        self._keys = keys
        self._audit = audit
        self._live: TTLCache[str, Dataset] = TTLCache(maxsize=10_000, ttl=CACHE_S)
        self._published: TTLCache[None, list[Dataset]] = TTLCache(maxsize=1, ttl=CACHE_S)
        self._kinds: dict[str, DatasetKind] = {}
        self._lock = threading.Lock()

    def create(
        self,
        name: str,
        key_scopes: Iterable[str] = scopes.OF_DATASETS,
        *,
        kind: DatasetKind = "documents",
    ) -> Created:
        """Make a dataset and its access key: a key restricted to it, with every scope of
        datasets.

        Raises:
            Invalid: the name is empty or too long.
        """
        name = checked_name(name)
        dataset = Dataset(str(uuid.uuid4()), name, datetime.now(UTC), kind=kind)
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
        if not principal.reach.opens(dataset):
            return False
        try:
            self._recent(dataset)
        except NotFound:
            return False
        return True

    def kind_of(self, dataset: str) -> DatasetKind:
        """What a dataset takes. It never changes, so each is looked up once.

        Raises:
            NotFound: there is none of that UUID.
        """
        known = self._kinds.get(dataset)
        if known is None:
            known = self._recent(dataset).kind
            if len(self._kinds) >= KINDS_MAX:
                self._kinds.clear()
            self._kinds[dataset] = known
        return known

    def _recent(self, dataset: str) -> Dataset:
        """As ``get``, but what was done in the last ``CACHE_S`` may not show."""
        with self._lock:
            known = self._live.get(dataset)
        if known is None:
            known = self.get(dataset)
            with self._lock:
                self._live[dataset] = known
        return known

    def published(self) -> list[Dataset]:
        """The published datasets in use, the longest published first.

        What was published or unpublished in the last ``CACHE_S`` may not show.
        """
        with self._lock:
            known = self._published.get(None)
        if known is None:
            known = self._store.published()
            with self._lock:
                self._published[None] = known
        return known

    def count(self, dataset: str, *, budget_ms: int) -> int:
        """How many documents a dataset holds. Raises NotFound, OverBudget."""
        self.get(dataset)
        return self._holdings.documents.count(dataset, budget_ms=budget_ms)

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
        """Remove a deleted dataset's documents, their locations and facets, then the dataset.

        Yields the counts of removed documents, in steps; 0 for a step of anything else.

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
        while removed := self._holdings.documents.remove_some(dataset):
            yield removed
        while self._holdings.locations.remove_some(dataset):
            yield 0
        while self._holdings.facets.remove_some(dataset):
            yield 0
        self._holdings.imports.remove(dataset)
        self._store.remove(dataset)


def checked_name(name: str) -> str:
    """A dataset's name, without space around it. Raises Invalid."""
    name = name.strip()
    if not 0 < len(name) <= NAME_CHARS_MAX:
        raise Invalid(f"a dataset's name has 1 to {NAME_CHARS_MAX} characters")
    return name
