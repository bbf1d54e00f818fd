"""What stands in a path: integers in digits of ASCII, and one spelling of each address.

A double slash is no other spelling of a single one. A page that is found without its last slash
leads to itself by a path alone: what the client says of the host is not told to anybody.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Response
from werkzeug.routing import IntegerConverter, PathConverter


class Digits(IntegerConverter):
    """An integer, not negative; Python's own reading takes the digits of other scripts."""

    regex = "[0-9]+"


class Rest(PathConverter):
    """All that is left of a path, also where that begins with a slash."""

    part_isolating = False
    regex = ".+?"


def register(app: Flask) -> None:
    """Before any route is added."""
    app.url_map.merge_slashes = False
    app.url_map.converters["int"] = Digits
    app.url_map.converters["rest"] = Rest
    app.after_request(_within)


def _within(response: Response) -> Response:
    """A redirect of the framework's, which names the host that the client named."""
    if 300 <= response.status_code < 400 and (location := response.headers.get("Location")):
        found = urlsplit(location)
        path = f"/{found.path.lstrip('/')}"
        response.headers["Location"] = urlunsplit(("", "", path, found.query, found.fragment))
    return response
