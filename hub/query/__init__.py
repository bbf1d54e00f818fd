"""What a client may ask: checked here, without touching anything, before it reaches MongoDB."""

from hub.query.fields import Fields, guard_fields
from hub.query.guard import (
    Filter,
    Pipeline,
    ScopedFilter,
    ScopedPipeline,
    arranged,
    guard_filter,
    guard_pipeline,
    within,
)
from hub.query.limits import Limits
from hub.query.sort import Sort, guard_sort

__all__ = [
    "Fields",
    "Filter",
    "Limits",
    "Pipeline",
    "ScopedFilter",
    "ScopedPipeline",
    "Sort",
    "arranged",
    "guard_fields",
    "guard_filter",
    "guard_pipeline",
    "guard_sort",
    "within",
]
