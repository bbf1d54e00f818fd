"""The page that draws streams: its own files, and the charting library out of its package.

Every file but the page itself stands under a digest of them all, so that a browser may keep it
for ever: another release has other addresses.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from string import Template

from flask import Blueprint, Response, abort, request

from hub.api.openapi.told import untold
from hub.api.opening import public

bp = Blueprint("pages", __name__, url_prefix="/streams")

FOLDER = Path(__file__).parent / "static" / "streams"
LIBRARY = "plotly.min.js"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""What the page may load and do: only what this hub serves, nothing inline."""


@bp.get("/", strict_slashes=True)
@untold
@public
def page() -> Response:
    """The page, which is asked for again each time and answered from the browser where it can."""
    text = Template((FOLDER / "index.html").read_text("utf-8"))
    body = text.substitute(assets=digest()).encode()
    response = _packed(gzip.compress(body, mtime=0), "text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    response.set_etag(hashlib.sha256(body).hexdigest()[:16], weak=True)
    response.make_conditional(request)
    return response


@bp.get("/<version>/<name>")
@untold
@public
def asset(version: str, name: str) -> Response:
    """A file of the page. One of another version is not here."""
    path = assets().get(name)
    if path is None or version != digest():
        abort(404)
    response = _packed(packed(name), TYPES[path.suffix])
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@cache
def assets() -> dict[str, Path]:
    """The files that are served, by name. The library is found without importing it."""
    own = {path.name: path for path in FOLDER.iterdir() if path.suffix in TYPES}
    library = distribution("plotly").locate_file(f"plotly/package_data/{LIBRARY}")
    return own | {LIBRARY: Path(str(library))}


@cache
def digest() -> str:
    """A short digest of all files."""
    sums = [hashlib.sha256(path.read_bytes()).digest() for _, path in sorted(assets().items())]
    return hashlib.sha256(b"".join(sums)).hexdigest()[:16]


@cache
def packed(name: str) -> bytes:
    """A file as it is sent, compressed once in this process."""
    return gzip.compress(assets()[name].read_bytes(), mtime=0)


def _packed(body: bytes, content_type: str) -> Response:
    """An answer of compressed bytes, which are unpacked for those who take no gzip."""
    takes = request.accept_encodings.quality("gzip") > 0
    response = Response(body if takes else gzip.decompress(body), content_type=content_type)
    if takes:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
