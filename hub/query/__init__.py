"""What a client may ask: checked here, without touching anything, before it reaches MongoDB."""

from hub.query.fields import Fields, guard_fields
from hub.query.guard import (
    Boundary,
    BoundedPipeline,
    Filter,
    Pipeline,
    ScopedFilter,
    ScopedPipeline,
    arranged,
    bounded,
    guard_filter,
    guard_pipeline,
    within,
)
from hub.query.limits import Limits
from hub.query.sort import Sort, guard_sort

__all__ = [
    "Boundary",
    "BoundedPipeline",
    "Fields",
    "Filter",
    "Limits",
    "Pipeline",
    "ScopedFilter",
    "ScopedPipeline",
    "Sort",
    "arranged",
    "bounded",
    "guard_fields",
    "guard_filter",
    "guard_pipeline",
    "guard_sort",
    "within",
]
