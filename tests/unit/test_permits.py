"""Places for queries: bounded by key, by process and by weight, and always given back."""

from __future__ import annotations

import threading

import pytest

from hub.errors import TooMany
from hub.services.permits import Allowance, Permits

ALLOWANCE = Allowance(total=3, per_key=2, heavy=1, wait_s=0.05)


def test_each_limit_is_named() -> None:
    permits = Permits(ALLOWANCE)
    permits.take("a", heavy=True)
    with pytest.raises(TooMany) as heavy:
        permits.take("b", heavy=True)
    permits.take("a", heavy=False)
    with pytest.raises(TooMany) as key:
        permits.take("a", heavy=False)
    permits.take("b", heavy=False)
    with pytest.raises(TooMany) as total:
        permits.take("c", heavy=False)
    limits = [refusal.value.detail["limit"] for refusal in (heavy, key, total)]
    assert limits == ["heavy_queries", "queries_per_key", "queries"]


def test_a_place_given_back_twice_is_one_place() -> None:
    permits = Permits(ALLOWANCE)
    release = permits.take("a", heavy=True)
    release()
    release()
    permits.take("a", heavy=True)
    with pytest.raises(TooMany):
        permits.take("a", heavy=True)


def test_whoever_waits_gets_the_place_that_becomes_free() -> None:
    permits = Permits(Allowance(total=1, wait_s=10))
    release = permits.take("a", heavy=False)
    threading.Timer(0.05, release).start()
    permits.take("b", heavy=False)
