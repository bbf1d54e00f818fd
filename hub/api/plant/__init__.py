"""The plant API: devices, groups, data streams over HTTP, in JSON."""

from __future__ import annotations

from flask import Blueprint

from hub.api.plant import data, devices, event_logs, groups
from hub.api.plant.listing import check_ids

bp = Blueprint("plant", __name__, url_prefix="/api")
bp.url_value_preprocessor(check_ids)
for _part in (devices, groups, data, event_logs):
    bp.register_blueprint(_part.bp)
