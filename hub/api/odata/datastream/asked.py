"""The query string of the DataStream API: its options, with or without ``$``, in any case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote

from flask import Request

from hub.api.odata.encoding import check_utf8
from hub.errors import BadParameter, UnsupportedOData
from hub.services.odata import reading
from hub.services.odata.datastream import Asked, Key
from hub.services.odata.sets import EntitySet

TOP_DEFAULT: Final = 10
TOP_MAX: Final = 10_000
Form = Literal["json", "csv"]
FORMS: Final[dict[str, Form]] = {
    "json": "json", "application/json": "json", "csv": "csv", "text/csv": "csv",
}  # fmt: skip
KEPT: Final = ("top", "select", "filter", "format")
"""What a link to the next page repeats."""
KNOWN: Final = (*KEPT, "skiptoken", "count")
ODATA: Final = ("orderby", "skip", "search", "expand", "apply", "compute")
"""Options that would change the answer, and are not done here: never ignored, ``$`` or not."""
_WHOLE: Final = re.compile(r"\s*([0-9]{1,9})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Options:
    """``given`` holds the texts by name, without ``$``; ``top`` is None where none was given."""

    asked: Asked
    top: int | None
    count: bool
    form: Form
    given: dict[str, str]


def options(request: Request, of: EntitySet) -> Options:
    """What a request asks of a set. Texts of ``$select`` and ``$filter`` are not read here.

    Raises:
        BadParameter: an option is unknown, given twice, malformed or out of its range.
        UnsupportedOData: an option of OData that is not done here.
    """
    given = _given(request)
    token = given.get("skiptoken")
    return Options(
        Asked(
            of=of,
            select=given.get("select", ""),
            filter=given.get("filter", ""),
            after=None if token is None else reading.behind(of.name, token),
        ),
        _top(given.get("top")),
        _is_true(given.get("count", "false")),
        _form(request, given.get("format")),
        given,
    )


def next_url(request: Request, root: str, found: Options, after: Key) -> str:
    """The address of the page behind a row: complete, and with nothing that must be quoted."""
    pairs: list[tuple[str, str]] = [
        (name, found.given[name]) for name in KEPT if name in found.given
    ]
    pairs.append(("skiptoken", f"Id:{after}"))
    query = "&".join(f"%24{name}={quote(text, safe='')}" for name, text in pairs)
    host = quote(request.host, safe=":[]")
    return f"{request.scheme}://{host}{request.root_path}{root}/{found.asked.of.name}?{query}"


def _given(request: Request) -> dict[str, str]:
    check_utf8(request.query_string)
    found: dict[str, str] = {}
    for written, values in request.args.lists():
        name = _option(written)
        if name is None:
            continue
        if len(values) > 1 or name in found:
            raise BadParameter(f"${name} is given more than once", parameter=f"${name}")
        found[name] = values[0]
    return found


def _option(written: str) -> str | None:
    """The option that a parameter names; None for what is nobody's option."""
    name = written.removeprefix("$").lower()
    if name in KNOWN:
        return name
    if name in ODATA:
        raise UnsupportedOData(
            f"${name} is not supported: rows come in ascending order of Id, "
            "page by page with $top and $skiptoken, and are chosen by $filter",
            name=f"${name}",
            parameter=f"${name}",
        )
    if written.startswith("$"):
        allowed = [f"${option}" for option in KNOWN]
        raise BadParameter(
            f"there is no option {written[:64]}", parameter=written[:64], allowed=allowed
        )
    return None


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    found = _WHOLE.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= TOP_MAX:
        raise BadParameter(
            f"$top, the size of a page, is a whole number from 1 to {TOP_MAX}",
            parameter="$top",
            max=TOP_MAX,
        )
    return int(found[1])


def _is_true(text: str) -> bool:
    if (word := text.strip().lower()) not in ("true", "false"):
        raise BadParameter("$count is true or false", parameter="$count")
    return word == "true"


def _form(request: Request, text: str | None) -> Form:
    """The format: named, or what ``Accept`` prefers of ours; JSON where it takes neither."""
    if text is None:
        best = request.accept_mimetypes.best_match(["application/json", "text/csv"])
        return FORMS[best or "json"]
    found = FORMS.get(text.partition(";")[0].strip().lower())
    if found is None:
        raise BadParameter("$format is json or csv", parameter="$format", allowed=["json", "csv"])
    return found
