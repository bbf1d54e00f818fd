"""OPC UA values: what is read of them, and what is written as which type."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from hub.devices.opcua.variants import REAL, WHOLE, plain, reading, variant
from hub.errors import BadDeviceValue, DeviceRefused

T = ua.VariantType
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GUID = "09087e75-8e5e-499b-954f-f2a9603db28a"

whole = st.sampled_from(list(WHOLE)).flatmap(
    lambda type_: st.tuples(st.just(type_), st.integers(*WHOLE[type_]))
)
finite = {"allow_nan": False, "allow_infinity": False}
real = st.one_of(
    st.tuples(st.just(T.Float), st.floats(width=32, **finite)),
    st.tuples(st.just(T.Double), st.floats(width=64, **finite)),
)
other = st.one_of(
    st.tuples(st.just(T.Boolean), st.booleans()), st.tuples(st.just(T.String), st.text())
)


@given(st.one_of(whole, real, other))
def test_what_is_written_is_what_is_read(case: tuple[Any, Any]) -> None:
    type_, value = case
    made = variant(type_, value)
    assert (made.VariantType, plain(made)) == (type_, value)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        *((type_, low - 1) for type_, (low, _) in WHOLE.items()),
        *((type_, high + 1) for type_, (_, high) in WHOLE.items()),
        *((type_, True) for type_ in (*WHOLE, *REAL)),
        *((type_, "1") for type_ in (*WHOLE, *REAL, T.Boolean)),
        *((type_, None) for type_ in (*WHOLE, *REAL, T.Boolean, T.String)),
        (T.UInt16, 1.5),
        (T.UInt64, 2.0**53),
        (T.Boolean, 2.0),
        (T.Float, 1e39),
        (T.Double, 10**400),
        (T.Double, math.nan),
        (T.Double, math.inf),
        (T.Boolean, 2),
        (T.String, 5),
        (T.String, "x" * 65_537),
        (T.DateTime, "2026-01-01"),
        (T.ByteString, b"x"),
        (T.ExtensionObject, {}),
    ],
)
def test_what_does_not_fit_is_refused(type_: Any, value: Any) -> None:
    with pytest.raises(BadDeviceValue) as caught:
        variant(type_, value)
    assert caught.value.detail["type"] == type_.name


@pytest.mark.parametrize(
    ("type_", "value", "held"), [(T.UInt16, 42.0, 42), (T.Int64, -1.0, -1), (T.Boolean, 1.0, True)]
)
def test_a_whole_number_may_have_a_decimal_point(type_: Any, value: float, held: Any) -> None:
    made = variant(type_, value)
    assert (type(made.Value), made.Value) == (type(held), held)


@pytest.mark.parametrize(
    ("value", "type_", "told"),
    [
        (5, T.UInt64, 5),
        (1.5, T.Float, 1.5),
        (True, T.Boolean, True),
        ("h\u00e9", T.String, "h\u00e9"),
        (AT.replace(tzinfo=None), T.DateTime, "2026-01-02T03:04:05Z"),
        (UUID(GUID), T.Guid, GUID),
        (b"\x01\x02", T.ByteString, "AQI="),
        (ua.LocalizedText("Pumpe", "de"), T.LocalizedText, "Pumpe"),
        (ua.QualifiedName("Speed", 2), T.QualifiedName, "2:Speed"),
        (ua.NodeId.from_string("ns=2;s=x"), T.NodeId, "ns=2;s=x"),
    ],
)
def test_single_values_are_told(value: Any, type_: Any, told: Any) -> None:
    read = reading(ua.DataValue(ua.Variant(value, type_)))
    assert (read.told(), read.quality) == (told, "good")


@pytest.mark.parametrize("value", [[1, 2], None])
def test_what_is_no_single_value_is_an_error_of_its_own(value: Any) -> None:
    read = reading(ua.DataValue(ua.Variant(value)))
    assert read.quality == "bad"
    assert isinstance(read.error, BadDeviceValue)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_uncertain(value: float) -> None:
    read = reading(ua.DataValue(ua.Variant(value, T.Double)))
    assert (read.value, read.quality, read.error) == (None, "uncertain", None)


def test_a_bad_status_is_a_refusal_with_its_code() -> None:
    bad = ua.DataValue(ua.Variant(1, T.Int32), StatusCode=ua.StatusCode(ua.UInt32(0x80340000)))
    read = reading(bad)
    assert (read.value, read.quality) == (None, "bad")
    assert isinstance(read.error, DeviceRefused)
    assert read.error.detail["device_code"] == "0x80340000"


def test_an_uncertain_status_keeps_its_value() -> None:
    uncertain = ua.StatusCode(ua.UInt32(0x40920000))
    read = reading(ua.DataValue(ua.Variant(1, T.Int32), StatusCode=uncertain))
    assert (read.value, read.quality) == (1, "uncertain")


@pytest.mark.parametrize(
    ("given_at", "told"),
    [
        (AT, AT),
        (AT.replace(tzinfo=None), AT),
        (AT.astimezone(timezone(timedelta(hours=9))), AT),
        (datetime(1601, 1, 1, tzinfo=UTC), None),
        (None, None),
    ],
)
def test_the_time_is_that_of_the_source_if_it_has_one(given_at: Any, told: Any) -> None:
    assert reading(ua.DataValue(ua.Variant(1), SourceTimestamp=given_at)).at == told
