"""The bounds on a tree, measured without recursion."""

from __future__ import annotations

from hub.query.odata.ast import (
    Alias,
    Binary,
    Call,
    Count,
    Expression,
    Lambda,
    Literal,
    Negate,
    Not,
    Path,
    TypeName,
    walked,
)
from hub.query.odata.refusal import DEPTH_MAX, LEAVES_MAX, TERMS_MAX, over


def check_size(tree: Expression) -> None:
    """Refuse a tree over the bounds.

    Raises:
        QueryTooComplex: too deep, too many terms, too many literals.
    """
    terms = leaves = 0
    for node, depth in walked(tree):
        if depth > DEPTH_MAX:
            raise over("odata_depth_max", DEPTH_MAX)
        match node:
            case Literal() | Path() | TypeName() | Alias():
                leaves += 1
            case Binary() | Call() | Lambda() | Not() | Negate() | Count():
                terms += 1
        if terms > TERMS_MAX:
            raise over("odata_terms_max", TERMS_MAX)
        if leaves > LEAVES_MAX:
            raise over("odata_leaves_max", LEAVES_MAX)
