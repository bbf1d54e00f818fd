"""Random trees of any shape, sense or no sense, for reading what was printed."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from hub.query.odata import ast
from hub.query.odata.ast import Literal, Path
from hub.query.odata.functions import FUNCTIONS

_WORDS = {"null", "true", "false", "inf", "nan", "not", "edm"}
names = st.from_regex(r"[A-Za-z_äé][A-Za-z0-9_äé]{0,6}", fullmatch=True).filter(
    lambda name: name.lower() not in _WORDS
)
zones = st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31))  # noqa: DTZ001
written = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
literals = st.one_of(
    st.just(Literal(None, "null")),
    st.booleans().map(lambda value: Literal(value, "boolean")),
    st.integers(-(2**63), 2**63 - 1).map(lambda value: Literal(value, "integer")),
    st.floats(allow_nan=False).map(lambda value: Literal(value, "number")),
    st.just(Literal(math.nan, "number")),
    written.map(lambda value: Literal(value, "string")),
    st.dates().map(lambda value: Literal(value, "date")),
    st.times().map(lambda value: Literal(value, "time")),
    st.builds(lambda value, zone: Literal(value.replace(tzinfo=zone), "datetime"), moments, zones),
    moments.map(lambda value: Literal(value.replace(tzinfo=UTC), "datetime")),
    st.timedeltas(timedelta(days=-(10**6)), timedelta(days=10**6)).map(
        lambda value: Literal(value, "duration")
    ),
    st.uuids().map(lambda value: Literal(value, "guid")),
)
json = st.one_of(
    st.just(Literal(None, "null")),
    st.booleans().map(lambda value: Literal(value, "boolean")),
    st.integers(-99, 99).map(lambda value: Literal(value, "integer")),
    written.map(lambda value: Literal(value, "string")),
)
paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: Path(tuple(parts)))


def _leaves(paths: st.SearchStrategy[Path]) -> st.SearchStrategy[ast.Expression]:
    return st.one_of(
        literals,
        paths,
        paths,
        st.just(Path(())),
        names.map(ast.Alias),
        paths.map(ast.Count),
        paths.map(lambda path: ast.Lambda(path, "any")),
        st.lists(json, max_size=3).map(lambda items: ast.Items(tuple(items))),
    )


_OPERATORS = (
    "eq", "ne", "gt", "ge", "lt", "le", "add", "sub", "mul", "div", "divby", "mod", "has",
)  # fmt: skip
_TYPES = st.sampled_from(["Edm.String", "Edm.Int32", "My.Own.Type"]).map(ast.TypeName)


def _lambda(path: Path, how: ast.Quantifier, variable: str, body: ast.Expression) -> ast.Lambda:
    return ast.Lambda(path, how, variable, _owned(body, variable))


def _owned(body: ast.Expression, variable: str) -> ast.Expression:
    """A body that speaks of its variable and of a property of the variable's name."""
    own = ast.Binary("eq", Path(("a",), variable), Path((variable,)))
    return ast.And((own, ast.Not(body)))


def _larger(
    inner: st.SearchStrategy[ast.Expression], paths: st.SearchStrategy[Path]
) -> st.SearchStrategy[ast.Expression]:
    pairs = st.lists(inner, min_size=2, max_size=3).map(tuple)
    calls = st.sampled_from([(n, f.least) for n, f in FUNCTIONS.items()]).flatmap(
        lambda rule: st.tuples(*[inner] * rule[1]).map(lambda args: ast.Call(rule[0], args))
    )
    return st.one_of(
        st.builds(ast.Binary, st.sampled_from(_OPERATORS), inner, inner),
        st.builds(
            ast.Binary,
            st.just("in"),
            inner,
            st.lists(inner, max_size=3).map(lambda items: ast.Items(tuple(items))),
        ),
        pairs.map(ast.And),
        pairs.map(ast.Or),
        inner.map(ast.Not),
        inner.map(ast.Negate),
        calls,
        st.builds(_lambda, paths, st.sampled_from(["any", "all"]), names, inner),
        st.builds(lambda one, kind: ast.Call("cast", (one, kind)), inner, _TYPES),
    )


def trees_over(paths: st.SearchStrategy[Path]) -> st.SearchStrategy[ast.Expression]:
    """Trees whose properties are some of these."""
    return st.recursive(_leaves(paths), lambda inner: _larger(inner, paths), max_leaves=8)


trees = trees_over(paths)
