"""Text to a tree, remembered."""

from __future__ import annotations

from functools import lru_cache

from hub.query.odata import tokens
from hub.query.odata.ast import Expression, Literal
from hub.query.odata.dialect import STRICT, Dialect
from hub.query.odata.expressions import Expressions
from hub.query.odata.reader import Reader


def parse_filter(text: str, dialect: Dialect = STRICT) -> Expression:
    """The tree of a ``$filter``, or of the value of a parameter alias.

    Kept for the 1,024 texts asked last.

    Raises:
        BadOData: malformed; ``offset`` says where.
        UnsupportedOData: well-formed and not done here.
        QueryTooComplex: over a bound of ``hub.query.odata.refusal``.
    """
    tokens.check(text)
    return _filter(text, dialect)


@lru_cache(1024)
def _filter(text: str, dialect: Dialect) -> Expression:
    if dialect.empty_is_all and not text.strip():
        return Literal(True, "boolean")
    reader = Reader(text)
    tree = Expressions(reader, dialect).whole()
    reader.finish("an operator or the end")
    return tree
