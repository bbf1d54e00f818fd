"""Every hostile case is refused by name and place, to everybody."""

from __future__ import annotations

import pytest

from hub.errors import BadQuery, HubError
from hub.query import Limits, guard_filter, guard_pipeline
from tests.cases.query import Hostile, hostile
from tests.effort import bounded

GUARDS = {"filter": guard_filter, "pipeline": guard_pipeline}
CASES = hostile()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_with_operator_and_path(case: Hostile) -> None:
    with pytest.raises(BadQuery) as caught:
        GUARDS[case.position](case.query, limits=Limits(), analyst=True)
    named = (caught.value.detail.get("operator"), caught.value.detail["path"])
    assert named == (case.operator, case.path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_to_a_data_key_too(case: Hostile) -> None:
    with pytest.raises(HubError):
        GUARDS[case.position](case.query, limits=Limits(), analyst=False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refusing_is_little_work(case: Hostile) -> None:
    with bounded(100_000), pytest.raises(HubError):
        GUARDS[case.position](case.query, limits=Limits(), analyst=True)


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 80
