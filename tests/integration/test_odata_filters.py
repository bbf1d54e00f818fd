"""OData filters on a real server: the rows are those that OData's own rules choose."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from pymongo.collection import Collection
from pymongo.database import Database

from hub.errors import QueryTooComplex, UnsupportedOData
from hub.query.odata.ast import Expression
from hub.query.odata.bind import Context
from hub.query.odata.compile import guarded_filter
from hub.query.odata.dialect import STRICT, Dialect
from hub.query.odata.model import EntityType
from hub.query.odata.parse import parse_filter
from hub.query.odata.printed import printed
from tests.cases.odata.evaluator import Evaluator
from tests.cases.odata.trees import ENTITY, documents, filters

ROWS = documents(120, seed=4)
PROPER = documents(120, seed=5, proper=True)
CHECKED = EntityType(ENTITY.properties, open=True, checked=True)
LETTER = Dialect(unknown_orders=False)
LIMITED = settings(
    max_examples=300,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def rows(database: Database) -> Collection:
    database["odata_rows"].insert_many([{**row} for row in ROWS])
    return database["odata_rows"]


@pytest.fixture(scope="module")
def proper(database: Database) -> Collection:
    database["odata_proper"].insert_many([{**row} for row in PROPER])
    return database["odata_proper"]


def chosen(
    rows: Collection, tree: Expression, dialect: Dialect, entity: EntityType = ENTITY
) -> list[int]:
    """The numbers of the rows that the compiled filter takes; rejects what is not done."""
    try:
        compiled = guarded_filter(tree, Context(entity, dialect))
    except (UnsupportedOData, QueryTooComplex):
        reject()
    return sorted(row["n"] for row in rows.find(compiled.document, {"n": 1}))


@pytest.mark.parametrize("dialect", [STRICT, LETTER], ids=["unknown", "letter"])
@LIMITED
@given(tree=filters)
def test_the_rows_are_those_of_the_rules(
    rows: Collection, dialect: Dialect, tree: Expression
) -> None:
    rules = Evaluator(ENTITY, dialect)
    expected = [row["n"] for row in ROWS if rules.holds(tree, row)]
    assert chosen(rows, parse_filter(printed(tree), dialect), dialect) == expected


@LIMITED
@given(tree=filters)
def test_the_rows_of_checked_documents_are_too(proper: Collection, tree: Expression) -> None:
    rules = Evaluator(CHECKED, STRICT)
    expected = [row["n"] for row in PROPER if rules.holds(tree, row)]
    assert chosen(proper, tree, STRICT, CHECKED) == expected
