"""Tag filters of a query string, compiled to a filter on the field ``tags``.

``tags__<name>[__<nested name>…][__not][__<operator>]=value``. A last name that is an operator's
is the operator; a tag of that name is reached with ``exact`` behind it (``tags__size__exact=3``).
``not`` stands only between a name and an operator. Source: reference of the Datastream API,
section 3.3.

Choices of ours: the operators that look into text (``contains``, ``startswith``, ``endswith``
and their ``i`` forms) take their value as text and match only text; ``iexact`` matches the text
in any letter case, and a number, boolean or null that its value reads as.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from bson.regex import Regex

from hub.errors import BadQuery, QueryTooComplex
from hub.query import tag_values
from hub.query.refusal import shown
from hub.values import Document

PREFIX: Final = "tags__"
SEPARATOR: Final = "__"
RESERVED: Final = frozenset(
    {
        "stream_id",
        "value_downsamplers",
        "time_downsamplers",
        "highest_granularity",
        "derived_from",
        "contributes_to",
        "pending_backprocess",
        "latest_datapoint",
        "earliest_datapoint",
        "downsampled_until",
        "value_type",
        "value_type_options",
    }
)
"""Names that no top-level tag may have. Filters on them, and on ``id``, match nothing."""

FILTERS_MAX: Final = 32
PARTS_MAX: Final = 16
ITEMS_MAX: Final = 1_000
TEXT_BYTES_MAX: Final = 4_096
SIZE_MAX: Final = 2**31 - 1

_INTERNAL: Final = RESERVED | {"id"}
_NOTHING: Final[Document] = {"_id": {"$in": []}}


@dataclass(frozen=True, slots=True)
class _Asked:
    """One filter: its parameter's name, and the values it was given, in order, at least one."""

    parameter: str
    values: list[str]

    def bad(self, message: str) -> BadQuery:
        return BadQuery(message, parameter=shown(self.parameter))

    def over(self, limit: str, most: int) -> QueryTooComplex:
        message = f"over the limit {limit} of {most}"
        return QueryTooComplex(message, parameter=shown(self.parameter), limit=limit, max=most)


_Operator = Callable[[_Asked], Document]


def tag_filter(parameters: Iterable[tuple[str, str]]) -> Document:
    """The filter that the ``tags__…`` parameters of a query string ask for, all together.

    Args:
        parameters: names and values, decoded, in the order of the query string. Names that do
            not begin with ``tags__`` are passed over. A repeated parameter adds to a list
            (``in``, ``nin``, ``all``); of any other the last one holds.

    Returns:
        A MongoDB filter; empty when nothing is asked.

    Raises:
        BadQuery: a filter is malformed; ``parameter`` in the detail names it.
        QueryTooComplex: there are too many filters, parts of a name, items, or bytes in a value.
    """
    clauses = [_clause(asked) for asked in _gathered(parameters)]
    if _NOTHING in clauses:
        return dict(_NOTHING)
    if len(clauses) > 1:
        return {"$and": clauses}
    return clauses[0] if clauses else {}


def _gathered(parameters: Iterable[tuple[str, str]]) -> list[_Asked]:
    found: dict[str, _Asked] = {}
    for name, value in parameters:
        if name == "tags":
            raise BadQuery("a filter names a tag: tags__<name>=value", parameter=name)
        if name.startswith(PREFIX):
            asked = found.setdefault(name, _Asked(name, []))
            asked.values.append(value)
            if len(found) > FILTERS_MAX:
                raise asked.over("filters_max", FILTERS_MAX)
    return list(found.values())


def _clause(asked: _Asked) -> Document:
    names, negated, operator = _read(asked)
    for name in names:
        if found := _fault(name):
            raise asked.bad(found)
    if len(names) > PARTS_MAX:
        raise asked.over("path_depth_max", PARTS_MAX)
    condition = _OPERATORS[operator](asked)
    if names[0] in _INTERNAL:
        return _NOTHING
    return {".".join(("tags", *names)): {"$not": condition} if negated else condition}


def _read(asked: _Asked) -> tuple[list[str], bool, str]:
    """The names, whether the operator is negated, and the operator."""
    *names, last = asked.parameter.removeprefix(PREFIX).split(SEPARATOR)
    if last != "not" and last not in _OPERATORS:
        return [*names, last], False, "exact"
    if not names:
        raise asked.bad(f"{last} is an operator; for a tag of that name write tags__{last}__exact")
    if last == "not":
        raise asked.bad("not stands before an operator: tags__<name>__not__<operator>=value")
    negated = len(names) > 1 and names[-1] == "not"
    return names[:-1] if negated else names, negated, last


def _fault(name: str) -> str | None:
    """Why no tag has this name, in words; None when one may."""
    if not name:
        return "the name of a tag is empty; names are joined by two underscores"
    if name[0] == "$":
        return "the name of a tag must not begin with $"
    if "." in name:
        return "the name of a tag must not hold a dot; nested names are joined by two underscores"
    if "\0" in name:
        return "the name of a tag must not hold the character NUL"
    return "the name of a tag is not valid Unicode" if _size(name) is None else None


def _size(text: str) -> int | None:
    """The UTF-8 bytes of a text; None where it cannot be written in UTF-8."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return None


def _text(text: str, asked: _Asked) -> str:
    size = _size(text)
    if size is None:
        raise asked.bad("the value is not valid Unicode")
    if size > TEXT_BYTES_MAX:
        raise asked.over("string_bytes_max", TEXT_BYTES_MAX)
    return text


def _last(asked: _Asked) -> str:
    return _text(asked.values[-1], asked)


def _compared(operator: str) -> _Operator:
    return lambda asked: {operator: tag_values.converted(_last(asked))}


def _listed(operator: str) -> _Operator:
    def compile_list(asked: _Asked) -> Document:
        if sum(value.count(",") + 1 for value in asked.values) > ITEMS_MAX:
            raise asked.over("in_max", ITEMS_MAX)
        items = [_text(item, asked) for value in asked.values for item in value.split(",")]
        return {operator: [tag_values.converted(item) for item in items]}

    return compile_list


def _matched(before: str, after: str, options: str) -> _Operator:
    def compile_text(asked: _Asked) -> Document:
        found = before + tag_values.pattern(_last(asked)) + after
        return {"$regex": found, "$options": options}

    return compile_text


def _same_text(asked: _Asked) -> Document:
    text = _last(asked)
    value = tag_values.converted(text)
    accepted: list[Any] = [Regex(rf"\A{tag_values.pattern(text)}\z", "i")]
    return {"$in": accepted if type(value) is str else [*accepted, value]}


def _modulo(asked: _Asked) -> Document:
    numbers = [tag_values.integer(text) for text in _last(asked).split(",")]
    if len(numbers) != 2 or None in numbers or numbers[0] == 0:
        raise asked.bad("mod takes a divisor other than 0 and a remainder, 64-bit integers: 5,2")
    return {"$mod": numbers}


def _counted(asked: _Asked) -> Document:
    size = tag_values.integer(_last(asked))
    if size is None or not 0 <= size <= SIZE_MAX:
        raise asked.bad("size takes a whole number, 0 or more")
    return {"$size": size}


def _existing(asked: _Asked) -> Document:
    there = tag_values.switch(_last(asked))
    if there is None:
        raise asked.bad("exists takes true or false")
    return {"$exists": there}


_OPERATORS: Final[dict[str, _Operator]] = {
    "exact": _compared("$eq"),
    "ne": _compared("$ne"),
    "gt": _compared("$gt"),
    "gte": _compared("$gte"),
    "lt": _compared("$lt"),
    "lte": _compared("$lte"),
    "in": _listed("$in"),
    "nin": _listed("$nin"),
    "all": _listed("$all"),
    "iexact": _same_text,
    "contains": _matched("", "", ""),
    "icontains": _matched("", "", "i"),
    "startswith": _matched(r"\A", "", ""),
    "istartswith": _matched(r"\A", "", "i"),
    "endswith": _matched("", r"\z", ""),
    "iendswith": _matched("", r"\z", "i"),
    "mod": _modulo,
    "size": _counted,
    "exists": _existing,
}
