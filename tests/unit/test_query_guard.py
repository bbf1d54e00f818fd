"""The guard's tables, limits, leaves and boundary, one rule a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId, Regex

from hub.errors import BadParameter, BadQuery, Forbidden, QueryTooComplex
from hub.query import (
    Fields,
    Filter,
    Limits,
    Pipeline,
    ScopedFilter,
    ScopedPipeline,
    Sort,
    arranged,
    guard_fields,
    guard_filter,
    guard_pipeline,
    guard_sort,
    within,
)
from hub.query.expression_table import EXPRESSIONS
from hub.query.limits import CEILINGS
from hub.query.operands import OPERANDS
from hub.query.page import Arrangement, counted
from hub.query.regex import Unsafe, check_pattern
from hub.query.stages import CHECKS
from hub.query.tables import GROUP, QUERY, STAGES, WINDOW
from tests.cases.query import allowed, read

LIMITS = Limits()
DOC = Path(__file__).parents[2] / "docs" / "queries.md"
ID = "0123456789abcdef01234567"
TABLES: dict[str, Any] = {
    "query": QUERY, "stages": STAGES, "expressions": EXPRESSIONS, "group": GROUP, "window": WINDOW,
}  # fmt: skip


def document(raw: Any) -> Any:
    return guard_filter(raw, limits=LIMITS, analyst=True).document


@pytest.mark.parametrize("case", allowed(), ids=lambda case: case.name)
def test_allowed_queries_pass(case: Any) -> None:
    guard = guard_filter if case.position == "filter" else guard_pipeline
    guard(case.query, limits=LIMITS, analyst=case.analyst)
    guard(case.query, limits=LIMITS, analyst=True)


@pytest.mark.parametrize(
    ("raw", "operator"),
    [
        ({"s": {"$regex": "^a"}}, "$regex"),
        ({"$expr": True}, "$expr"),
        ({"$or": [{"n": {"$bitsAllSet": 1}}]}, "$bitsAllSet"),
    ],
)
def test_an_analysts_filter_needs_the_scope(raw: Any, operator: str) -> None:
    with pytest.raises(Forbidden) as caught:
        guard_filter(raw, limits=LIMITS, analyst=False)
    assert caught.value.detail["scope"] == "dataset:analyze"
    assert caught.value.detail["operator"] == operator


@pytest.mark.parametrize(
    "stage", [name for name, rule in STAGES.items() if rule.access == "analyst"]
)
def test_an_analysts_stage_needs_the_scope(stage: str) -> None:
    with pytest.raises(Forbidden):
        guard_pipeline([{stage: {}}], limits=LIMITS, analyst=False)


@pytest.mark.parametrize("value", ["$temp", {"$abs": "$temp"}, ["$temp"], "text"])
def test_a_computed_projection_needs_the_scope(value: Any) -> None:
    with pytest.raises(Forbidden):
        guard_pipeline([{"$project": {"a": value}}], limits=LIMITS, analyst=False)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ({"$date": "2024-05-01T12:00:00Z"}, datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ({"$date": "2024-05-01T12:00:00"}, datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ({"$date": "2024-05-01T12:00:00+02:00"}, datetime(2024, 5, 1, 10, tzinfo=UTC)),
        ({"$date": 0}, datetime(1970, 1, 1, tzinfo=UTC)),
        ({"$date": {"$numberLong": "-1000"}}, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ({"$oid": ID}, ObjectId(ID)),
        ({"$numberLong": "5"}, Int64(5)),
        ({"$numberInt": "5"}, 5),
        ({"$numberDouble": "5.5"}, 5.5),
        ({"$numberDecimal": "5.50"}, Decimal128("5.50")),
        (datetime(2024, 5, 1, 12, tzinfo=UTC), datetime(2024, 5, 1, 12, tzinfo=UTC)),
        (ObjectId(ID), ObjectId(ID)),
    ],
)
def test_leaves_are_decoded(raw: Any, value: Any) -> None:
    assert document({"a": raw}) == {"a": value}
    assert document({"a": {"$in": [raw]}}) == {"a": {"$in": [value]}}


@pytest.mark.parametrize(
    "leaf",
    [float("nan"), float("inf"), Decimal128("NaN"), b"x", Regex("a"), {1}, 1j, (1,), 2**63],
    ids=repr,
)
def test_other_leaves_are_refused(leaf: Any) -> None:
    with pytest.raises(BadQuery):
        document({"a": leaf})


def test_dates_at_the_edge_of_time_are_refused() -> None:
    for text in ("0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"):
        with pytest.raises(BadQuery):
            document({"a": {"$date": text}})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"_id": ID}, {"_id": ObjectId(ID)}),
        ({"_id": {"$nin": [ID, "x"]}}, {"_id": {"$nin": [ObjectId(ID), "x"]}}),
        ({"_id": {"$not": {"$eq": ID}}}, {"_id": {"$not": {"$eq": ObjectId(ID)}}}),
        ({"$nor": [{"_id": ID}]}, {"$nor": [{"_id": ObjectId(ID)}]}),
        ({"a._id": ID}, {"a._id": ID}),
        ({"a": {"$elemMatch": {"_id": ID}}}, {"a": {"$elemMatch": {"_id": ID}}}),
        ({"_id": {"$all": [ID]}}, {"_id": {"$all": [ObjectId(ID)]}}),
    ],
)
def test_ids_become_object_ids_where_they_are_ids(raw: Any, expected: Any) -> None:
    assert document(raw) == expected


@pytest.mark.parametrize(
    ("stage", "converted"),
    [
        ({"$sort": {"a": 1}}, True),
        ({"$project": {"a": 1}}, True),
        ({"$project": {"_id": 0}}, False),
        ({"$project": {"_id": "$a"}}, False),
        ({"$set": {"_id": "$a"}}, False),
        ({"$set": {"a": 1}}, True),
        ({"$unset": "_id"}, False),
        ({"$group": {"_id": "$a"}}, False),
        ({"$replaceWith": "$a"}, False),
        ({"$count": "n"}, False),
    ],
)
def test_ids_are_ids_until_a_stage_reshapes(stage: Any, converted: bool) -> None:
    found = guard_pipeline([stage, {"$match": {"_id": ID}}], limits=LIMITS, analyst=True)
    assert found.stages[1]["$match"]["_id"] == (ObjectId(ID) if converted else ID)


def test_the_input_is_not_changed() -> None:
    raw = {"_id": ID, "a": {"$gt": {"$date": 0}}}
    document(raw)
    assert raw == {"_id": ID, "a": {"$gt": {"$date": 0}}}


def test_the_boundary_leads() -> None:
    client = {"$or": [{"_datasetid": "other"}, {}]}
    scoped = within("mine", guard_filter(client, limits=LIMITS, analyst=False))
    assert isinstance(scoped, ScopedFilter)
    assert scoped.document == {"$and": [{"_datasetid": "mine"}, client]}
    for stages in ([{"$match": client}], [{"$count": "n"}], []):
        led = within("mine", guard_pipeline(stages, limits=LIMITS, analyst=False))
        assert isinstance(led, ScopedPipeline)
        assert list(led.stages[0]) == ["$match"]
        first = led.stages[0]["$match"]
        assert first.get("$and", [first])[0] == {"_datasetid": "mine"}


@pytest.mark.parametrize("dataset", [None, "", {"$ne": 1}, 1])
def test_the_boundary_is_a_string(dataset: Any) -> None:
    with pytest.raises(TypeError):
        within(dataset, guard_filter({}, limits=LIMITS, analyst=False))


def test_no_proof_makes_another() -> None:
    scoped = within("mine", guard_filter({}, limits=LIMITS, analyst=False))
    with pytest.raises(TypeError):
        replace(scoped, dataset="other")
    assert "object at" not in repr(scoped)


def test_the_hubs_own_stages_stand_behind_the_boundary() -> None:
    client = {"$or": [{"_datasetid": "other"}, {}]}
    checked = guard_filter(client, limits=LIMITS, analyst=False)
    scoped = within("mine", checked)
    assert arranged(scoped, counted("count")).stages == (
        {"$match": scoped.document},
        {"$count": "count"},
    )
    other_stages: Any = [{"$lookup": {"from": "users", "as": "u", "pipeline": []}}]
    unscoped: Any = checked
    for query, stages in ((scoped, other_stages), (scoped, ()), (unscoped, counted("n"))):
        with pytest.raises(TypeError):
            arranged(query, stages)


def test_proofs_cannot_be_made_by_hand() -> None:
    for make in (
        lambda: Filter({"$where": "1"}),
        lambda: Pipeline(({"$out": "x"},)),
        lambda: ScopedFilter("mine", {}),
        lambda: ScopedPipeline("mine", ()),
        lambda: Arrangement(({"$out": "x"},)),
    ):
        with pytest.raises(TypeError):
            make()


@pytest.mark.parametrize("name", CEILINGS)
def test_no_limit_passes_its_ceiling(name: str) -> None:
    Limits(**{name: CEILINGS[name]})
    for value in (0, CEILINGS[name] + 1):
        with pytest.raises(ValueError, match=name):
            Limits(**{name: value})


def test_an_error_names_its_limit() -> None:
    with pytest.raises(QueryTooComplex) as caught:
        guard_pipeline([{"$skip": 6}], limits=Limits(skip_max=5), analyst=False)
    assert caught.value.detail == {
        "limit": "skip_max", "max": 5, "operator": "$skip", "path": "$[0].$skip",
    }  # fmt: skip


@pytest.mark.parametrize(
    "pattern",
    ["^abc", "a+b*c", "[a-z]+@[a-z]+", r"\d{4}-\d{2}", "(?:north|south)$", "(ab)+", "[]a]", "a??",
     "[[:alpha:]_]x", r"\bword\b", "colou?r", "(a+)?", "a|b|c", r"\.\*"],
)  # fmt: skip
def test_safe_patterns_pass(pattern: str) -> None:
    check_pattern(pattern, "", LIMITS)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a*)*", "((a+))*", "(a?){9}", "(a|aa)+", r"\1", "(?P<n>a)", "(?#c)", "(*FAIL)",
     "a++", "a**", "*a", "|*", "(", ")", "[a", "[", "\\", "{1}", "a{", "a{2,1}", "a{1,9999}",
     r"\Qa\E", r"\p{L}", "(?:(?:(a{2}){2}))", "^*", "(" * 20 + ")" * 20, "a\u200e+"],
)  # fmt: skip
def test_unsafe_patterns_are_refused(pattern: str) -> None:
    options = "x" if "\u200e" in pattern else ""
    if options:
        pattern = "(a+)\u200e+"
    with pytest.raises(Unsafe):
        check_pattern(pattern, options, LIMITS)


def test_sort_reads_fields_and_directions() -> None:
    assert guard_sort("-temperature,_timestamp", LIMITS) == Sort(
        (("temperature", -1), ("_timestamp", 1))
    )


@pytest.mark.parametrize(
    "text", ["", "-", "a,", "a,a", "a,-a", "a,a.b", "$a", "a.$b", "a..b", "a\0", "\ud800",
             "a,b,c,d,e,f,g,h,i", ".".join("abcdefghijklmnopq"), "x" * 5_000],
)  # fmt: skip
def test_malformed_sorts_are_refused(text: str) -> None:
    with pytest.raises(BadParameter) as caught:
        guard_sort(text, LIMITS)
    assert caught.value.detail["parameter"] == "sort"


def test_fields_choose_or_leave_out() -> None:
    assert guard_fields("a,b.c", LIMITS) == Fields(("a", "b.c"), exclude=False)
    assert guard_fields("-a,-b", LIMITS) == Fields(("a", "b"), exclude=True)


@pytest.mark.parametrize("text", ["", "a,-b", "-a,b", "a,a.b", "a.b,a", "a,a", "$a", "a..b", "-"])
def test_malformed_fields_are_refused(text: str) -> None:
    with pytest.raises(BadParameter) as caught:
        guard_fields(text, LIMITS)
    assert caught.value.detail["parameter"] == "fields"


def test_every_stage_and_operand_has_its_check() -> None:
    usable = {name for name, rule in STAGES.items() if rule.access != "never"}
    assert usable == {*CHECKS, "$facet"}
    assert set(OPERANDS) <= set(QUERY)


@pytest.mark.parametrize("position", TABLES)
def test_every_allowed_operator_has_an_example(position: str) -> None:
    usable = {name for name, rule in TABLES[position].items() if rule.access != "never"}
    assert usable == set(read("examples.json")[position])


@pytest.mark.parametrize("position", TABLES)
def test_every_refusal_has_its_reason(position: str) -> None:
    for rule in TABLES[position].values():
        assert bool(rule.why) == (rule.access == "never")


def test_every_operator_and_limit_is_documented() -> None:
    text = DOC.read_text("utf-8")
    names = {name for table in TABLES.values() for name in table} | set(CEILINGS)
    assert sorted(name for name in names if f"`{name}`" not in text) == []


@pytest.mark.parametrize("position", TABLES)
def test_every_refusal_is_documented_with_its_reason(position: str) -> None:
    rows = [line for line in DOC.read_text("utf-8").splitlines() if line.startswith("| `$")]
    refused = [(name, rule.why) for name, rule in TABLES[position].items() if rule.why]
    for name, why in refused:
        assert any(f"`{name}`" in row and row.endswith(f" | {why} |") for row in rows), name


@pytest.mark.parametrize("name", CEILINGS)
def test_the_documented_limits_are_the_limits(name: str) -> None:
    row = f"| `{name}` | {getattr(LIMITS, name)} | {CEILINGS[name]} |"
    assert row in DOC.read_text("utf-8")
