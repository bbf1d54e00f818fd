"""Which cells are read together: few requests, within the limits, nothing divided or lost."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.devices.places import Place, Space
from hub.devices.spans import Need, Span, halves, merged

WORDS = Space("words", 2, cells_max=10, gap_max=3)
BITS = Space("bits", 1, cells_max=16, gap_max=0)


def needs(*places: tuple[int, int]) -> list[Need]:
    return [Need(n, Place(WORDS, start, size, "uint16")) for n, (start, size) in enumerate(places)]


@pytest.mark.parametrize(
    ("places", "spans"),
    [
        ([], []),
        ([(0, 1)], [(0, 1)]),
        ([(0, 1), (1, 1)], [(0, 2)]),
        ([(1, 1), (0, 1)], [(0, 2)]),
        ([(0, 1), (4, 1)], [(0, 5)]),
        ([(0, 1), (5, 1)], [(0, 1), (5, 1)]),
        ([(0, 1), (0, 1)], [(0, 1)]),
        ([(0, 4), (1, 1)], [(0, 4)]),
        ([(0, 4), (4, 4), (8, 2)], [(0, 10)]),
        ([(0, 4), (4, 4), (8, 4)], [(0, 8), (8, 4)]),
        ([(0, 4), (2, 4)], [(0, 6)]),
    ],
)
def test_neighbours_share_a_span(
    places: list[tuple[int, int]], spans: list[tuple[int, int]]
) -> None:
    assert [(s.start, s.size) for s in merged(needs(*places))] == spans


def test_spaces_are_never_mixed() -> None:
    both = [Need(0, Place(WORDS, 0, 1, "uint16")), Need(1, Place(BITS, 1, 1, "bit"))]
    assert len(merged(both)) == 2


places = st.builds(
    lambda space, start, size: Place(space, start, size, "uint16"),
    st.sampled_from([WORDS, BITS]),
    st.integers(0, 60),
    st.sampled_from([1, 2, 4]),
)
wanted = st.lists(places, max_size=40).map(lambda ps: [Need(n, p) for n, p in enumerate(ps)])


def unwanted(span: Span) -> list[int]:
    """The lengths of the runs of cells that nobody wants."""
    taken = {c for n in span.needs for c in range(n.place.start, n.place.start + n.place.size)}
    runs, run = [], 0
    for cell in range(span.start, span.start + span.size):
        if cell in taken:
            runs.append(run)
            run = 0
        else:
            run += 1
    return [*runs, run]


@given(wanted)
def test_every_need_is_whole_in_exactly_one_span_within_the_limits(wanted: list[Need]) -> None:
    spans = merged(wanted)
    assert sorted(n.index for s in spans for n in s.needs) == [n.index for n in wanted]
    for span in spans:
        assert span.size <= span.space.cells_max
        assert max(unwanted(span)) <= span.space.gap_max
        assert unwanted(span)[0] == unwanted(span)[-1] == 0
        for need in span.needs:
            assert need.place.space == span.space
            assert span.start <= need.place.start
            assert need.place.start + need.place.size <= span.start + span.size


@given(wanted)
def test_no_two_spans_in_a_row_could_have_been_one(wanted: list[Need]) -> None:
    spans = merged(wanted)
    for one, next_ in itertools.pairwise(spans):
        if one.space == next_.space:
            first = next_.needs[0].place
            whole = max(one.start + one.size, first.start + first.size) - one.start
            gap = first.start - one.start - one.size
            assert whole > one.space.cells_max or gap > one.space.gap_max


@given(wanted.filter(lambda ns: len(ns) > 1))
def test_halves_have_all_needs_and_no_cell_beyond(wanted: list[Need]) -> None:
    for span in merged(wanted):
        if len(span.needs) > 1:
            parts = list(halves(span))
            assert sorted(n.index for p in parts for n in p.needs) == sorted(
                n.index for n in span.needs
            )
            assert all(len(p.needs) < len(span.needs) for p in parts)


def test_a_span_gives_each_need_its_cells() -> None:
    span = merged(needs((5, 1), (7, 2)))[0]
    data = b"aabbccdd"
    assert [span.cells(need, data) for need in span.needs] == [b"aa", b"ccdd"]
