"""OData filters on a real server: the rows are those that OData's own rules choose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, reject, settings
from pymongo.collection import Collection
from pymongo.database import Database

from hub.errors import QueryTooComplex, UnsupportedOData
from hub.query.odata.ast import Expression
from hub.query.odata.bind import Context
from hub.query.odata.compile import guarded_filter
from hub.query.odata.dialect import STRICT, Dialect
from hub.query.odata.parse import parse_filter
from hub.query.odata.printed import printed
from tests.cases.odata.evaluator import Evaluator
from tests.cases.odata.trees import ENTITY, documents, filters

ROWS = documents(120, seed=4)
LETTER = Dialect(unknown_orders=False)


@pytest.fixture(scope="module")
def rows(database: Database) -> Iterator[Collection]:
    found = database["odata_rows"]
    found.insert_many([{**row} for row in ROWS])
    yield found
    found.drop()


def chosen(rows: Collection, tree: Expression, dialect: Dialect) -> list[int]:
    compiled = guarded_filter(tree, Context(ENTITY, dialect))
    return sorted(row["n"] for row in rows.find(compiled.document, {"n": 1}))


@pytest.mark.parametrize("dialect", [STRICT, LETTER], ids=["unknown", "letter"])
@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tree=filters)
def test_the_rows_are_those_of_the_rules(
    rows: Collection, dialect: Dialect, tree: Expression
) -> None:
    read = parse_filter(printed(tree), dialect)
    assert read == tree
    try:
        found = chosen(rows, read, dialect)
    except (UnsupportedOData, QueryTooComplex):
        reject()
    rules = Evaluator(ENTITY, dialect)
    assert found == [row["n"] for row in ROWS if rules.holds(tree, row)]
