"""The formats of the stream door: which one a request gets, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from flask import Request

from hub.api import formats
from hub.api.streams import xml
from hub.api.streams.asked import Query
from hub.errors import BadParameter
from hub.values import Batch, Document

CALLBACK = "callback"
CALLBACK_CHARS_MAX = 128
CALLBACK_NAME = re.compile(
    r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*|\[[0-9]+\]|\[\"[\w$]+\"\]|\['[\w$]+'\])*", re.ASCII
)
JAVASCRIPT_WORD = re.compile(
    r"(?<![\w$])(?:await|break|case|catch|class|const|continue|debugger|default|delete|do|else"
    r"|enum|export|extends|false|finally|for|function|if|implements|import|in|instanceof"
    r"|interface|let|new|null|package|private|protected|public|return|static|super|switch|this"
    r"|throw|true|try|typeof|var|void|while|with|yield)(?![\w$])"
)
NOT_FOR_BROWSERS = b'This is for programs. To read it here, append "?format=json" to the URL.\n'


@dataclass(frozen=True, slots=True)
class Told:
    """What is answered. ``columns`` are those of its datapoints, where it has any.

    A column is a name with a dot for each step into a datapoint: ``v.m``.
    """

    body: Document
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """One format. ``rows`` says that it holds nothing but datapoints, one a line."""

    name: str
    content_type: str
    accepted: tuple[str, ...]
    write: Callable[[Told, Query], bytes]
    rows: bool = False


def chosen(request: Request, *, rows: bool) -> Form:
    """The format of an answer, with datapoints (``rows``) or without.

    A known ``format`` wins and an unknown one is ignored; then a ``callback`` asks for JSONP;
    then ``Accept`` decides, and what it does not is JSON.
    """
    offered = [form for form in FORMS if rows or not form.rows]
    named = request.args.get("format", "")
    if CALLBACK in request.args and named not in [form.name for form in offered]:
        named = "jsonp"
    for form in offered:
        if form.name == named:
            return form
    media_types = {media_type: form for form in [*offered, HTML] for media_type in form.accepted}
    best = request.accept_mimetypes.best_match(media_types)
    return media_types[best] if best else JSON


def _json(told: Told, _args: Query) -> bytes:
    return formats.dumps(told.body)


def _jsonp(told: Told, args: Query) -> bytes:
    """JSON in a call. The two line ends that JSON allows in a text and JavaScript did not go.

    Raises:
        BadParameter: ``callback`` is no name of a function.
    """
    callback = args.get(CALLBACK, CALLBACK)
    if (
        len(callback) > CALLBACK_CHARS_MAX
        or not CALLBACK_NAME.fullmatch(callback)
        or JAVASCRIPT_WORD.search(callback)
    ):
        raise BadParameter("JSONP callback name is invalid.", parameter=CALLBACK)
    content = _json(told, args).replace(b"\xe2\x80\xa8", rb"\u2028")
    content = content.replace(b"\xe2\x80\xa9", rb"\u2029")
    return b"%s(%s)" % (callback.encode(), content)


def _xml(told: Told, _args: Query) -> bytes:
    return xml.dumps(told.body)


def _csv(told: Told, _args: Query) -> bytes:
    columns = formats.Columns(told.columns or (), named=True)
    return b"".join(formats.csv_chunks([Batch(told.body["datapoints"])], columns))


def _ndjson(told: Told, _args: Query) -> bytes:
    return b"".join(formats.ndjson_chunks([Batch(told.body["datapoints"])], None))


def _html(_told: Told, _args: Query) -> bytes:
    return NOT_FOR_BROWSERS


JSON = Form("json", "application/json", ("application/json",), _json)
JSONP = Form("jsonp", "text/javascript", ("text/javascript",), _jsonp)
FORMS = (
    JSON,
    JSONP,
    Form("xml", "application/xml; charset=utf-8", ("application/xml", "text/xml"), _xml),
    Form("csv", "text/csv", ("text/csv",), _csv, rows=True),
    Form(
        "ndjson",
        "application/x-ndjson",
        ("application/x-ndjson", "application/ndjson", "application/jsonl"),
        _ndjson,
        rows=True,
    ),
)
HTML = Form("html", "text/plain; charset=utf-8", ("text/html", "application/xhtml+xml"), _html)
"""What a browser gets that names no format."""
