"""Text cells and loose rows become typed rows in one spelling."""

from __future__ import annotations

import signal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.observations.check import check
from hub.observations.columns import BY_NAME, NAMES
from hub.observations.tables import ENUMERATIONS
from hub.observations.typed import from_texts, normalized
from tests.unit.observations.rows import FIELD, row

CPU_S: Final = 60

TEXTS = {name: str(value) for name, value in FIELD.items()}


def test_a_line_of_texts_becomes_a_typed_row() -> None:
    assert from_texts(TEXTS) == (FIELD, [])


@pytest.mark.parametrize("blank", ["", " ", "\t "])
def test_a_blank_cell_is_absent(blank: str) -> None:
    assert from_texts(TEXTS | {"ResultComment": blank}) == (FIELD, [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("7.0", 7.0),
        ("7.", 7.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        (" 7 ", 7),
        ("999999999999999999", 999_999_999_999_999_999),
        ("9999999999999999999", 1e19),
    ],
)
def test_a_number_is_an_int_or_a_float_as_it_is_written(text: str, value: float) -> None:
    result = from_texts(TEXTS | {"ResultValue": text})[0]["ResultValue"]
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    "text", ["nan", "inf", "1_000", "1,5", "0x10", "<0.01", "1e", "\u0661", "."]
)
def test_what_is_no_number_stays_text_and_is_found(text: str) -> None:
    result, found = from_texts(TEXTS | {"ResultValue": text})
    assert result["ResultValue"] == text
    assert [(f.column, f.value, f.rule) for f in found] == [("ResultValue", text, "type")]


def test_a_text_that_is_nearly_a_number_is_read_in_one_go() -> None:
    """Tried once for each of its places, this one would take hours."""

    def too_long(*_: object) -> None:
        raise AssertionError("a cell is read over and over")

    text = "9" * 1_000_000 + "x"
    before = signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_S)
    try:
        found = from_texts({"ResultValue": text})[0]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    assert found == {"ResultValue": text}


def test_a_number_beyond_floats_is_found() -> None:
    found = from_texts(TEXTS | {"ResultValue": "1e999"})[1]
    assert "not_finite" in {f.rule for f in found}


def test_an_unknown_cell_is_found() -> None:
    found = from_texts(TEXTS | {"Colour": "red"})[1]
    assert [(f.column, f.rule) for f in found] == [("Colour", "unknown_column")]


@pytest.mark.parametrize(
    ("column", "loose", "value"),
    [
        ("ActivityMediaName", "surface water", "Surface Water"),
        ("ActivityType", "SAMPLE-ROUTINE", "Sample-Routine"),
        ("CharacteristicName", "PH", "pH"),
        ("CharacteristicName", "escherichia COLI", "Escherichia coli"),
        ("ResultUnit", "MG/l", "mg/L"),
        ("ResultUnit", " mg/L ", "mg/L"),
        ("ResultUnit", "Furlong", "Furlong"),
        ("MonitoringLocationHorizontalCoordinateReferenceSystem", "nad83", "NAD83"),
        ("ActivityStartTime", "8:30", "08:30"),
        ("ActivityStartTime", "8:5:9", "08:05:09"),
        ("ActivityStartTime", "08:30:00.5", "08:30:00.500"),
        ("ActivityStartTime", "noon", "noon"),
        ("ActivityStartTime", 830, 830),
        ("ActivityStartTimeZone", "-600", "-06:00"),
        ("ActivityStartTimeZone", "-0330", "-03:30"),
        ("ActivityStartTimeZone", "+5:30", "+05:30"),
        ("ActivityStartTimeZone", "z", "Z"),
        ("ActivityStartTimeZone", "-6", "-6"),
        ("ActivityStartDate", "2021-06-01 ", "2021-06-01"),
        ("ResultComment", " as it is", " as it is"),
        ("DatasetName", "bow river", "bow river"),
    ],
)
def test_loose_spelling_is_mended(column: str, loose: Any, value: Any) -> None:
    assert normalized({column: loose}) == {column: value}


def test_nulls_are_left_out() -> None:
    assert normalized(FIELD | {"ResultComment": None}) == FIELD


def test_unknown_columns_are_left_for_the_check() -> None:
    assert normalized({"Colour": "red", "_x": 1}) == {"Colour": "red", "_x": 1}


def test_a_sensors_row_is_good_once_it_is_normalized() -> None:
    loose = row(ActivityMediaName="SURFACE WATER", ActivityStartTime="8:30", ResultUnit="DEG c")
    assert check(loose) != []
    assert check(normalized(loose)) == []


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text())
)
NAMES_OR_NOT = st.one_of(st.sampled_from(NAMES), st.text())
ROWS = st.dictionaries(NAMES_OR_NOT, VALUES)


@given(ROWS)
def test_any_row_can_be_normalized_and_checked(loose: dict[str, Any]) -> None:
    once = normalized(loose)
    assert normalized(once) == once or any(value != value for value in once.values())
    assert check(once) != []


@given(st.dictionaries(NAMES_OR_NOT, st.text()))
def test_any_cells_can_be_read(cells: dict[str, str]) -> None:
    result, found = from_texts(cells)
    assert result.keys() <= cells.keys()
    assert found != []


@given(st.sampled_from([n for n in NAMES if BY_NAME[n].kind == "enum"]), st.data())
def test_every_name_is_found_in_any_case(column: str, data: st.DataObject) -> None:
    names = sorted(ENUMERATIONS[BY_NAME[column].values or ""].names)
    name = data.draw(st.sampled_from(names))
    assert normalized({column: name.upper()}) == {column: name}
