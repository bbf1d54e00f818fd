"""A type with a property of every kind, documents of it, and random trees over it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from hub.query.odata import ast
from hub.query.odata.ast import Binary, Call, Count, Items, Lambda, Literal, Negate, Path
from hub.query.odata.model import EntityType, Property

ENTITY = EntityType(
    (
        Property("num", "num", "number"),
        Property("whole", "whole", "integer"),
        Property("text", "text", "string"),
        Property("flag", "flag", "boolean"),
        Property("day", "day", "date"),
        Property("when", "when", "datetime"),
        Property("clock", "clock", "time"),
        Property("pos", "pos", "object"),
        Property("pos/lat", "pos.lat", "number"),
        Property("tags", "tags", "string", collection=True),
        Property("nums", "nums", "number", collection=True),
        Property("parts", "parts", "object", collection=True),
        Property("parts/v", "parts.v", "number"),
        Property("parts/q", "parts.q", "string"),
        Property("parts/in", "parts.in", "number", collection=True),
    ),
    open=True,
)
"""``free`` is in no declaration: a field of any kind."""

NUMBERS = [0, 1, -1, 2, 3, 7, 2.5, -2.5, 0.5, -0.5, 1.5, 5.0]
WHOLES = [0, 1, -1, 2, 3, -7, 10, 9007199254740993]
TEXTS = ["", "a", "b", "ab", "abc", "A", " a ", "a.b", "a'b", "a\n", "$num", "^a", "(", "5"]
DAYS = [date(2020, 2, 29), date(2019, 12, 31), date(2021, 1, 1)]
MOMENTS = [
    datetime(2020, 2, 29, 23, 59, 59, 999000, UTC),
    datetime(2020, 2, 29, tzinfo=UTC),
    datetime(1969, 12, 31, 12, 30, 15, 500000, UTC),
    datetime(2021, 7, 4, 1, 2, 3, tzinfo=UTC),
]
CLOCKS = ["15:30", "15:30:00", "15:30:00.000", "15:30:00.5", "00:00:00", "23:59:59.999", "08:05:07"]
MIXED: list[Any] = [None, 5, "a", True, [1, "a"], {"lat": 1}, datetime(2020, 2, 29, tzinfo=UTC)]

_VALUES: dict[str, list[Any]] = {
    "num": NUMBERS,
    "whole": WHOLES[:-1],
    "text": TEXTS,
    "flag": [True, False],
    "day": [one.isoformat() for one in DAYS],
    "when": MOMENTS,
    "clock": CLOCKS,
    "pos": [{"lat": 1}, {"lat": "x"}, {"lat": None}, {}, [{"lat": 1}], {"lat": [1, 2]}],
    "tags": [[], ["a"], ["a", "b", None], ["abc", "A", 5], [None], ["$num", ""]],
    "nums": [[], [1, 2, 3], [0.5, "a"], [None, 7], [-1]],
    "parts": [
        [], [{"v": 1, "q": "a"}], [{"v": 5}, {"q": "b"}, 5], [{"v": None, "q": 5}],
        [{"v": 2, "q": "ab", "in": [1, 2]}, {"in": []}, None],
    ],
    "free": [*NUMBERS[:6], *TEXTS[:6], True, *MOMENTS[:2]],
}  # fmt: skip
_PROPER: dict[str, list[Any]] = {
    "pos": [{"lat": 1}, {"lat": -0.5}, {"lat": None}, {}],
    "tags": [[], ["a"], ["a", "b", None], ["abc", "A"], [None], ["$num", ""]],
    "nums": [[], [1, 2, 3], [0.5], [None, 7], [-1]],
    "parts": [
        [], [{"v": 1, "q": "a"}], [{"v": 5}, {"q": "b"}], [{"v": None, "q": "x"}],
        [{"v": 2, "q": "ab", "in": [1, 2]}, {"in": []}],
    ],
}  # fmt: skip
_TEXTUAL = ("day", "clock")


def documents(count: int, seed: int, *, proper: bool = False) -> list[dict[str, Any]]:
    """Documents with missing fields, nulls and values of other kinds among the proper ones.

    Args:
        proper: only values of their property's kind, nulls and missing fields.
    """
    dice = random.Random(seed)
    return [(_proper if proper else _mixed)(dice, number) for number in range(count)]


def _proper(dice: random.Random, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {"n": number}
    for name, values in {**_VALUES, **_PROPER}.items():
        roll = dice.random()
        if roll >= 0.15:
            found[name] = None if roll < 0.25 else dice.choice(values)
    return found


def _mixed(dice: random.Random, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {"n": number}
    for name, values in _VALUES.items():
        roll = dice.random()
        if roll < 0.15:
            continue
        strange = [one for one in MIXED if name not in _TEXTUAL or not isinstance(one, str)]
        found[name] = dice.choice(strange if roll < 0.35 else values)
    return found


def literal(value: Any) -> Literal:
    kinds: list[tuple[type, ast.LiteralKind]] = [
        (bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"),
        (datetime, "datetime"), (date, "date"), (time, "time"), (timedelta, "duration"),
    ]  # fmt: skip
    return Literal(value, next(kind for shape, kind in kinds if isinstance(value, shape)))


def _some(values: list[Any]) -> st.SearchStrategy[ast.Expression]:
    return st.sampled_from([literal(value) for value in values])


def _paths(*names: str) -> st.SearchStrategy[ast.Expression]:
    return st.sampled_from([Path(tuple(name.split("/"))) for name in names])


def _calls(names: list[str], *args: st.SearchStrategy[Any]) -> st.SearchStrategy[ast.Expression]:
    return st.builds(Call, st.sampled_from(names), st.tuples(*args))


def _binary(
    ops: list[str], left: st.SearchStrategy[Any], right: st.SearchStrategy[Any]
) -> st.SearchStrategy[ast.Expression]:
    return st.builds(Binary, st.sampled_from(ops), left, right)


ORDERS = ["gt", "ge", "lt", "le"]
COMPARES = ["eq", "ne", *ORDERS]

texts = st.deferred(lambda: st.one_of(_paths("text"), _some(TEXTS), _text_calls))
numbers = st.deferred(lambda: st.one_of(
    _paths("num", "whole", "pos/lat"), _some(NUMBERS), _some(WHOLES[:-1]), _number_calls,
))  # fmt: skip
days = st.one_of(_paths("day"), _some(DAYS))
moments = st.one_of(_paths("when"), _some(MOMENTS))
spans = _some([timedelta(days=1), timedelta(hours=-5, milliseconds=250), timedelta(0)])
clocks = st.one_of(_paths("clock"), _some([time(15, 30), time(15, 30, 0, 500000), time(8, 5, 7)]))

_text_calls = st.one_of(
    _calls(["tolower", "toupper", "trim"], texts),
    _calls(["concat"], texts, texts),
    _calls(["substring"], texts, _some([0, 1, -1, 5])),
    _calls(["substring"], texts, _some([0, 1, 2]), _some([0, 1, 2])),
)
_number_calls = st.one_of(
    _binary(["add", "sub", "mul", "div", "divby", "mod"], numbers, numbers),
    st.builds(Negate, numbers),
    _calls(["round", "floor", "ceiling"], numbers),
    _calls(["length"], texts),
    _calls(["indexof"], texts, texts),
    _calls(["year", "month", "day"], st.one_of(days, moments)),
    _calls(["hour", "minute", "second", "fractionalseconds"], st.one_of(clocks, moments)),
    st.builds(Count, st.sampled_from([Path(("tags",)), Path(("parts",))])),
    _calls(["totalseconds"], _binary(["sub"], moments, moments)),
)
moved = st.one_of(moments, _binary(["add", "sub"], moments, spans))
moved_days = st.one_of(days, _binary(["add", "sub"], days, spans), _calls(["date"], moments))
null = st.just(Literal(None, "null"))


def _members(variable: str) -> st.SearchStrategy[ast.Expression]:
    """Conditions on a plain member."""
    own = st.just(Path((), variable))
    text = st.one_of(
        _binary(["eq", "ne", "lt", "ge"], own, st.one_of(_some(TEXTS), null)),
        _calls(["contains", "startswith", "endswith"], own, _some(TEXTS)),
        st.builds(Binary, st.just("in"), own, _lists(_some(TEXTS))),
        _binary(["eq", "ne"], own, _paths("text")),
        _binary(["eq", "gt"], st.builds(Call, st.just("length"), st.tuples(own)), numbers),
    )
    return _logical(text)


def _lists(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Items]:
    return st.builds(Items, st.lists(items, max_size=3).map(tuple))


def _of_parts(variable: str) -> st.SearchStrategy[ast.Expression]:
    """Conditions on properties of an object in a collection."""
    v, q = st.just(Path(("v",), variable)), st.just(Path(("q",), variable))
    inner = Lambda(Path(("in",), variable), "any", "y", Binary("gt", Path((), "y"), literal(1)))
    one = st.one_of(
        _binary(COMPARES, v, st.one_of(_some(NUMBERS), null)),
        _binary(["eq", "ne"], q, st.one_of(_some(TEXTS), null)),
        _calls(["contains"], q, _some(TEXTS)),
        _binary(["eq", "lt"], _binary(["add", "div"], v, numbers), numbers),
        st.just(inner),
    )
    return _logical(one)


def _logical(one: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy[ast.Expression]:
    """Up to a few of some conditions, joined and turned about."""
    return st.recursive(
        one,
        lambda inner: st.one_of(
            st.builds(ast.Not, inner),
            st.builds(ast.And, st.tuples(inner, inner)),
            st.builds(ast.Or, st.tuples(inner, inner)),
        ),
        max_leaves=3,
    )


_hows = st.sampled_from(["any", "all"])
conditions = st.one_of(
    _paths("flag", "free"),
    _binary(COMPARES, numbers, numbers),
    _binary(COMPARES, texts, texts),
    _binary(COMPARES, moved_days, moved_days),
    _binary(COMPARES, moved, moved),
    _binary(COMPARES, clocks, st.one_of(clocks, _calls(["time"], moments))),
    _binary(COMPARES, _paths("free"), st.one_of(_some([1, "a", True, MOMENTS[0]]), _paths("num"))),
    _binary(COMPARES, _paths("free"), _paths("free", "free/lat")),
    _binary(COMPARES, _binary(["add", "div", "mod"], _paths("free"), _some([2, 0.5])), numbers),
    _binary(COMPARES, st.one_of(texts, numbers, days, moments, clocks), null),
    _calls(["contains", "startswith", "endswith"], texts, texts),
    _binary(["eq", "ne"], _paths("pos", "flag", "free"), null),
    _binary(["eq", "gt"], _paths("flag"), _binary(COMPARES, numbers, numbers)),
    st.builds(Binary, st.just("in"), texts, _lists(st.one_of(_some(TEXTS), _paths("text"), null))),
    st.builds(Binary, st.just("in"), numbers, _lists(st.one_of(_some(NUMBERS), null))),
    st.builds(Binary, st.just("in"), clocks, _lists(clocks)),
    st.builds(Binary, st.just("in"), texts, st.just(Path(("tags",)))),
    st.builds(Lambda, st.just(Path(("tags",))), _hows, st.just("x"), _members("x")),
    st.builds(Lambda, st.just(Path(("parts",))), _hows, st.just("p"), _of_parts("p")),
    st.just(Lambda(Path(("nums",)), "any")),
)  # fmt: skip
filters = _logical(conditions)
