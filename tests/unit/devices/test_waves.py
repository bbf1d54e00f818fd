"""Values by stream: put together, packed, thinned by what is dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Invalid
from hub.services.devices.waves import Run, added, count, dropped, packed, unpacked

NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
RUNS = st.builds(
    lambda device, width, rows, again: Run(
        device,
        width,
        again,
        [at for at, _, _ in rows],
        [value for _, value, _ in rows],
        [index for index, (_, _, uncertain) in enumerate(rows) if uncertain],
    ),
    st.integers(1, 2**31),
    st.sampled_from([0, 600_000]),
    st.lists(st.tuples(st.integers(0, 2**41), NUMBERS, st.booleans()), min_size=1),
    st.booleans(),
)


def run(device: int, *rows: tuple[int, float, bool]) -> Run:
    made = Run(device)
    for at, value, uncertain in rows:
        made.add(at, value, uncertain=uncertain)
    return made


@given(st.dictionaries(st.integers(1, 2**53), RUNS))
def test_what_is_packed_comes_back_exactly(wave: dict[int, Run]) -> None:
    back = unpacked(packed(wave))
    assert back == wave
    kinds = [[type(value) for value in one.values] for one in wave.values()]
    assert [[type(value) for value in one.values] for one in back.values()] == kinds


@pytest.mark.parametrize("content", [b"", b"nonsense", packed({1: run(1, (1, 1, False))})[:-4]])
def test_what_is_damaged_is_known(content: bytes) -> None:
    with pytest.raises(Invalid):
        unpacked(content)


def test_waves_follow_one_another() -> None:
    both = {1: run(7, (10, 1.0, True)), 2: run(7, (10, 2.0, False))}
    second = {1: run(7, (20, 3.0, False), (30, 4.0, True)), 3: run(7, (30, 5.0, True))}
    assert added(both, packed(second))
    assert both[1] == run(7, (10, 1.0, True), (20, 3.0, False), (30, 4.0, True))
    assert both[2] == run(7, (10, 2.0, False))
    assert both[3] == run(7, (30, 5.0, True))
    assert count(both) == 5


@given(st.lists(st.dictionaries(st.integers(1, 5), RUNS), max_size=5))
def test_waves_together_are_what_they_were_apart(waves: list[dict[int, Run]]) -> None:
    together: dict[int, Run] = {}
    apart: dict[int, list[tuple[int, float, bool]]] = {}
    for wave in waves:
        if not added(together, packed(wave)):
            break
        for stream, one in wave.items():
            marked = set(one.uncertain)
            rows = zip(one.at, one.values, (n in marked for n in range(len(one.at))), strict=True)
            apart.setdefault(stream, []).extend(rows)
    for stream, rows in apart.items():
        made = run(together[stream].device, *rows)
        assert (together[stream].at, together[stream].values) == (made.at, made.values)
        assert together[stream].uncertain == made.uncertain


def test_values_of_documents_of_other_widths_are_not_added() -> None:
    first = {1: Run(7, 600_000, at=[1], values=[1])}
    assert not added(first, packed({1: Run(7, 60_000, at=[2], values=[2])}))
    assert first == {1: Run(7, 600_000, at=[1], values=[1])}


def test_what_is_dropped_is_of_one_device_from_a_moment_on() -> None:
    wave = {
        1: run(7, (10, 1.0, False), (20, 2.0, True), (30, 3.0, True)),
        2: run(7, (20, 1.0, False)),
        3: run(8, (30, 1.0, False)),
    }
    left = dropped(wave, 7, 20)
    assert left == {1: run(7, (10, 1.0, False)), 3: run(8, (30, 1.0, False))}
    assert dropped(wave, 7, 21)[1] == run(7, (10, 1.0, False), (20, 2.0, True))
