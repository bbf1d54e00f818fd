"""The columns and the data files agree with themselves."""

from __future__ import annotations

import pytest

from hub.observations.check import RULES
from hub.observations.columns import BY_NAME, COLUMNS, NAMES, REQUIRED
from hub.observations.rules import Engine, parsed
from hub.observations.tables import CHARACTERISTIC, ENUMERATIONS, GROUPS

RECORDS = """
DatasetName, MonitoringLocationID, MonitoringLocationName, MonitoringLocationLatitude,
MonitoringLocationLongitude, MonitoringLocationHorizontalCoordinateReferenceSystem,
MonitoringLocationHorizontalAccuracyMeasure, MonitoringLocationHorizontalAccuracyUnit,
MonitoringLocationVerticalMeasure, MonitoringLocationVerticalUnit, MonitoringLocationType,
ActivityType, ActivityMediaName, ActivityStartDate, ActivityStartTime, ActivityStartTimeZone,
ActivityEndDate, ActivityEndTime, ActivityEndTimeZone, ActivityDepthHeightMeasure,
ActivityDepthHeightUnit, SampleCollectionEquipmentName, CharacteristicName, MethodSpeciation,
ResultSampleFraction, ResultValue, ResultUnit, ResultValueType, ResultDetectionCondition,
ResultDetectionQuantitationLimitMeasure, ResultDetectionQuantitationLimitUnit,
ResultDetectionQuantitationLimitType, ResultStatusID, ResultComment, ResultAnalyticalMethodID,
ResultAnalyticalMethodContext, ResultAnalyticalMethodName, AnalysisStartDate, AnalysisStartTime,
AnalysisStartTimeZone, LaboratoryName, LaboratorySampleID
"""


def test_the_columns_are_those_of_records_in_their_order() -> None:
    assert list(NAMES) == [name.strip() for name in RECORDS.split(",")]


def test_twelve_columns_are_required() -> None:
    assert len(REQUIRED) == 12


def test_every_enumerated_column_has_its_enumeration() -> None:
    assert {c.values for c in COLUMNS if c.kind == "enum"} == set(ENUMERATIONS)


def test_no_enumeration_has_two_names_that_differ_by_case_only() -> None:
    assert [e.name for e in ENUMERATIONS.values() if len(e.folded) != len(e.names)] == []


def test_what_is_known_in_full_is_closed() -> None:
    closed = {name for name, each in ENUMERATIONS.items() if each.closed}
    assert closed == {
        "ActivityMediaName",
        "Datum",
        "DepthHeightUnit",
        "HorizontalAccuracyUnit",
        "LimitType",
        "MonitoringLocationType",
        "ResultDetectionCondition",
        "ResultStatusID",
        "ResultValueType",
        "VerticalUnit",
    }


def test_a_good_many_characteristics_are_known() -> None:
    assert len(ENUMERATIONS[CHARACTERISTIC].names) > 250
    assert {"metal", "nutrient", "isotope", "salinity", "depth", "physical"} <= GROUPS.keys()


def test_rules_have_ids_of_their_own_and_sentences() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert [rule.id for rule in RULES if not rule.message.endswith(".")] == []


@pytest.mark.parametrize(
    ("when", "then"),
    [
        ({"column": "Depth", "present": True}, {"requires": ["ResultUnit"]}),
        ({"column": "ResultUnit", "like": "m"}, {"requires": ["ResultUnit"]}),
        ({"column": "CharacteristicName", "group": ["plastic"]}, {"requires": ["ResultUnit"]}),
        ({"column": "ResultUnit", "is": "m"}, {"wants": ["ResultUnit"]}),
        ({"column": "ResultUnit", "is": "m"}, {"requires": ["Unit"]}),
    ],
)
def test_a_rule_in_unknown_words_is_not_read(when: object, then: object) -> None:
    with pytest.raises(ValueError, match="no "):
        parsed({"id": "x", "when": [when], "then": then, "message": "No."})


def test_an_engine_without_rules_finds_nothing() -> None:
    assert Engine([]).findings({"ResultUnit": "m"}) == []


def test_bounds_are_read() -> None:
    latitude = BY_NAME["MonitoringLocationLatitude"]
    assert (latitude.minimum, latitude.maximum) == (0, 90)
