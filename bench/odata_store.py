"""Millions of observations: some made by the hub's own demo, the rest copies put beside them.

The demo's rows go through everything that a sensor's go through, so locations, facets and
the catalogue are as they would be. Copies differ in ``_id`` and ``Id`` only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from bson import Int64, ObjectId
from pymongo import WriteConcern

from bench.site import Site

Row = dict[str, Any]
SAMPLE = 200_000
BLOCK = 5_000
PATIENCE_S = 600.0
OBSERVED = {"_observation.Id": {"$exists": True}}


def fill(site: Site, rows: int) -> str:
    """So many published observations, of five datasets; a key that reads them."""
    made = str(min(rows, SAMPLE))
    site.live.cli("demo", "observations", "--rows", made, patience_s=PATIENCE_S)
    _copy(site, rows)
    key = site.live.cli("key", "create", "bench", "--scope", "odata:read", "--all-datasets")
    return str(key["key"])


def _copy(site: Site, rows: int) -> None:
    documents = site.db["documents"]
    there = documents.count_documents(OBSERVED)
    plain = documents.with_options(write_concern=WriteConcern(1, j=False))
    while there < rows:
        found = documents.find(OBSERVED).sort("_observation.Id", 1).limit(min(rows - there, SAMPLE))
        copies = _renumbered(found, there)
        while block := list(islice(copies, BLOCK)):
            plain.insert_many(block, ordered=False)
            there += len(block)
    site.db["counters"].update_one({"_id": "observations"}, {"$max": {"last": rows + 1}})


def _renumbered(found: Any, there: int) -> Iterator[Row]:
    for number, row in enumerate(found, there + 1):
        own = {**row["_observation"], "Id": Int64(number)}
        yield {**row, "_id": ObjectId(), "_observation": own}
