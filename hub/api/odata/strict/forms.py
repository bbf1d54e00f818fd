"""Which format and which version an answer has: ``$format``, ``Accept``, ``OData-MaxVersion``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from hub.errors import BadParameter, Invalid, NotAcceptable, UnsupportedMedia
from hub.query.refusal import shown

Level: TypeAlias = Literal["none", "minimal", "full"]
JSON: Final = "application/json"
XML: Final = "application/xml"
TEXT: Final = "text/plain"
_ABBREVIATIONS: Final = {"json": JSON, "xml": XML, "atom": "application/atom+xml"}
_TYPE: Final = re.compile(r"[\w!#$&^.+*-]+/[\w!#$&^.+*-]+", re.ASCII)
_VERSION: Final = re.compile(r"\s*([0-9]{1,9})\.([0-9]{1,9})\s*(?:;.*)?", re.ASCII)
"""What stands behind a semicolon is the client's own name: ``4.0;NetFx``."""
_TRUTHS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is written.

    Attributes:
        media_type: without parameters.
        level: how much is told beside the data, in JSON.
        exact: 64-bit integers are texts, for readers whose numbers are doubles.
    """

    media_type: str = JSON
    level: Level = "minimal"
    exact: bool = False

    @property
    def content_type(self) -> str:
        if self.media_type == TEXT:
            return "text/plain;charset=utf-8"
        if self.media_type == XML:
            return "application/xml;charset=utf-8"
        exact = ";IEEE754Compatible=true" if self.exact else ""
        return f"{JSON};odata.metadata={self.level}{exact};charset=utf-8"


def chosen(wish: str | None, accept: str, offered: tuple[str, ...]) -> Form:
    """The form of an answer.

    Args:
        wish: the text of ``$format``, which counts first.
        accept: the header ``Accept``; empty where there is none.
        offered: media types, the one first that is given where anything will do.

    Raises:
        BadParameter: a ``$format`` that is none.
        UnsupportedMedia: a ``$format`` that is not given here.
        NotAcceptable: ``Accept`` takes nothing that is given here.
    """
    if wish is not None:
        return _wished(wish.strip(), offered)
    wanted = sorted(_ranges(accept), key=lambda one: -one[0])
    if not wanted:
        return Form(offered[0])
    for quality, media_type, parameters in wanted:
        form = _fitting(media_type, parameters, offered) if quality > 0 else None
        if form is not None:
            return form
    raise NotAcceptable("none of these formats is given", allowed=list(offered))


def _wished(wish: str, offered: tuple[str, ...]) -> Form:
    name, _, rest = wish.partition(";")
    media_type = _ABBREVIATIONS.get(name.strip().lower(), name.strip().lower())
    if (rest and name.strip().lower() in _ABBREVIATIONS) or not _TYPE.fullmatch(media_type):
        raise BadParameter(
            f"$format {shown(wish)} is no format", parameter="$format", allowed=list(offered)
        )
    form = _fitting(media_type, _parameters(rest), offered)
    if form is None:
        raise UnsupportedMedia(
            f"$format {shown(wish)} is not given here", parameter="$format", allowed=list(offered)
        )
    return form


def _ranges(accept: str) -> Iterator[tuple[float, str, dict[str, str]]]:
    """(quality, media range, parameters) of each part of ``Accept``."""
    for part in accept.split(","):
        name, _, rest = part.partition(";")
        if not name.strip():
            continue
        parameters = _parameters(rest)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 0.0
        yield quality, name.strip().lower(), parameters


def _parameters(text: str) -> dict[str, str]:
    found = {}
    for part in text.split(";"):
        name, sign, value = part.partition("=")
        if sign:
            found[name.strip().lower()] = value.strip().strip('"').lower()
    return found


def _fitting(
    media_type: str, parameters: Mapping[str, str], offered: tuple[str, ...]
) -> Form | None:
    """The form of a media range; None where it fits nothing that is offered."""
    kind = media_type.partition("/")[0]
    for one in offered:
        if media_type in (one, "*/*") or media_type == f"{kind}/*" == f"{one.partition('/')[0]}/*":
            return Form(one) if one != JSON else _json(parameters)
    return None


def _json(parameters: Mapping[str, str]) -> Form | None:
    level = parameters.get("odata.metadata", parameters.get("metadata", "minimal"))
    exact = _TRUTHS.get(parameters.get("ieee754compatible", "false"))
    if exact is None:
        return None
    match level:
        case "none" | "minimal" | "full":
            return Form(JSON, level, exact)
        case _:
            return None


def version(most: str | None) -> str:
    """The version of an answer, of those that ``OData-MaxVersion`` allows.

    Raises:
        Invalid: it allows none, or is no version.
    """
    if most is None:
        return "4.01"
    found = _VERSION.fullmatch(most)
    if found is None:
        raise Invalid("OData-MaxVersion is no version", header="OData-MaxVersion")
    asked = (int(found[1]), int(found[2]))
    if asked < (4, 0):
        raise Invalid("OData 4.0 is the least that is spoken here", header="OData-MaxVersion")
    return "4.0" if asked == (4, 0) else "4.01"


def page_size(preferences: list[str]) -> int | None:
    """The size of a page that the headers ``Prefer`` wish for; None without a wish."""
    for part in ",".join(preferences).replace(";", ",").split(","):
        name, _, value = part.partition("=")
        if name.strip().lower().removeprefix("odata.") == "maxpagesize":
            text = value.strip().strip('"')
            if text.isascii() and text.isdigit() and int(text[:18]) > 0:
                return int(text[:18])
    return None
