"""The stream door: time series over HTTP, read by everybody and written with a key.

Reading speaks the interface of the original Datastream API, in its words; writing is the hub's
own. Reading comes first, so that it answers OPTIONS where both have a URL.
"""

from __future__ import annotations

from flask import Blueprint

from hub.api.streams import appending, reading, writing

bp = Blueprint("streams", __name__, url_prefix="/api/v1")
for _part in (reading, writing, appending):
    bp.register_blueprint(_part.bp)
