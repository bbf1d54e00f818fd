"""The catalogue: what is told of a dataset, and whether the world may read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hub.errors import Conflict, Invalid
from hub.services.datasets import Datasets
from hub.services.observing.entry import CITABLE, FIELDS, NAME, checked
from hub.store.access.audit import Audit
from hub.store.datasets.datasets import Datasets as DatasetStore
from hub.values import Dataset, Document


class Catalogue:
    """``by`` of a method is who did it, for the record of changes: a key's id, or None."""

    def __init__(self, datasets: Datasets, store: DatasetStore, audit: Audit) -> None:
        self._datasets = datasets
        self._store = store
        self._audit = audit

    def entry(self, dataset: str) -> Document:
        """A dataset's entry, with null for what is not told. Raises NotFound."""
        return _entry(self._datasets.get(dataset))

    def change(
        self, dataset: str, changes: Mapping[str, Any], *, by: str | None = None
    ) -> Document:
        """Set some fields, remove those that are None; the rest stays. The entry after it.

        Raises:
            NotFound: there is no such dataset.
            Invalid: an unknown field, or a value that it does not take; nothing was changed.
            Conflict: another dataset has that DOI, or a published one would lose what it needs.
        """
        found = self._datasets.get(dataset)
        kept = checked(changes)
        if not kept:
            return _entry(found)
        name = kept.pop(NAME, None)
        lost = [field for field in CITABLE if field in kept and kept[field] is None]
        if not self._store.describe(found.uuid, kept, name=name, even_published=not lost):
            self._datasets.get(dataset)
            raise Conflict(f"a published dataset keeps its {', '.join(lost)}", fields=lost)
        self._note("dataset.describe", dataset, by, fields=[*changes])
        return self.entry(dataset)

    def publish(self, dataset: str, *, by: str | None = None) -> Dataset:
        """Put a dataset into the catalogue; one that is there stays as it is.

        Raises:
            NotFound: there is no such dataset.
            Invalid: nobody could cite it; ``missing`` says what it lacks.
        """
        before = self._datasets.get(dataset)
        if not self._store.publish(dataset, datetime.now(UTC), CITABLE):
            missing = [f for f in CITABLE if f not in self._datasets.get(dataset).catalogue]
            raise Invalid("the dataset could not be cited; set what is missing", missing=missing)
        if before.published is None:
            self._note("dataset.publish", dataset, by)
        return self._datasets.get(dataset)

    def unpublish(self, dataset: str, *, by: str | None = None) -> Dataset:
        """Take a dataset out of the catalogue; it stays as it is for its keys. Raises NotFound."""
        before = self._datasets.get(dataset)
        self._store.unpublish(dataset)
        if before.published is not None:
            self._note("dataset.unpublish", dataset, by)
        return self._datasets.get(dataset)

    def _note(self, action: str, dataset: str, by: str | None, **facts: Any) -> None:
        who = {} if by is None else {"key": by}
        self._audit.note(action, dataset=dataset, **facts, **who)


def _entry(dataset: Dataset) -> Document:
    told = dataset.catalogue | {NAME: dataset.name}
    return {
        **{field: told.get(field) for field in FIELDS},
        "CreateTimestamp": dataset.created,
        "PublishedTimestamp": dataset.published,
    }
