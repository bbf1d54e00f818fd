"""The entity sets of published observations: their properties, and where each is stored.

Source of names, order and types: the interface document of the DataStream API, and sections 2.1
and 2.2 of its reference. A path ``@place.`` stands in another collection (see
``hub.query.odata.foreign``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from hub.query.odata import EntityType, Kind, Property
from hub.query.odata.foreign import at
from hub.query.odata.typed import Field

OBSERVATION: Final = "_observation"
DATASET, LOCATION, FACET = "dataset", "location", "facet"
"""The places: rows of the catalogue, locations, and combinations that have an observation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySet:
    """Entities of one type.

    Attributes:
        entity: everything that a filter may name.
        asked: properties that stand elsewhere for filters, where those mean an observation.
        selectable: the names that are given, in documented order.
        collection: where the rows are.
        key: the path of ``Id``, by which rows are in order.
        owner: the path of the UUID of a row's dataset.
        places: the field that leads to each other place.
        homes: where facets have what is said of the entity itself (under "") and of each other
            place; for sets of which an entity has several facets.
    """

    name: str
    entity: EntityType
    selectable: tuple[str, ...]
    collection: str
    key: str
    owner: str
    places: dict[str, Field]
    homes: dict[str, str] = field(default_factory=dict)
    asked: tuple[Property, ...] = ()

    @property
    def filtered(self) -> EntityType:
        """The entity as filters see it."""
        elsewhere = {item.name: item for item in self.asked}
        items = (elsewhere.get(item.name, item) for item in self.entity.properties)
        return replace(self.entity, properties=tuple(items))


def _properties(kinds: dict[str, Kind], prefix: str = "") -> list[Property]:
    return [Property(name, prefix + name, kind) for name, kind in kinds.items()]


def _texts(names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), "string")


_SHAPE: Final[dict[str, Kind]] = {
    "Latitude": "number",
    "Longitude": "number",
    "HorizontalCoordinateReferenceSystem": "string",
    "HorizontalAccuracyMeasure": "number",
    "HorizontalAccuracyUnit": "string",
    "VerticalMeasure": "number",
    "VerticalUnit": "string",
    "MonitoringLocationType": "string",
}
_NORMALIZED: Final[dict[str, Kind]] = {
    "LatitudeNormalized": "number",
    "LongitudeNormalized": "number",
    "HorizontalCoordinateReferenceSystemNormalized": "string",
}
_ACTIVITY: Final[dict[str, Kind]] = {
    "ActivityType": "string",
    "ActivityMediaName": "string",
    "ActivityStartDate": "date",
    "ActivityStartTime": "time",
    "ActivityStartTimeZone": "string",
    "ActivityEndDate": "date",
    "ActivityEndTime": "time",
    "ActivityEndTimeZone": "string",
    "ActivityDepthHeightMeasure": "number",
    "ActivityDepthHeightUnit": "string",
    "SampleCollectionEquipmentName": "string",
    "CharacteristicName": "string",
    "MethodSpeciation": "string",
    "ResultSampleFraction": "string",
    "ResultValue": "number",
    "ResultUnit": "string",
    "ResultValueType": "string",
    "ResultDetectionCondition": "string",
}
_LIMIT: Final[dict[str, Kind]] = {
    "ResultDetectionQuantitationLimitMeasure": "number",
    "ResultDetectionQuantitationLimitUnit": "string",
    "ResultDetectionQuantitationLimitType": "string",
}
_ANALYSIS: Final[dict[str, Kind]] = {
    **_texts(
        "ResultStatusID ResultComment ResultAnalyticalMethodID ResultAnalyticalMethodContext "
        "ResultAnalyticalMethodName"
    ),
    "AnalysisStartDate": "date",
    "AnalysisStartTime": "time",
    **_texts("AnalysisStartTimeZone LaboratoryName LaboratorySampleID"),
}
_SITE: Final[dict[str, Kind]] = {
    "DatasetName": "string",
    "MonitoringLocationID": "string",
    "MonitoringLocationName": "string",
    **{
        name if name == "MonitoringLocationType" else f"MonitoringLocation{name}": kind
        for name, kind in _SHAPE.items()
    },
}
_FACETS: Final[dict[str, Kind]] = {
    **_texts("ActivityMediaName ActivityGroupType CharacteristicName"),
    "ActivityStartYear": "integer",
}


def _elsewhere(place: str, kinds: dict[str, Kind], inner: str = "") -> list[Property]:
    """Properties of another place; ``inner`` is a place that leads on from there."""
    return [
        Property(name, at(place, at(inner, name) if inner else name), kind)
        for name, kind in kinds.items()
    ]


_REGION: Final[dict[str, Kind]] = {"RegionId": "string"}
_OF_DATASET: Final = [Property("DOI", at(DATASET, "catalogue.DOI"), "string")]
_OF_LOCATION: Final[dict[str, Kind]] = {
    **_REGION,
    "LatitudeNormalized": "number",
    "LongitudeNormalized": "number",
    "Latitude": "number",
    "Longitude": "number",
}

METADATA_TEXTS: Final = (
    "Version", "DataStewardEmail", "DataCollectionOrganization", "DataUploadOrganization",
    "ProgressCode", "MaintenanceFrequencyCode", "Abstract", "DataCollectionInformation",
    "DataProcessing", "FundingSources", "DataSourceURL", "OtherDataSources", "Citation",
    "Licence", "Disclaimer",
)  # fmt: skip

METADATA: Final = EntitySet(
    name="Metadata",
    entity=EntityType(
        (
            Property("Id", "_id", "string"),
            Property("DOI", "catalogue.DOI", "string"),
            Property("DatasetName", "name", "string"),
            *_properties(dict.fromkeys(METADATA_TEXTS, "string"), "catalogue."),
            Property("TopicCategoryCode", "catalogue.TopicCategoryCode", "string", collection=True),
            Property("Keywords", "catalogue.Keywords", "string", collection=True),
            Property("CreateTimestamp", "created", "datetime"),
            Property("PublishedTimestamp", "published", "datetime"),
            *_elsewhere(FACET, {**_FACETS, "LocationId": "integer"}),
            *_elsewhere(FACET, {"MonitoringLocationType": "string"}),
            *_elsewhere(FACET, _OF_LOCATION, LOCATION),
        ),
        checked=True,
    ),
    selectable=(
        "Id", "DOI", "Version", "DatasetName", *METADATA_TEXTS[1:],
        "TopicCategoryCode", "Keywords", "CreateTimestamp", "PublishedTimestamp",
    ),
    collection="datasets",
    key="_id",
    owner="_id",
    places={FACET: Field("_id", "string", checked=True)},
    homes={"": DATASET},
)  # fmt: skip
LOCATIONS: Final = EntitySet(
    name="Locations",
    entity=EntityType(
        (
            Property("Id", "_id", "integer"),
            Property("LocationId", "_id", "integer"),
            *_properties({**_texts("ID Name"), **_SHAPE, **_NORMALIZED, **_REGION}),
            *_OF_DATASET,
            *_elsewhere(FACET, _FACETS),
        ),
        checked=True,
    ),
    selectable=("Id", "DOI", "ID", "Name", *_SHAPE, *_NORMALIZED),
    collection="locations",
    key="_id",
    owner="dataset",
    places={
        DATASET: Field("dataset", "string", checked=True),
        FACET: Field("_id", "integer", checked=True),
    },
    homes={"": LOCATION, DATASET: DATASET},
    asked=tuple(_elsewhere(FACET, {"MonitoringLocationType": "string"})),
)
_DERIVED: Final = _properties(
    {"Id": "integer", "LocationId": "integer", "CreateTimestamp": "datetime"}, f"{OBSERVATION}."
) + _properties({"ActivityStartYear": "integer", "ActivityGroupType": "string"}, f"{OBSERVATION}.")
_ROW: Final = EntityType(
    (
        *_DERIVED,
        *_properties({**_SITE, **_ACTIVITY, **_LIMIT, **_ANALYSIS}),
        *_OF_DATASET,
        *_elsewhere(LOCATION, _OF_LOCATION),
    ),
    checked=True,
)
_ROW_PLACES: Final = {
    DATASET: Field("_datasetid", "string", checked=True),
    LOCATION: Field(f"{OBSERVATION}.LocationId", "integer", checked=True),
}
OBSERVATIONS: Final = EntitySet(
    name="Observations",
    entity=_ROW,
    selectable=(
        "Id", "LocationId", "DOI", *_ACTIVITY,
        "ResultDetectionQuantitationLimitUnit", "ResultDetectionQuantitationLimitMeasure",
        "ResultDetectionQuantitationLimitType", *_ANALYSIS, "CreateTimestamp",
    ),
    collection="documents",
    key=f"{OBSERVATION}.Id",
    owner="_datasetid",
    places=_ROW_PLACES,
)  # fmt: skip
RECORDS: Final = EntitySet(
    name="Records",
    entity=_ROW,
    selectable=("Id", "DOI", *_SITE, *_ACTIVITY, *_LIMIT, *_ANALYSIS),
    collection="documents",
    key=f"{OBSERVATION}.Id",
    owner="_datasetid",
    places=_ROW_PLACES,
)
SETS: Final = {found.name: found for found in (METADATA, LOCATIONS, OBSERVATIONS, RECORDS)}

BY_FACETS: Final = EntitySet(
    name="",
    entity=EntityType(
        tuple(_elsewhere(FACET, {**_FACETS, "MonitoringLocationType": "string"})), checked=True
    ),
    selectable=(),
    collection="documents",
    key=f"{OBSERVATION}.Id",
    owner="_datasetid",
    places={FACET: Field(f"{OBSERVATION}.LocationId", "integer", checked=True)},
)
"""The rows at locations that have an observation of some kind: more than those of that kind."""

FACET_PLACES: Final = {
    LOCATION: Field("LocationId", "integer", checked=True),
    DATASET: Field("dataset", "string", checked=True),
}
