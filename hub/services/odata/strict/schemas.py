"""The schemas of the strict root: its own, and those of a dataset's and a stream's service."""

from __future__ import annotations

from typing import Any, Final

from hub.query.odata import EntityType
from hub.query.odata.functions import FUNCTIONS
from hub.query.odata.schema import (
    NAMESPACE,
    Enumerated,
    NamedSet,
    Schema,
    Structure,
    structures,
)
from hub.services.odata.strict import catalogue, sources
from hub.services.odata.strict.sources import DATAPOINT, DOCUMENT, DOCUMENTS, VALUES
from hub.services.odata.strict.types import ANY
from hub.services.odata.strict.values import POINT_TYPE

_CAPABILITIES: Final = "Org.OData.Capabilities.V1"
_FUNCTIONS: Final = (*sorted(FUNCTIONS), "cast", "isof", "hassubset")
_SERVICE: Final[dict[str, Any]] = {
    f"{_CAPABILITIES}.ConformanceLevel": Enumerated(
        f"{_CAPABILITIES}.ConformanceLevelType", "Intermediate"
    ),
    f"{_CAPABILITIES}.SupportedFormats": [
        "application/json;odata.metadata=minimal;IEEE754Compatible=false",
        "application/json;odata.metadata=full;IEEE754Compatible=true",
        "application/json;odata.metadata=none",
    ],
    f"{_CAPABILITIES}.FilterFunctions": list(_FUNCTIONS),
    f"{_CAPABILITIES}.BatchSupported": False,
    f"{_CAPABILITIES}.CrossJoinSupported": False,
    f"{_CAPABILITIES}.AsynchronousRequestsSupported": False,
    f"{_CAPABILITIES}.KeyAsSegmentSupported": False,
    f"{_CAPABILITIES}.QuerySegmentSupported": False,
}
_READ_ONLY: Final[dict[str, Any]] = {
    f"{_CAPABILITIES}.InsertRestrictions": {"Insertable": False},
    f"{_CAPABILITIES}.UpdateRestrictions": {"Updatable": False},
    f"{_CAPABILITIES}.DeleteRestrictions": {"Deletable": False},
    f"{_CAPABILITIES}.ExpandRestrictions": {"Expandable": False},
    f"{_CAPABILITIES}.ChangeTracking": {"Supported": False},
    f"{_CAPABILITIES}.TopSupported": True,
    f"{_CAPABILITIES}.SkipSupported": True,
    f"{_CAPABILITIES}.IndexableByKey": True,
    f"{_CAPABILITIES}.CountRestrictions": {"Countable": True},
}
_QUERIED: Final[dict[str, Any]] = {
    **_READ_ONLY,
    f"{_CAPABILITIES}.FilterRestrictions": {"Filterable": True},
    f"{_CAPABILITIES}.SortRestrictions": {"Sortable": True},
    f"{_CAPABILITIES}.SearchRestrictions": {"Searchable": True},
    f"{_CAPABILITIES}.SelectSupport": {"Supported": True, "Expandable": False},
    f"{_CAPABILITIES}.ComputeSupported": True,
    "Org.OData.Aggregation.V1.ApplySupported": {
        "Transformations": ["filter", "identity", "compute", "groupby", "aggregate"],
        "Rollup": Enumerated("Org.OData.Aggregation.V1.RollupType", "None"),
    },
}
_SCANNED: Final[dict[str, Any]] = {
    **_READ_ONLY,
    f"{_CAPABILITIES}.FilterRestrictions": {"Filterable": True},
    f"{_CAPABILITIES}.SortRestrictions": {"Sortable": True},
    f"{_CAPABILITIES}.SearchRestrictions": {"Searchable": False},
    f"{_CAPABILITIES}.SelectSupport": {"Supported": True, "Expandable": False},
    f"{_CAPABILITIES}.ComputeSupported": False,
}


def _set(name: str, type_: str) -> NamedSet:
    terms = _SCANNED if type_ == DATAPOINT else _QUERIED
    return NamedSet(name, f"{NAMESPACE}.{type_}", terms)


def _root() -> Schema:
    own: list[tuple[str, str, tuple[Structure, ...]]] = []
    for name, entity in catalogue.TYPES.items():
        type_ = catalogue.type_name(name)
        own.append((name, type_, structures(type_, entity, "Id")))
    dataset = structures("Dataset", sources.DATASET_TYPE, "Id", (DOCUMENTS,))
    own.append(("Datasets", "Dataset", dataset))
    own.append(("Streams", "Stream", structures("Stream", sources.STREAM_TYPE, "Id", (VALUES,))))
    behind = (*structures(DOCUMENT, ANY, "Id"), *structures(DATAPOINT, POINT_TYPE, "Time"))
    return Schema(
        structures=(*(one for _, _, found in own for one in found), *behind),
        sets=tuple(_set(name, type_) for name, type_, _ in own),
        terms=_SERVICE,
    )


ROOT: Final = _root()


def of_one(name: str, type_: str, entity: EntityType, key: str) -> Schema:
    """The schema of a service with one set."""
    return Schema(structures(type_, entity, key), (_set(name, type_),), _SERVICE)
