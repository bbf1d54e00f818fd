"""The operators of derived streams: every rule by hand, and any recomputed window by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.series.derive import NEEDS, Derived, Track, Window, affected, derived

Points = list[tuple[int, Any]]
WIDTH = 10
ALL = (-1000, 999)
BIG = 2**62


def track(points: Points) -> Track:
    return Track([at for at, _ in points], [value for _, value in points])


def run(op: str, *sources: Points, window: Window = ALL, **args: Any) -> Derived:
    return derived(op, [track(points) for points in sources], args, window, WIDTH)


def pairs(made: Track) -> Points:
    return list(zip(made.at, made.values, strict=True))


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([], []),
        ([(0, 5)], []),
        ([(0, 5), (2000, 9)], [(2000, 2.0)]),
        ([(0, 5), (250, 6)], [(250, 4.0)]),
        ([(0, 5), (1000, 2)], [(1000, -3.0)]),
        ([(-1000, 1.5), (1000, 2.5)], [(1000, 0.5)]),
        ([(0, 5), (1000, 5)], [(1000, 0.0)]),
        ([(0, 1), (1000, 2), (3000, 6)], [(1000, 1.0), (3000, 2.0)]),
        ([(0, None)], [(0, None)]),
        ([(0, 1), (1000, None), (2000, 3)], [(1000, None)]),
        ([(0, 1), (1000, None), (2000, 3), (3000, 5)], [(1000, None), (3000, 2.0)]),
        ([(0, None), (1000, None)], [(0, None), (1000, None)]),
        ([(0, 1), (0, None), (1000, 5)], [(0, None)]),
        ([(0, None), (0, 1), (1000, 5)], [(0, None), (1000, 4.0)]),
        ([(0, BIG), (1000, BIG + 1)], [(1000, 1.0)]),
    ],
)
def test_a_derivative_is_the_change_per_second(sources: Points, expected: Points) -> None:
    made = run("derivative", sources, window=(-9999, 9999))
    assert pairs(made) == expected
    assert all(value is None or type(value) is float for value in made.values)


@pytest.mark.parametrize(
    ("points", "expected", "skipped"),
    [
        ([(0, 1), (0, 2)], [], 1),
        ([(0, 1), (0, 2), (0, 3)], [], 2),
        ([(0, 1), (0, 2), (1000, 3)], [(1000, 1.0)], 1),
        ([(0, 1), (1000, 2), (1000, 5)], [(1000, 1.0)], 1),
        ([(0, 1), (0, None), (0, 2)], [(0, None)], 0),
    ],
)
@pytest.mark.parametrize(("op", "before"), [("derivative", []), ("counter_derivative", [[]])])
def test_a_value_at_the_same_time_is_skipped_and_counted(
    op: str, before: list[Points], points: Points, expected: Points, skipped: int
) -> None:
    made = run(op, *before, points, window=(-9999, 9999))
    assert (pairs(made), made.skipped) == (expected, skipped)


def test_what_was_skipped_outside_the_window_is_not_counted() -> None:
    assert run("derivative", [(0, 1), (0, 2), (5, 3), (9, 3), (9, 4)], window=(1, 8)).skipped == 0


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], []),
        ([(0, 5)], []),
        ([(0, 5), (1, 5), (2, 6)], []),
        ([(0, 5), (1, 4)], [(1, 1)]),
        ([(0, 5), (1, 4), (2, 3), (3, 3)], [(1, 1), (2, 1)]),
        ([(0, 5), (1, None), (2, 4)], [(2, 1)]),
        ([(0, 5), (1, None), (2, None), (3, 6)], []),
        ([(0, None), (1, 4)], []),
        ([(0, 5), (0, 4)], [(0, 1)]),
        ([(0, 0.5), (1, 0.25)], [(1, 1)]),
    ],
)
def test_a_counter_reset_is_where_the_value_falls(points: Points, expected: Points) -> None:
    assert pairs(run("counter_reset", points)) == expected


CLIMB: Points = [(0, 5), (1000, 7), (2000, 10)]
FALL: Points = [(0, 5), (1000, 2), (2000, 4)]


@pytest.mark.parametrize(
    ("resets", "data", "expected"),
    [
        ([], CLIMB, [(1000, 2.0), (2000, 3.0)]),
        ([(-5, 1)], CLIMB, [(1000, 2.0), (2000, 3.0)]),
        ([(0, 1)], CLIMB, [(1000, 2.0), (2000, 3.0)]),
        ([(1, 1)], CLIMB, [(2000, 3.0)]),
        ([(1000, 1)], CLIMB, [(2000, 3.0)]),
        ([(1001, "any")], CLIMB, [(1000, 2.0)]),
        ([(500, None)], CLIMB, [(1000, 2.0), (2000, 3.0)]),
        ([(500, False)], CLIMB, [(2000, 3.0)]),
        ([(500, 1), (1500, 1)], CLIMB, []),
        ([(2001, 1)], CLIMB, [(1000, 2.0), (2000, 3.0)]),
        ([], FALL, [(2000, 2.0)]),
        ([(1000, 1)], FALL, [(2000, 2.0)]),
        ([], [(0, 5), (1000, None), (2000, 9), (2250, 10)], [(1000, None), (2250, 4.0)]),
        ([(1000, 1)], [(0, 5), (1000, None)], [(1000, None)]),
        ([], [(0, 5), (1000, 5)], [(1000, 0.0)]),
        ([(500, 1)], [], []),
    ],
)
def test_the_rate_of_a_counter_begins_anew_at_a_reset(
    resets: Points, data: Points, expected: Points
) -> None:
    assert pairs(run("counter_derivative", resets, data, window=(-9999, 9999))) == expected


@pytest.mark.parametrize(
    ("resets", "data", "expected"),
    [
        ([], FALL, [(1000, 7.0), (2000, 2.0)]),
        ([(1000, 1)], FALL, [(2000, 2.0)]),
        ([], [(0, 9.5), (250, 0.5)], [(250, 4.0)]),
        ([], [(0, 9), (1000, 10)], [(1000, 1.0)]),
        ([], [(0, 9), (1000, None), (2000, 1)], [(1000, None)]),
    ],
)
def test_a_fall_with_a_maximum_is_an_overflow(
    resets: Points, data: Points, expected: Points
) -> None:
    made = run("counter_derivative", resets, data, window=(-9999, 9999), max_value=10)
    assert pairs(made) == expected


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([[(0, 1)], [(0, 2)]], [(0, 3)]),
        ([[(3, 1)], [(9, 2)]], [(0, 3)]),
        ([[(9, 1)], [(10, 2)]], []),
        ([[(-1, 1)], [(-10, 2)]], [(-10, 3)]),
        ([[(0, 1), (10, 2), (30, 4)], [(10, 5), (20, 6), (39, 7)]], [(10, 7), (30, 11)]),
        ([[(0, 1)], []], []),
        ([[(0, None)], [(0, 2)]], [(0, 2)]),
        ([[(0, None)], [(0, None)]], [(0, None)]),
        ([[(0, 1), (4, 2)], [(9, 10)]], [(0, 12)]),
        ([[(4, 1), (4, 2)], [(9, 10)]], [(0, 12)]),
        ([[(0, 1), (4, None)], [(9, 10)]], [(0, 10)]),
        ([[(0, None), (4, 1)], [(9, 10)]], [(0, 11)]),
        ([[(0, 1)], [(0, 2)], [(0, 4)]], [(0, 7)]),
        ([[(0, 1)], [(0, 2)], [(10, 4)]], []),
        ([[(13, 1)]], [(10, 1)]),
        ([[(0, 0)], [(0, 0)]], [(0, 0)]),
    ],
)
def test_a_sum_is_of_what_all_sources_have(sources: list[Points], expected: Points) -> None:
    assert pairs(run("sum", *sources)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((2**53, 1), 2**53 + 1),
        ((2**62, 2**62 - 1), 2**63 - 1),
        ((-(2**62), -(2**62)), -(2**63)),
        ((2**62, 2**62), 2.0**63),
        ((1, 0.5), 1.5),
        ((0.1, 0.2, 0.3), 0.6),
        ((1e16, 1.0, -1e16), 1.0),
        ((1e308, 1e308), float("inf")),
    ],
)
def test_a_sum_stays_whole_and_exact_where_it_can(
    values: tuple[float, ...], expected: float
) -> None:
    (total,) = run("sum", *([(0, value)] for value in values)).values
    assert (type(total), total) == (type(expected), expected)


def test_infinities_that_oppose_have_no_sum() -> None:
    (total,) = run("sum", [(0, float("inf"))], [(0, float("-inf"))]).values
    assert total != total


@pytest.mark.parametrize(
    ("op", "window", "expected"),
    [
        ("derivative", (10, 20), [10, 20]),
        ("derivative", (11, 19), []),
        ("derivative", (20, 29), [20]),
        ("counter_reset", (10, 20), [10, 20]),
        ("counter_reset", (11, 29), [20]),
        ("sum", (10, 29), [10, 20]),
        ("sum", (10, 19), [10]),
    ],
)
def test_only_the_closed_window_is_answered(op: str, window: Window, expected: list[int]) -> None:
    assert run(op, [(0, 9), (10, 7), (20, 5), (30, 3)], window=window).at == expected


@pytest.mark.parametrize("window", [(1, 19), (0, 18), (0, 20), (5, 14)])
def test_a_sum_is_refused_over_parts_of_buckets(window: Window) -> None:
    with pytest.raises(ValueError, match="whole buckets"):
        run("sum", [(0, 1)], window=window)


@pytest.mark.parametrize(
    ("op", "count"), [("derivative", 2), ("counter_reset", 0), ("counter_derivative", 1)]
)
def test_a_wrong_number_of_sources_is_refused(op: str, count: int) -> None:
    with pytest.raises(ValueError, match="values to unpack"):
        run(op, *[[(0, 1)]] * count)


@pytest.mark.parametrize(
    ("op", "changed", "following", "expected"),
    [
        ("derivative", (3, 7), 21, (3, 21)),
        ("derivative", (3, 7), None, (3, 7)),
        ("counter_reset", (3, 7), 21, (3, 21)),
        ("counter_derivative", (3, 7), 21, (3, 21)),
        ("sum", (3, 7), None, (0, 9)),
        ("sum", (10, 20), None, (10, 29)),
        ("sum", (-1, -1), None, (-10, -1)),
    ],
)
def test_a_change_reaches_so_far(
    op: str, changed: Window, following: int | None, expected: Window
) -> None:
    assert affected(op, changed, following, WIDTH) == expected


def neighbour(points: Points, kind: str) -> tuple[int, Any] | None:
    """The first of some datapoints that a need names."""
    if kind == "nothing":
        return None
    return next((p for p in points if kind == "point" or p[1] is not None), None)


def stale(op: str, sources: Sequence[Points], changed: Window) -> Window:
    needs = NEEDS[op]
    later = neighbour([p for p in sources[needs.source] if p[0] > changed[1]], needs.after)
    return affected(op, changed, later[0] if later else None, WIDTH)


def read(op: str, sources: Sequence[Points], window: Window) -> list[Points]:
    """No more than what an operator says that it needs."""
    needs, (first, last) = NEEDS[op], window
    earlier = [p for p in sources[needs.source] if p[0] < first]
    context = neighbour(earlier[::-1], needs.before)
    found = []
    for place, points in enumerate(sources):
        before: Points = []
        if context and place == needs.source:
            before = [context]
        elif context:
            before = [p for p in points if context[0] <= p[0] < first]
        found.append(before + [p for p in points if first <= p[0] <= last])
    return found


def spliced(old: Points, new: Points, window: Window) -> Points:
    first, last = window
    return [p for p in old if p[0] < first] + new + [p for p in old if p[0] > last]


SOURCES = {"sum": 3, "derivative": 1, "counter_reset": 1, "counter_derivative": 2}
VALUES = st.one_of(st.none(), st.integers(0, 4), st.sampled_from([0.5, 1.5, 2.5]))


@st.composite
def changes(draw: st.DrawFn, sources: int) -> tuple[Window, list[Points | None]]:
    """A range of time, and for each source what it holds there from now on, if that changes."""
    first = draw(st.integers(-20, 40))
    last = first + draw(st.integers(0, 15))
    points = st.lists(st.tuples(st.integers(first, last), VALUES), max_size=6)
    fresh = [draw(st.one_of(st.none(), points)) for _ in range(sources)]
    return (first, last), [p and sorted(p, key=lambda point: point[0]) for p in fresh]


@pytest.mark.parametrize(
    ("op", "sources", "changed", "window", "expected"),
    [
        ("derivative", [[(0, 1), (1000, None), (2000, 3)]], (2000, 2000), (2000, 2000), []),
        ("derivative", [[(0, 1), (1000, 3)]], (500, 1000), (500, 1000), [(1000, 2.0)]),
        ("derivative", [[(0, 1), (0, 2), (1000, 3)]], (1000, 1000), (1000, 1000), [(1000, 1.0)]),
        ("derivative", [[(1000, 1), (2000, 3)]], (0, 500), (0, 1000), []),
        ("derivative", [[(0, 1), (1, None), (2, 3)]], (0, 0), (0, 1), [(1, None)]),
        ("counter_reset", [[(0, 5), (1, None), (2, 4)]], (2, 2), (2, 2), [(2, 1)]),
        ("counter_reset", [[(0, 5), (1, None), (2, 4)]], (0, 0), (0, 2), [(2, 1)]),
        ("counter_derivative", [[(1, 1)], [(0, 5), (3, 6)]], (2, 3), (2, 3), []),
        ("counter_derivative", [[(1, 1)], [(0, 5), (3, 6)]], (1, 1), (1, 3), []),
        ("counter_derivative", [[], [(0, 5), (500, 6)]], (1, 1), (1, 500), [(500, 2.0)]),
        ("counter_derivative", [[(1, 1)], [(3, 6)]], (2, 3), (2, 3), []),
        ("sum", [[(1, 5)], [(9, 6)]], (5, 5), (0, 9), [(0, 11)]),
    ],
)
def test_what_an_operator_needs_suffices(
    op: str, sources: list[Points], changed: Window, window: Window, expected: Points
) -> None:
    assert stale(op, sources, changed) == window
    assert pairs(run(op, *read(op, sources, window), window=window)) == expected


@pytest.mark.parametrize("op", sorted(NEEDS))
@settings(max_examples=120, deadline=None)
@given(data=st.data(), max_value=st.sampled_from([None, 5]))
def test_windows_put_together_equal_the_whole(op: str, data: Any, max_value: int | None) -> None:
    sources: list[Points] = [[] for _ in range(SOURCES[op])]
    kept: Points = []
    for changed, fresh in data.draw(st.lists(changes(len(sources)), min_size=1, max_size=6)):
        sources = [
            old if new is None else spliced(old, new, changed)
            for old, new in zip(sources, fresh, strict=True)
        ]
        window = stale(op, sources, changed)
        part = run(op, *read(op, sources, window), window=window, max_value=max_value)
        kept = spliced(kept, pairs(part), window)
        assert kept == pairs(run(op, *sources, max_value=max_value))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), op=st.sampled_from(sorted(NEEDS)))
def test_more_context_than_needed_changes_nothing(data: Any, op: str) -> None:
    points = st.lists(st.tuples(st.integers(0, 60), VALUES), max_size=20)
    sources = [sorted(data.draw(points), key=lambda p: p[0]) for _ in range(SOURCES[op])]
    first = data.draw(st.integers(0, 60))
    window = affected(op, (first, first + data.draw(st.integers(0, 20))), None, WIDTH)
    assert run(op, *sources, window=window) == run(op, *read(op, sources, window), window=window)
