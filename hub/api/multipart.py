"""Forms with files: read whole within bounds, each field given once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any, Final

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser

from hub.api import body
from hub.errors import Invalid, TooLarge, UnsupportedMedia
from hub.services.plant.fields import cleaned, refusal, refused

MULTIPART: Final = "multipart/form-data"
TEXT_CHARS_MAX: Final = 64 * 1024
"""Characters of all fields that are no files, together."""
PARTS_MAX: Final = 32
MISSING: Final = "Missing data for required field."


@dataclass(frozen=True, slots=True)
class Sent:
    texts: Mapping[str, str]
    files: Mapping[str, bytes]


def read(request: Request, files: Collection[str], size_max: int) -> Sent:
    """The fields of a form, of which these must be files, and the others texts.

    The parser gets the body in one piece: it would hold what stands behind a line break until
    the next one, and look through it again with every piece.

    Raises:
        BadField: a file is missing or is none, another field is one, or one is given twice.
        Invalid: the body is no form.
        UnsupportedMedia, TooLarge, BadEncoding, SlowClient: as ``body`` says.
    """
    if request.mimetype != MULTIPART:
        raise UnsupportedMedia(f"the body's type is {request.content_type}", allowed=[MULTIPART])
    content = body.read(request, size_max)
    parser = MultiPartParser(
        stream_factory=_in_memory,
        max_form_memory_size=len(content) + 1,
        buffer_size=len(content) + 1,
        max_form_parts=PARTS_MAX,
    )
    boundary = request.mimetype_params.get("boundary", "").encode("latin-1", "replace")
    try:
        texts, sent = parser.parse(BytesIO(content), boundary, len(content))
    except RequestEntityTooLarge as exc:
        raise TooLarge("the form has too many fields", limit="parts", max=PARTS_MAX) from exc
    except ValueError as exc:
        raise Invalid("the body is not a well-formed form of several parts") from exc
    if sum(len(text) for _, text in texts.items(multi=True)) > TEXT_CHARS_MAX:
        raise TooLarge(
            "the fields that are no files are too long", limit="form", max=TEXT_CHARS_MAX
        )
    _check_once([name for name, _ in (*texts.items(multi=True), *sent.items(multi=True))])
    _check_kinds(set(texts), set(sent), set(files))
    found = {name: storage.stream.read() for name, storage in sent.items()}
    return Sent(dict(texts), found)


def _in_memory(*_: Any, **__: Any) -> IO[bytes]:
    """The whole body is in memory already."""
    return BytesIO()


def _check_once(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise refused(cleaned(name), "Is given more than once.")


def _check_kinds(texts: set[str], sent: set[str], files: set[str]) -> None:
    faults = dict.fromkeys(sorted(files & texts), "Must be a file.")
    faults |= dict.fromkeys(sorted(files - sent - texts), MISSING)
    faults |= {cleaned(name): "Must be no file." for name in sorted(sent - files)}
    if faults:
        raise refusal(faults)
