"""Observations going in: numbered, with their locations and facets written before them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Int64, ObjectId

from hub.errors import HubError
from hub.observations.derive import Derived, derive
from hub.services.observing.places import Places
from hub.store.counters import Counters
from hub.store.datasets.documents import Documents
from hub.store.datasets.group_commit import GroupCommit
from hub.store.observations.facets import Facet, Facets
from hub.values import Document

COUNTER = "observations"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Observing:
    """Takes documents as ``Documents`` does: checked, and with their annotations on them."""

    def __init__(
        self, documents: Documents, places: Places, facets: Facets, counters: Counters
    ) -> None:
        self._documents = documents
        self._places = places
        self._facets = facets
        self._counters = counters
        self._commits = GroupCommit(self.insert_many)

    def insert(self, document: Document) -> None:
        """As ``Documents.insert``."""
        self._commits.put(document)

    def insert_many(self, documents: Sequence[Document]) -> dict[int, HubError]:
        """As ``Documents.insert_many``."""
        return self._documents.insert_many(self._observed(documents))

    def insert_all(self, documents: Sequence[Document]) -> None:
        """As ``Documents.insert_all``."""
        self._documents.insert_all(self._observed(documents))

    def _observed(self, documents: Sequence[Document]) -> list[Document]:
        """The documents as they are stored, in order, with ``Id`` ascending."""
        derived = [derive(document) for document in documents]
        keys = [
            (document["_datasetid"], each.location["ID"])
            for document, each in zip(documents, derived, strict=True)
        ]
        wanted = {key: each.location for key, each in zip(keys, derived, strict=True)}
        places = self._places.ensure(wanted)
        located = [places[key] for key in keys]
        self._facets.ensure(set(map(facet, documents, located, derived)))
        numbers = self._counters.block(COUNTER, len(documents))
        return list(map(_stored, documents, numbers, located, derived))


def facet(document: Document, location: int, derived: Derived) -> Facet:
    """The combination that an observation belongs to."""
    return Facet(
        document["_datasetid"],
        location,
        document["MonitoringLocationType"],
        document["ActivityMediaName"],
        derived.group,
        document["CharacteristicName"],
        derived.year,
    )


def _stored(document: Document, number: int, location: int, derived: Derived) -> Document:
    own: dict[str, Any] = {
        "Id": Int64(number),
        "LocationId": Int64(location),
        "CreateTimestamp": arrived(document["_id"]),
        "ActivityStartYear": derived.year,
    }
    if derived.group is not None:
        own["ActivityGroupType"] = derived.group
    return {**document, "_observation": own}


def arrived(id_: ObjectId) -> datetime:
    """When a document came in (aware UTC, whole milliseconds), as its ``_id`` says it."""
    number = int.from_bytes(id_.binary, "big")
    milliseconds = ((number >> 44) & 0xFFFFF) // 1000
    return EPOCH + timedelta(seconds=number >> 64, milliseconds=milliseconds)
