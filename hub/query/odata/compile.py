"""The doors of the compiler: text and an entity's type in, a checked filter or stages out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.query import Filter, Limits, Pipeline, guard_filter, guard_pipeline
from hub.query.odata.ast import Expression
from hub.query.odata.bind import Context, condition
from hub.query.odata.match import to_match
from hub.query.odata.stages import Stage
from hub.query.odata.typed import Typed

LIMITS: Final = Limits(
    depth_max=40,
    nodes_max=10_000,
    stages_max=50,
    string_bytes_max=65_536,
    regex_chars_max=512,
    growth_max=65_536,
    growers_max=128,
    map_items_max=256,
    sort_keys_max=32,
)
"""What compiled OData may need; the text itself is bounded by ``hub.query.odata.refusal``."""


def compile_filter(tree: Expression, context: Context) -> dict[str, Any]:
    """The filter document for what a ``$filter`` is true of.

    Raises:
        BadOData: an unknown property, kinds that do not go together.
        UnsupportedOData: what the hub does not do.
    """
    return to_match(condition(tree, context), unknown=context.dialect.unknown_orders)


def guarded_filter(tree: Expression, context: Context) -> Filter:
    """The same, checked as a client's own query is.

    Raises:
        QueryTooComplex: what it compiles to is over ``LIMITS``.
    """
    return guard_filter(compile_filter(tree, context), limits=LIMITS, analyst=True)


def guarded_condition(node: Typed | None, context: Context) -> Filter:
    """The same of a condition that is bound already; None lets everything through."""
    document = {} if node is None else to_match(node, unknown=context.dialect.unknown_orders)
    return guard_filter(document, limits=LIMITS, analyst=True)


def guarded_stages(stages: Sequence[Stage]) -> Pipeline:
    """Stages of this package, checked as a client's own pipeline is.

    Raises:
        QueryTooComplex: over ``LIMITS``.
    """
    return guard_pipeline(list(stages), limits=LIMITS, analyst=True)
