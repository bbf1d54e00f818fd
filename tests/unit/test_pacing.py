"""Rests of a job: after all is done, and as long as the work asks for."""

from __future__ import annotations

import pytest

from hub.jobs.pacing import REST_MAX_S, RESTS, Paced


class Work:
    """A job of which every run takes its time, by a clock of the test's own."""

    def __init__(self, *runs: tuple[float, object]) -> None:
        self.now = 1_000.0
        self.fences: list[int] = []
        self._left = list(runs)
        self.job = Paced(self._run, lambda: self.now)

    def _run(self, fence: int) -> object:
        took_s, done = self._left.pop(0)
        self.now += took_s
        self.fences.append(fence)
        if isinstance(done, Exception):
            raise done
        return done


def test_a_rest_is_as_long_as_the_work_asks_for() -> None:
    work = Work((2.0, True), (0.0, True))
    assert work.job(1) is True
    work.now += 2.0 * RESTS - 0.1
    assert work.job(2) is None
    work.now += 0.1
    assert work.job(3) is True
    assert work.fences == [1, 3]


def test_what_is_not_done_goes_on_at_once_and_counts() -> None:
    work = Work((2.0, False), (3.0, True), (0.0, True))
    assert work.job(1) is False
    assert work.job(2) is True
    work.now += 5.0 * RESTS - 0.1
    assert work.job(3) is None
    work.now += 0.1
    assert work.job(4) is True


def test_a_rest_ends() -> None:
    work = Work((10_000.0, True), (0.0, True))
    work.job(1)
    work.now += REST_MAX_S
    assert work.job(2) is True


def test_a_run_that_fails_is_tried_again_at_once() -> None:
    work = Work((2.0, RuntimeError()), (0.0, True))
    with pytest.raises(RuntimeError):
        work.job(1)
    assert work.job(2) is True
