"""The quick check of a whole array says what the check of each datapoint says, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import BadDatapoint
from hub.series.incoming import TIME_MAX_S, datapoint, plain
from hub.series.names import STORED_VALUES

TIMES = st.one_of(
    st.integers(-2, TIME_MAX_S + 2),
    st.floats(-2, TIME_MAX_S + 2),
    st.sampled_from([None, True, "2020-01-01", float("inf"), 2**70, TIME_MAX_S + 0.9999999]),
)
VALUES = st.one_of(
    st.integers(-(2**60), 2**60),
    st.floats(),
    st.sampled_from([None, False, "1", [1], {"c": 1}, 2**53, 2**53 - 1, 2**64]),
)
ITEMS = st.one_of(
    st.fixed_dictionaries({"t": TIMES, "v": VALUES}),
    st.fixed_dictionaries({"v": VALUES}, optional={"t": TIMES, "x": VALUES}),
    st.sampled_from([None, 1, "tv", ["t", "v"], {"t": 1}]),
)


@given(st.lists(ITEMS, max_size=4))
def test_it_agrees_with_the_careful_check(items: list[Any]) -> None:
    quick = plain(items)
    if quick is None:
        return
    careful = [datapoint(item, 0, "numeric", STORED_VALUES) for item in items]
    assert list(quick) == careful
    assert [quick[index] for index in range(len(quick))] == careful
    assert list(quick[:1]) == careful[:1]
    assert [type(value) for _, value in quick] == [type(value) for _, value in careful]


@given(st.lists(st.tuples(st.integers(0, TIME_MAX_S), st.integers(-9, 9)), min_size=1))
def test_plain_numbers_need_no_closer_look(pairs: list[tuple[int, int]]) -> None:
    quick = plain([{"t": t, "v": v} for t, v in pairs])
    assert quick is not None
    assert list(quick) == [(t * 1000, v) for t, v in pairs]


@pytest.mark.parametrize("item", [{"t": -1, "v": 1}, {"t": 1, "v": True}, {"t": 1, "v": 1, "w": 1}])
def test_what_may_be_wrong_is_left_to_it(item: dict[str, Any]) -> None:
    assert plain([item]) is None
    with pytest.raises(BadDatapoint):
        datapoint(item, 0, "numeric", STORED_VALUES)
