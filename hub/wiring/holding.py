"""Datasets: what is put into them, asked of them, and told about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hub.query.token import Tokens
from hub.services.datasets import Datasets, Holdings
from hub.services.ingest import Ingest
from hub.services.observing.catalogue import Catalogue
from hub.services.observing.importing import Importing
from hub.services.observing.observing import Observing
from hub.services.observing.places import Places
from hub.services.observing.rebuild import Rebuilding
from hub.services.observing.regions import Regions
from hub.services.queries import Queries
from hub.services.series import Series
from hub.store.datasets import datasets as store_datasets
from hub.store.datasets.documents import Documents
from hub.store.datasets.receipts import Receipts
from hub.store.observations import regions as store_regions
from hub.store.observations.facets import Facets
from hub.store.observations.imports import Imports
from hub.store.observations.locations import Locations
from hub.store.observations.observations import Observations
from hub.wiring.ground import Ground


@dataclass(frozen=True, slots=True)
class Held:
    """The services of datasets, and what the other doors share with them."""

    documents: Documents
    rows: store_datasets.Datasets
    receipts: Receipts
    datasets: Datasets
    ingest: Ingest
    queries: Queries
    series: Series
    catalogue: Catalogue
    importing: Importing
    rebuilding: Rebuilding
    regions: Regions


def held(ground: Ground) -> Held:
    mongo, settings, notes = ground.mongo, ground.settings, ground.notes
    documents, rows = Documents(mongo), store_datasets.Datasets(mongo)
    receipts = Receipts(mongo, timedelta(hours=settings.idempotency_hours))
    locations, facets = Locations(mongo), Facets(mongo)
    holdings = Holdings(documents, locations, facets, Imports(mongo))
    datasets = Datasets(rows, holdings, ground.keys, notes)
    regions = Regions(store_regions.Regions(mongo), locations, notes)
    places = Places(locations, regions, ground.counters)
    observing = Observing(documents, places, facets, ground.counters)
    asked = (documents, ground.permits, settings.query, settings.answer)
    return Held(
        documents,
        rows,
        receipts,
        datasets,
        Ingest(documents, observing, receipts, settings.ingest, datasets.kind_of),
        Queries(*asked, Tokens(ground.derived(b"hub-pages"))),
        Series(*asked, settings.stream.raw_points_max),
        Catalogue(datasets, rows, notes),
        Importing(datasets, observing, holdings.imports),
        Rebuilding(datasets, Observations(mongo), places, holdings),
        regions,
    )
