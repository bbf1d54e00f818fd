"""Pauses after failures."""

from __future__ import annotations

import pytest

from hub.jobs.polling.backoff import JITTER, MOST_S, Backoff


def test_pauses_double_up_to_the_most() -> None:
    backoff = Backoff(lambda: 0.0)
    assert [backoff.failed() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_after_a_success_they_begin_anew() -> None:
    backoff = Backoff(lambda: 0.0)
    backoff.failed()
    backoff.failed()
    backoff.good()
    assert backoff.failed() == 1


def test_chance_makes_them_shorter_but_never_longer() -> None:
    assert Backoff(lambda: 1.0).failed() == pytest.approx(1 - JITTER)


def test_a_thousand_failures_are_as_the_tenth() -> None:
    backoff = Backoff(lambda: 0.0)
    assert [backoff.failed() for _ in range(1000)][-1] == MOST_S
