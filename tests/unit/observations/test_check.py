"""Each rule with a row that obeys it and one that does not."""

from __future__ import annotations

from typing import Any

import pytest

from hub.observations.check import HINTS_MAX, RULES, check, nearest
from hub.observations.columns import COLUMNS, NAMES, REQUIRED
from tests.unit.observations.rows import LIMIT, row

NO_VALUE = {"ResultValue": None, "ResultUnit": None}
NITRATE = {
    "CharacteristicName": "Nitrate",
    "ResultUnit": "mg/L",
    "MethodSpeciation": "as N",
    "ResultSampleFraction": "Filtered",
}
ROUTINE = {
    "ActivityType": "Sample-Routine",
    "LaboratoryName": "City lab",
    "ResultAnalyticalMethodName": "Ion chromatography",
}
BELOW = NO_VALUE | {"ResultDetectionCondition": "Below Detection/Quantification Limit"}
SALT = {"CharacteristicName": "Salinity", "ResultUnit": "PSU"}
DEPTH = {"ActivityDepthHeightMeasure": -1.5, "ActivityDepthHeightUnit": "m"}
SECCHI = {"CharacteristicName": "Depth, Secchi disk depth", "ResultUnit": "m"}
LAT, LON = "MonitoringLocationLatitude", "MonitoringLocationLongitude"
LIMIT_MEASURE = "ResultDetectionQuantitationLimitMeasure"
LIMIT_UNIT = "ResultDetectionQuantitationLimitUnit"

RULE_CASES: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    (
        "horizontal_accuracy_unit",
        {
            "MonitoringLocationHorizontalAccuracyMeasure": 5,
            "MonitoringLocationHorizontalAccuracyUnit": "m",
        },
        {"MonitoringLocationHorizontalAccuracyUnit": None},
        ["MonitoringLocationHorizontalAccuracyUnit"],
    ),
    (
        "vertical_unit",
        {"MonitoringLocationVerticalMeasure": 1045, "MonitoringLocationVerticalUnit": "MASL"},
        {"MonitoringLocationVerticalUnit": None},
        ["MonitoringLocationVerticalUnit"],
    ),
    ("depth_unit", DEPTH, {"ActivityDepthHeightUnit": None}, ["ActivityDepthHeightUnit"]),
    ("result_unit", {}, {"ResultUnit": None}, ["ResultUnit"]),
    ("limit_unit", LIMIT, {LIMIT_UNIT: None}, [LIMIT_UNIT]),
    (
        "limit_type",
        LIMIT,
        {"ResultDetectionQuantitationLimitType": None},
        ["ResultDetectionQuantitationLimitType"],
    ),
    (
        "analysis_zone",
        {"AnalysisStartTime": "10:00", "AnalysisStartTimeZone": "-06:00"},
        {"AnalysisStartTimeZone": None},
        ["AnalysisStartTimeZone"],
    ),
    (
        "analysis_time",
        {"AnalysisStartTime": "10:00", "AnalysisStartTimeZone": "-06:00"},
        {"AnalysisStartTime": None},
        ["AnalysisStartTime"],
    ),
    ("value_or_condition", {}, NO_VALUE, ["ResultValue"]),
    (
        "value_or_condition",
        {},
        {"ResultDetectionCondition": "Not Detected"},
        ["ResultDetectionCondition"],
    ),
    ("limit_missing", BELOW | LIMIT, dict.fromkeys(LIMIT), list(LIMIT)),
    (
        "limit_forbidden",
        BELOW | LIMIT,
        {"ResultDetectionCondition": "Not Detected"},
        list(LIMIT),
    ),
    (
        "series_time",
        {"ActivityType": "Field Msr/Obs-Continuous Time Series", "ActivityStartTime": "10:00"},
        {"ActivityStartTime": None},
        ["ActivityStartTime"],
    ),
    (
        "sample_method",
        ROUTINE
        | {
            "ResultAnalyticalMethodName": None,
            "ResultAnalyticalMethodID": "4500",
            "ResultAnalyticalMethodContext": "APHA",
        },
        {"ResultAnalyticalMethodContext": None},
        ["ResultAnalyticalMethodName"],
    ),
    (
        "sample_method",
        ROUTINE,
        {"ResultAnalyticalMethodName": None},
        ["ResultAnalyticalMethodName"],
    ),
    ("sample_laboratory", ROUTINE, {"LaboratoryName": None}, ["LaboratoryName"]),
    ("speciation", NITRATE, {"MethodSpeciation": None}, ["MethodSpeciation"]),
    ("fraction", NITRATE, {"ResultSampleFraction": None}, ["ResultSampleFraction"]),
    (
        "fraction",
        {"CharacteristicName": "Copper", "ResultUnit": "ug/L", "ResultSampleFraction": "Total"},
        {"ResultSampleFraction": None},
        ["ResultSampleFraction"],
    ),
    ("salinity_unit", SALT, {"ResultUnit": "uS/cm"}, ["ResultUnit"]),
    (
        "salinity_limit_unit",
        SALT | LIMIT,
        {LIMIT_UNIT: "uS/cm"},
        [LIMIT_UNIT],
    ),
    (
        "depth_of_depth",
        SECCHI,
        DEPTH,
        ["ActivityDepthHeightMeasure", "ActivityDepthHeightUnit"],
    ),
    (
        "depth_above_surface",
        DEPTH,
        {"ActivityDepthHeightMeasure": 1.5},
        ["ActivityDepthHeightMeasure"],
    ),
    (
        "ph_range",
        {"CharacteristicName": "pH", "ResultUnit": "None", "ResultValue": 14},
        {"ResultValue": 14.1},
        ["ResultValue"],
    ),
    ("temperature_range", {"ResultValue": -100}, {"ResultValue": -100.1}, ["ResultValue"]),
    (
        "negative_concentration",
        NITRATE | {"ResultValue": 0},
        {"ResultValue": -0.1},
        ["ResultValue"],
    ),
    ("negative_limit", BELOW | LIMIT, {LIMIT_MEASURE: -1}, [LIMIT_MEASURE]),
    (
        "negative_saturation",
        {"CharacteristicName": "Dissolved oxygen saturation", "ResultUnit": "%"},
        {"ResultValue": -1},
        ["ResultValue"],
    ),
    ("unit_without_value", BELOW | LIMIT, {"ResultUnit": "mg/L"}, ["ResultUnit"]),
    ("latitude_outside", {}, {LAT: 12.5}, [LAT]),
    ("longitude_outside", {}, {LON: 12.5}, [LON]),
]

WARNINGS = {
    "analysis_zone",
    "ph_range",
    "temperature_range",
    "negative_concentration",
    "negative_limit",
    "negative_saturation",
    "unit_without_value",
    "latitude_outside",
    "longitude_outside",
}


def columns_by(found: list[Any], rule: str) -> list[str | None]:
    return [finding.column for finding in found if finding.rule == rule]


@pytest.mark.parametrize(("rule", "good", "spoiled", "columns"), RULE_CASES)
def test_a_rule_finds_its_offence_and_no_other(
    rule: str, good: dict[str, Any], spoiled: dict[str, Any], columns: list[str]
) -> None:
    assert check(row(**good)) == []
    assert columns_by(check(row(**(good | spoiled))), rule) == columns


def test_every_rule_has_its_case() -> None:
    assert {case[0] for case in RULE_CASES} == {rule.id for rule in RULES}


def test_what_is_only_doubtful_is_a_warning() -> None:
    assert {rule.id for rule in RULES if rule.severity == "warning"} == WARNINGS


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"ActivityMediaName": "Groundwater", **DEPTH, "ActivityDepthHeightMeasure": 3}, "depth"),
        ({"ResultUnit": "deg F", "ResultValue": 101}, "temperature_range"),
        ({"CharacteristicName": "Turbidity", "ResultUnit": "NTU", "ResultValue": -1}, "negative"),
        ({"CharacteristicName": "Oxygen demand of mice"}, "fraction"),
    ],
)
def test_a_rule_leaves_alone_what_it_does_not_mean(changes: dict[str, Any], rule: str) -> None:
    assert [f for f in check(row(**changes)) if f.rule.startswith(rule)] == []


COMMENT = "ResultComment"
VALUE_CASES: list[tuple[str, Any, Any, str]] = [
    ("DatasetName", "x" * 512, "x" * 513, "too_long"),
    ("MonitoringLocationID", "x" * 55, "x" * 56, "too_long"),
    ("MonitoringLocationName", "x" * 255, "x" * 256, "too_long"),
    ("LaboratoryName", "x" * 100, "x" * 101, "too_long"),
    ("LaboratorySampleID", "x" * 60, "x" * 61, "too_long"),
    ("ResultAnalyticalMethodID", "x" * 50, "x" * 51, "too_long"),
    ("ResultAnalyticalMethodName", "x" * 300, "x" * 301, "too_long"),
    (COMMENT, "x" * 4000, "x" * 4001, "too_long"),
    (COMMENT, "one\r\ntwo", "one\ttwo", "characters"),
    ("LaboratoryName", "Rivière «été»", "one\ntwo", "characters"),
    (COMMENT, "😀 ±µ", "a\u200bb", "characters"),
    (COMMENT, "fine", "half \ud800", "characters"),
    (COMMENT, "a=b", "=b", "csv_injection"),
    (COMMENT, "a b", " b", "csv_injection"),
    (COMMENT, "a+b", "+b", "csv_injection"),
    (COMMENT, "a-b", "-b", "csv_injection"),
    (COMMENT, "a@b", "@b", "csv_injection"),
    (COMMENT, "a\rb", "\rb", "csv_injection"),
    (COMMENT, "fine", "", "empty"),
    (COMMENT, "fine", 5, "type"),
    (LAT, 49, -0.1, "range"),
    (LAT, 83.1, 90.1, "range"),
    (LAT, 83, 91, "range"),
    (LAT, 49, -1, "range"),
    (LON, -60, -180.1, "range"),
    (LON, -141.5, 180.1, "range"),
    ("MonitoringLocationHorizontalAccuracyMeasure", 0, -1, "range"),
    ("ResultValue", 5, "5", "type"),
    ("ResultValue", 5.0, True, "type"),
    ("ResultValue", 5.0, float("nan"), "not_finite"),
    ("ResultValue", 5.0, float("inf"), "not_finite"),
    ("ResultValue", 5.0, 1 << 63, "range"),
    ("ActivityStartDate", "2024-02-29", "2023-02-29", "date"),
    ("ActivityStartDate", "2024-02-29", "2024-2-29", "date"),
    ("ActivityStartDate", "2024-02-29", "2024-W09-4", "date"),
    ("ActivityStartDate", "2024-02-29", "20240229", "date"),
    ("ActivityEndDate", "2024-02-29", ["2024-02-29"], "date"),
    ("ActivityStartTime", "23:59", "24:00", "time"),
    ("ActivityStartTime", "08:30:59", "8:30", "time"),
    ("ActivityStartTime", "08:30:59.125", "08:30:59.1", "time"),
    ("ActivityEndTime", "08:30", "08:60", "time"),
    ("ActivityStartTimeZone", "Z", "z", "zone"),
    ("ActivityStartTimeZone", "-03:30", "-0330", "zone"),
    ("ActivityEndTimeZone", "+14:00", "+15:00", "zone"),
    ("ActivityMediaName", "Ocean Water", "Sea Water", "enumeration"),
    ("ActivityMediaName", "Groundwater", "groundwater", "enumeration"),
    ("MonitoringLocationType", "Piezometer", "Pool", "enumeration"),
    ("MonitoringLocationType", "Estuary", {"a": 1}, "type"),
    ("ResultStatusID", "Historical", "Old", "enumeration"),
    ("CharacteristicName", "Turbidity", "Muddiness", "characteristic_unknown"),
    ("ResultUnit", "NTU", "furlong", "value_unknown"),
    ("SampleCollectionEquipmentName", "Bucket", "Teaspoon", "value_unknown"),
    ("SampleCollectionEquipmentName", "Bucket", "=Teaspoon", "csv_injection"),
    ("CharacteristicName", "Turbidity", "x" * 256, "too_long"),
]


@pytest.mark.parametrize(("column", "good", "bad", "rule"), VALUE_CASES)
def test_a_value_that_does_not_fit_its_column_is_found(
    column: str, good: Any, bad: Any, rule: str
) -> None:
    assert columns_by(check(row(**{column: good})), rule) == []
    assert columns_by(check(row(**{column: bad})), rule) == [column]


@pytest.mark.parametrize("column", sorted(REQUIRED))
def test_a_required_column_that_is_missing_is_found(column: str) -> None:
    assert columns_by(check(row(**{column: None})), "required") == [column]


@pytest.mark.parametrize("column", NAMES)
def test_a_structure_is_refused_in_every_column(column: str) -> None:
    kinds = {"date": "date", "time": "time", "zone": "zone"}
    kind = next(each.kind for each in COLUMNS if each.name == column)
    found = check(row(**{column: [{"a": 1}]}))
    assert columns_by(found, kinds.get(kind, "type")) == [column]


def test_a_name_outside_an_open_list_is_only_a_warning() -> None:
    found = check(row(CharacteristicName="Muddiness", ResultUnit="furlong"))
    assert [(f.rule, f.severity) for f in found] == [
        ("characteristic_unknown", "warning"),
        ("value_unknown", "warning"),
    ]


def test_an_unknown_column_is_an_error_that_names_the_nearest() -> None:
    (finding,) = check(row(Resultvalue=5))
    assert (finding.column, finding.rule, finding.severity) == (
        "Resultvalue",
        "unknown_column",
        "error",
    )
    assert "ResultValue" in finding.message


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("activitystartdate", "ActivityStartDate"),
        ("MonitoringLocationIdentifier", "MonitoringLocationID"),
        (" ResultUnit", "ResultUnit"),
        ("Result_Unit", "ResultUnit"),
        ("CharateristicName", "CharacteristicName"),
        ("Colour", None),
        ("", None),
        ("zzz", None),
    ],
)
def test_the_nearest_column_is_the_one_that_was_meant(name: str, meant: str | None) -> None:
    assert nearest(name) == meant


def test_a_row_of_unknown_columns_gets_few_hints() -> None:
    found = check(row(**{f"ResultValue{i}": i for i in range(100)}))
    assert len(found) == 100
    assert sum("meant" in finding.message for finding in found) == HINTS_MAX


def test_a_finding_says_which_value_stood_there() -> None:
    (finding,) = check(row(ResultValue="5"))
    assert (finding.column, finding.value) == ("ResultValue", "5")
