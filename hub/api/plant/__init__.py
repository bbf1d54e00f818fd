"""The plant API over HTTP, in JSON: what there is in the plant, and what is recorded of it."""

from __future__ import annotations

from flask import Blueprint

from hub.api.plant import (
    ai,
    browse,
    data,
    devices,
    event_logs,
    groups,
    hamachi,
    io,
    license,
    retention,
    statistics,
    terminal,
    values,
    windows,
)
from hub.api.plant.listing import check_ids

bp = Blueprint("plant", __name__, url_prefix="/api")
bp.url_value_preprocessor(check_ids)
_PARTS = (
    devices,
    io,
    browse,
    groups,
    data,
    values,
    statistics,
    windows,
    event_logs,
    retention,
    ai,
    hamachi,
    license,
    terminal,
)
for _part in _PARTS:
    bp.register_blueprint(_part.bp)
