"""The sample in the hub: datasets found by their DOI or made, filled as far as is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from hub.cli.sample.entries import Entry
from hub.cli.sample.rows import rows
from hub.cli.sample.tables import REGIONS, text
from hub.errors import Conflict
from hub.services import Services
from hub.services.observing import geojson
from hub.services.observing.importing import Taking
from hub.values import Dataset

BATCH = 4_000
"""Rows that are stored together."""
COUNT_BUDGET_MS = 60_000


@dataclass(slots=True)
class Filled:
    """A dataset of the sample: ``held`` rows were there, ``wanted`` are to be in the end."""

    entry: Entry
    dataset: Dataset
    taking: Taking
    held: int
    wanted: int

    @property
    def missing(self) -> int:
        return max(0, self.wanted - self.held)


def with_regions(services: Services) -> int:
    """Load the sample's regions; those that are there already stay. How many were loaded."""
    there = {region for region, _ in services.regions.atlas().outlines}
    fresh = [region for region in geojson.regions(text(REGIONS)) if region.id not in there]
    if fresh:
        for _ in services.regions.load(fresh):
            pass
    return len(fresh)


def begun(services: Services, entry: Entry, seed: int, wanted: int) -> Filled:
    """The dataset of an entry, made if there is none with its DOI, and how far it is filled.

    Raises:
        Conflict: a dataset that was not made so has its DOI.
    """
    found = [d for d in services.datasets.all() if d.catalogue.get("DOI") == entry.doi]
    dataset = found[0] if found else _made(services, entry)
    taking = services.importing.taking(dataset.uuid, f"sample {seed} {entry.number}")
    if not taking.at.begun and services.datasets.count(dataset.uuid, budget_ms=COUNT_BUDGET_MS):
        raise Conflict("a dataset of something else has this DOI", DOI=entry.doi)
    return Filled(entry, dataset, taking, taking.at.row, wanted)


def _made(services: Services, entry: Entry) -> Dataset:
    """A dataset without rows; called by its DOI until its entry, name and all, is there."""
    halfway = [d for d in services.datasets.named(entry.doi) if d.kind == "observations"]
    if not halfway:
        made = services.datasets.create(entry.doi, kind="observations")
        services.keys.revoke(made.access.key.id)
        halfway = [made.dataset]
    services.catalogue.change(halfway[0].uuid, entry.catalogue)
    return services.datasets.get(halfway[0].uuid)


def fill(filled: Filled, seed: int) -> Iterator[int]:
    """Store the rows that are missing; how many, in steps. Stopped anywhere, it can go on.

    Raises:
        Conflict: somebody else fills the same dataset.
        Unavailable: not confirmed; calling it again goes on.
    """
    entry, taking = filled.entry, filled.taking
    sequence = islice(rows(seed, entry.number, entry.theme, entry.name), taking.at.row, None)
    while taking.at.pending or taking.at.row < filled.wanted:
        size = taking.size(min(BATCH, filled.wanted - taking.at.row))
        taking.store(list(islice(sequence, size)), size)
        taking.done(taking.at.row + size)
        yield size
