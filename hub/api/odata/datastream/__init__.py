"""The DataStream API: the four sets of published observations under ``/v1/odata/v4/``."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from hub.api.context import services
from hub.api.odata.datastream import asked, door, sending, telling
from hub.api.odata.datastream.asked import Options
from hub.api.openapi.told import stands_for, untold
from hub.api.opening import Opening, opened_throughout
from hub.errors import NotFound
from hub.services import scopes
from hub.services.odata.sets import SETS

ROOT = "/v1/odata/v4"
EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE")

bp = Blueprint("datastream", __name__, url_prefix=ROOT)
door.mind(bp)
opened_throughout(bp, Opening("key", scopes.ODATA_READ, wrong_key=403))


@bp.get("/<name>")
@stands_for(*telling.places(ROOT))
def read(name: str) -> Response:
    if name not in SETS:
        return elsewhere(name)
    found = asked.options(request, SETS[name])
    if request.method == "HEAD":
        services().datastream.check(door.reader(), found.asked)
        return Response(content_type=sending.JSON if found.form == "json" else sending.CSV)
    if found.count:
        return sending.as_number(services().datastream.count(door.reader(), found.asked))
    if found.form == "csv" and found.top is None:
        return sending.as_stream(services().datastream.everything(door.reader(), found.asked))
    return _page(found)


@bp.route("/", defaults={"rest": ""}, methods=EVERY_METHOD)
@bp.route("/<rest:rest>", methods=EVERY_METHOD)
@untold
def elsewhere(rest: str) -> Response:
    """What is not here, and what cannot be done."""
    if rest in SETS:
        raise MethodNotAllowed(valid_methods=door.METHODS)
    raise NotFound(f"there are {', '.join(SETS)}, and nothing else under {ROOT}/")


def _page(found: Options) -> Response:
    page = services().datastream.page(door.reader(), found.asked, found.top or asked.TOP_DEFAULT)
    link = None if page.after is None else asked.next_url(request, ROOT, found, page.after)
    return (sending.as_json if found.form == "json" else sending.as_csv)(page, link)
