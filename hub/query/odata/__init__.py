"""OData text to MongoDB: tokens, a frozen tree, types, and filters or stages; all of it pure.

Text is read by ``parse_…``, against an ``EntityType`` it becomes a filter or stages, and those go
through the guard that a client's own queries go through (``guarded_…``).
"""

from hub.query.odata.apply import parse_apply
from hub.query.odata.bind import Context, condition
from hub.query.odata.clauses import Selected
from hub.query.odata.compile import (
    LIMITS,
    compile_filter,
    guarded_condition,
    guarded_filter,
    guarded_stages,
)
from hub.query.odata.dialect import DATASTREAM, STRICT, Dialect
from hub.query.odata.functions import Kind
from hub.query.odata.grouping import Applied, apply_stages
from hub.query.odata.model import EntityType, Property
from hub.query.odata.options import parse_compute, parse_orderby, parse_select
from hub.query.odata.parse import parse_filter
from hub.query.odata.search import compile_search, parse_search
from hub.query.odata.stages import compute_stages, order_stages, project_stage, selected

__all__ = [
    "DATASTREAM",
    "LIMITS",
    "STRICT",
    "Applied",
    "Context",
    "Dialect",
    "EntityType",
    "Kind",
    "Property",
    "Selected",
    "apply_stages",
    "compile_filter",
    "compile_search",
    "compute_stages",
    "condition",
    "guarded_condition",
    "guarded_filter",
    "guarded_stages",
    "order_stages",
    "parse_apply",
    "parse_compute",
    "parse_filter",
    "parse_orderby",
    "parse_search",
    "parse_select",
    "project_stage",
    "selected",
]
