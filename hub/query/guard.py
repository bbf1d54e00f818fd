"""The one door a client's query goes through before it meets the database.

``guard_filter`` and ``guard_pipeline`` turn parsed JSON into values that prove it was
checked; ``within`` puts the boundary of a dataset in front of them, ``arranged`` the hub's own
stages behind; ``bounded`` does both for any collection. What hands a query to the driver takes a
``ScopedPipeline`` or a ``BoundedPipeline`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never, overload

from hub.query.budget import copied
from hub.query.filters import Where, check_filter
from hub.query.flow import Flow
from hub.query.limits import Limits
from hub.query.page import Arrangement
from hub.query.pipelines import Pipelines
from hub.query.refusal import over
from hub.query.seal import SEAL, Sealed
from hub.query.walk import Walk


@dataclass(frozen=True, slots=True)
class Filter(Sealed):
    """A filter that was checked; its leaves are BSON values."""

    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pipeline(Sealed):
    """A pipeline that was checked; its leaves are BSON values."""

    stages: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ScopedFilter(Sealed):
    """A checked filter that cannot see beyond one dataset."""

    dataset: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScopedPipeline(Sealed):
    """A checked pipeline that cannot see beyond one dataset."""

    dataset: str
    stages: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Boundary:
    """What somebody may see of a collection: a condition of the hub's own making, never a
    client's."""

    collection: str
    condition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BoundedPipeline(Sealed):
    """A checked pipeline on one collection that cannot see beyond its boundary."""

    collection: str
    stages: tuple[Mapping[str, Any], ...]


def guard_filter(raw: object, *, limits: Limits, analyst: bool) -> Filter:
    """Check a filter and decode its leaves.

    Args:
        raw: parsed JSON, possibly with leaves that are BSON values already; not changed.
        analyst: the key has the scope ``dataset:analyze``.

    Raises:
        BadQuery: an operator, a shape or a value that is not allowed where it stands.
        QueryTooComplex: over a limit.
        Forbidden: an operator that needs the scope of an analyst.
    """
    document = copied(raw, limits)
    walk = Walk(limits, analyst=analyst)
    check_filter(walk, document, None, Where())
    walk.run()
    if walk.settle(keeps=False) > limits.growth_max:
        raise over("growth_max", limits.growth_max, None)
    return Filter(document, seal=SEAL)


def guard_pipeline(raw: object, *, limits: Limits, analyst: bool) -> Pipeline:
    """Check an aggregation pipeline and decode its leaves; arguments and errors as above."""
    stages = copied(raw, limits)
    Pipelines(Walk(limits, analyst=analyst)).check(stages, None, Flow())
    return Pipeline(tuple(stages), seal=SEAL)


@overload
def within(dataset: str, query: Filter) -> ScopedFilter: ...
@overload
def within(dataset: str, query: Pipeline) -> ScopedPipeline: ...
def within(dataset: str, query: Filter | Pipeline) -> ScopedFilter | ScopedPipeline:
    """Put the boundary of a dataset before everything the client wrote.

    The client's own condition stays a conjunct of its own, so nothing in it can widen the
    result: not ``$or``, not ``$nor``, not another condition on ``_datasetid``.

    Raises:
        TypeError: ``dataset`` is no string, or ``query`` was not checked.
    """
    if type(dataset) is not str or not dataset:
        raise TypeError("a dataset is named by a string")
    match query:
        case Filter(document=document):
            return ScopedFilter(dataset, _bounded(dataset, document), seal=SEAL)
        case Pipeline(stages=stages):
            return ScopedPipeline(dataset, _led(dataset, stages), seal=SEAL)
        case _:
            assert_never(query)


def arranged(query: ScopedFilter, arrangement: Arrangement) -> ScopedPipeline:
    """A scoped filter with the hub's own stages behind it: order, page, projection, count.

    They stand behind the boundary, and are ``hub.query.page``'s own.

    Raises:
        TypeError: ``query`` has no boundary, or ``arrangement`` is anything else.
    """
    if type(query) is not ScopedFilter or type(arrangement) is not Arrangement:
        raise TypeError("a scoped filter takes an arrangement of hub.query.page")
    led = ({"$match": query.document}, *arrangement.stages)
    return ScopedPipeline(query.dataset, led, seal=SEAL)


def bounded(boundary: Boundary, *parts: Filter | Pipeline | Arrangement) -> BoundedPipeline:
    """The boundary, then checked parts in order.

    A filter that comes first shares a stage with the boundary, as a conjunct of its own, so that
    an index serves both.

    Raises:
        TypeError: a part was not checked.
    """
    stages: list[Mapping[str, Any]] = [{"$match": boundary.condition}]
    for part in parts:
        match part:
            case Filter(document=document):
                if len(stages) == 1:
                    stages = [{"$match": {"$and": [stages[0]["$match"], document]}}]
                else:
                    stages.append({"$match": document})
            case Pipeline(stages=own) | Arrangement(stages=own):
                stages += own
            case _:
                raise TypeError("a part of a pipeline was not checked")
    return BoundedPipeline(boundary.collection, tuple(stages), seal=SEAL)


def _bounded(dataset: str, document: Mapping[str, Any]) -> dict[str, Any]:
    return {"$and": [{"_datasetid": dataset}, document]}


def _led(dataset: str, stages: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
    """A leading ``$match``; the client's own first one becomes its second conjunct."""
    if stages and "$match" in stages[0]:
        return ({"$match": _bounded(dataset, stages[0]["$match"])}, *stages[1:])
    return ({"$match": {"_datasetid": dataset}}, *stages)
