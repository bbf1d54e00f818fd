"""``$orderby``, ``$select`` and ``$compute``: text to clauses.

Each raises ``BadOData``, ``UnsupportedOData`` and ``QueryTooComplex`` as ``parse_filter`` does.
"""

from __future__ import annotations

from typing import Final

from hub.query.odata.clauses import Computed, OrderItem, Selected
from hub.query.odata.dialect import STRICT, Dialect
from hub.query.odata.expressions import Expressions
from hub.query.odata.reader import Reader
from hub.query.odata.refusal import bad, over, unsupported

CLAUSES_MAX: Final = 200
"""Items in one option."""
_MORE: Final = "',' or the end"


def parse_orderby(text: str, dialect: Dialect = STRICT) -> tuple[OrderItem, ...]:
    """``a desc,b/c,length(d) asc``, one item or more."""
    reader = Reader(text)
    expressions = Expressions(reader, dialect)
    found: list[OrderItem] = []
    while not found or reader.takes(","):
        expression = expressions.whole()
        descending = reader.is_word("desc")
        if descending or reader.is_word("asc"):
            reader.take()
        found.append(OrderItem(expression, descending))
        check_count(len(found))
    reader.finish("asc, desc, " + _MORE)
    return tuple(found)


def parse_select(text: str) -> Selected:
    """``a,b/c`` or ``*``, one item or more."""
    reader = Reader(text)
    expressions = Expressions(reader, STRICT)
    paths = []
    count, everything = 0, False
    while not count or reader.takes(","):
        count += 1
        if reader.takes("*"):
            everything = True
        else:
            paths.append(expressions.path())
        if reader.now.text == "(":
            raise unsupported("$select with options", reader.now.at)
        check_count(count)
    reader.finish(_MORE)
    return Selected(tuple(paths), everything)


def parse_compute(text: str, dialect: Dialect = STRICT) -> tuple[Computed, ...]:
    """``a mul 2 as double,length(b) as size``, one item or more."""
    reader = Reader(text)
    found = computed(reader, Expressions(reader, dialect))
    reader.finish(_MORE)
    return found


def computed(reader: Reader, expressions: Expressions) -> tuple[Computed, ...]:
    """The items of a computation, up to what is no comma."""
    found: list[Computed] = []
    while not found or reader.takes(","):
        expression = expressions.whole()
        name, at = alias(reader)
        if any(name == item.name for item in found):
            raise bad(f"{name} is computed twice", at)
        found.append(Computed(expression, name, at))
        check_count(len(found))
    return tuple(found)


def alias(reader: Reader) -> tuple[str, int]:
    """``as name``: the name and its offset."""
    if not reader.is_word("as"):
        raise reader.unexpected("as and a name")
    reader.check_spaces()
    reader.take()
    token = reader.name("a name")
    if len(token.text) > 128:
        raise bad("the name is too long", token.at, "at most 128 characters")
    return token.text, token.at


def check_count(count: int) -> None:
    """Refuse more items than an option may hold."""
    if count > CLAUSES_MAX:
        raise over("odata_clauses_max", CLAUSES_MAX)
