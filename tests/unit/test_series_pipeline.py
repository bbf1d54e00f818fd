"""The pipelines of a field's series: what they are made of, and that nothing else makes them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from hub.errors import BadParameter
from hub.query import Limits, arranged, guard_filter, within
from hub.query.page import Arrangement
from hub.query.series import Field, Span, counted, end, grouped, guard_field, listed

LIMITS = Limits()
SPAN = Span(1_000_000, 2_000_000)
TIMES = {"$gte": 1000, "$lt": 2000}


def field(path: str = "wind.speed") -> Field:
    return guard_field(path, LIMITS)


def stages(arrangement: Arrangement) -> list[dict[str, Any]]:
    """The whole pipeline, behind a dataset's boundary."""
    scoped = within("a-dataset", guard_filter({"a": 1}, limits=LIMITS, analyst=False))
    return [dict(stage) for stage in arranged(scoped, arrangement).stages]


EVERY = {
    "the first": lambda f: end(f, 1),
    "the last": lambda f: end(f, -1),
    "count": lambda f: counted(f, SPAN),
    "all": lambda f: listed(f, SPAN),
    "a page": lambda f: listed(f, SPAN, skip=3, limit=5, direction=-1),
    "buckets": lambda f: grouped(f, SPAN, 60_000),
}


@pytest.mark.parametrize(
    "path", ["temperature", "a.b.c", "with space", "a$b", "é", "0", "a-b", ".".join("a" * 16)]
)
def test_a_path_of_fields_is_taken_as_it_is(path: str) -> None:
    assert field(path).path == path


HOSTILE = [
    "", ".", "a.", ".a", "a..b", "$a", "$$ROOT", "a.$b", "a.$$b", "a\0", "a.\0.b", "\ud800",
    "x" * (LIMITS.string_bytes_max + 1), ".".join("a" * (LIMITS.path_depth_max + 1)),
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: repr(path)[:20])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(BadParameter) as refused:
        field(path)
    assert refused.value.detail["parameter"] == "field"


def test_a_field_is_made_by_its_guard_only() -> None:
    with pytest.raises(TypeError):
        Field("$where")


@pytest.mark.parametrize("name", EVERY)
def test_the_boundary_of_the_dataset_stands_first(name: str) -> None:
    first = stages(EVERY[name](field()))[0]
    assert first == {"$match": {"$and": [{"_datasetid": "a-dataset"}, {"a": 1}]}}


@pytest.mark.parametrize("name", EVERY)
def test_a_pipeline_holds_no_word_of_the_client_but_the_path(name: str) -> None:
    text = json.dumps(stages(EVERY[name](field("a.q"))))
    operators = set(re.findall(r'"(\$\w+)":', text))
    assert operators <= {
        "$and", "$cond", "$convert", "$count", "$eq", "$expr", "$group", "$gte", "$isArray",
        "$limit", "$lt", "$lte", "$match", "$max", "$min", "$mod", "$multiply", "$not", "$or",
        "$project", "$skip", "$sort", "$stdDevPop", "$subtract", "$sum", "$type",
    }  # fmt: skip
    assert set(re.findall(r'"\$(a\.q\w*)"', text)) == {"a.q"}


@pytest.mark.parametrize("name", ["count", "all", "a page", "buckets"])
def test_a_span_is_a_range_of_whole_seconds(name: str) -> None:
    assert stages(EVERY[name](field()))[1]["$match"]["_timestamp"] == TIMES


@pytest.mark.parametrize("name", ["the first", "the last"])
def test_an_end_reads_one_document_in_the_order_of_the_index(name: str) -> None:
    direction = 1 if name == "the first" else -1
    _, there, sort, limit, _ = stages(EVERY[name](field()))
    assert "_timestamp" not in there["$match"]
    assert list(sort["$sort"].items()) == [("_timestamp", direction), ("_id", direction)]
    assert limit == {"$limit": 1}


@pytest.mark.parametrize(
    ("cut", "wanted"),
    [
        ({}, []),
        ({"skip": 3}, [{"$skip": 3}]),
        ({"limit": 5}, [{"$limit": 5}]),
        ({"skip": 3, "limit": 5}, [{"$skip": 3}, {"$limit": 5}]),
    ],
)
def test_a_page_is_cut_before_values_are_told(cut: dict[str, int], wanted: list[Any]) -> None:
    rest = stages(listed(field(), SPAN, **cut))[3:]
    assert rest[:-1] == wanted
    assert list(rest[-1]) == ["$project"]


@pytest.mark.parametrize("width_ms", [10_000, 86_400_000])
def test_a_bucket_begins_at_a_whole_number_of_widths(width_ms: int) -> None:
    group = stages(grouped(field(), SPAN, width_ms))[-2]["$group"]
    assert group["_id"] == {"$subtract": ["$at", {"$mod": ["$at", width_ms // 1000]}]}


def test_a_field_of_the_hubs_own_does_not_displace_the_range() -> None:
    match = stages(counted(field("_timestamp"), SPAN))[1]["$match"]
    assert match["_timestamp"] == TIMES
    assert all("_timestamp" in branch for branch in match["$or"])
