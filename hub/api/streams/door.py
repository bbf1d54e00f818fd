"""Manners of the reading side of the stream door: slashes, CORS, and its own words for errors."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request

from hub.api.answers import one
from hub.errors import Invalid, NotFound

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Max-Age": "3600",
}


def mind(bp: Blueprint) -> None:
    """Give a blueprint these manners."""
    bp.before_request(_to_the_slash)
    bp.after_request(_for_every_origin)
    bp.after_request(_naming_the_methods)
    bp.register_error_handler(Invalid, _invalid)
    bp.register_error_handler(NotFound, _not_found)


def _to_the_slash() -> Response | None:
    """301 from a URL without its last slash, the query string as it came."""
    if request.path.endswith("/") or request.method not in ("GET", "HEAD"):
        return None
    query = request.query_string.decode("latin-1")
    url = quote(f"{request.path}/")
    response = redirect(f"{url}?{query}" if query else url, 301)
    assert isinstance(response, Response)
    return response


def _for_every_origin(response: Response) -> Response:
    response.headers.update(CORS)
    return response


def _naming_the_methods(response: Response) -> Response:
    """The body of an answer to OPTIONS; the framework writes only its header."""
    if request.method == "OPTIONS":
        response.content_type = "text/plain; charset=utf-8"
        response.set_data(", ".join(sorted(response.allow)))
    return response


def _invalid(error: Invalid) -> Response:
    return one({"error": escape(error.message, quote=False)}, 400)


def _not_found(error: NotFound) -> Response:
    return one({"error_message": error.message}, 404)
