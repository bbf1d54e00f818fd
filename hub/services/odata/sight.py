"""Which published datasets a reader sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hub.values import Dataset, Principal


@dataclass(frozen=True, slots=True)
class Sight:
    """UUIDs, with the DOI of each."""

    dois: dict[str, str | None]

    @property
    def datasets(self) -> list[str]:
        return list(self.dois)


def sight(published: Iterable[Dataset], reader: Principal) -> Sight:
    """Those of the published datasets that a key opens."""
    seen = (dataset for dataset in published if reader.reach.opens(dataset.uuid))
    return Sight({dataset.uuid: dataset.catalogue.get("DOI") for dataset in seen})
