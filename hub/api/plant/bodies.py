"""Bodies of the plant API: one JSON object, checked by a schema, each fault named."""

from __future__ import annotations

from typing import Any

from flask import Request
from marshmallow import Schema

from hub.api import body
from hub.errors import BadQuery
from hub.services.plant.fields import (
    Flag,
    Id,
    Name,
    Number,
    Tags,
    Text,
    Whole,
    checked,
    cleaned,
    refusal,
    refused,
)

__all__ = [
    "Flag",
    "Id",
    "Name",
    "Number",
    "Tags",
    "Text",
    "Whole",
    "checked",
    "cleaned",
    "load",
    "raw",
    "refusal",
    "refused",
]


def raw(request: Request) -> Any:
    """The JSON value of a request's body, unchecked; None where there is no body.

    Raises:
        BadField: an object in it holds one name twice.
        NotJson, UnsupportedMedia, TooLarge, BadEncoding, SlowClient: as ``body`` says.
    """
    try:
        return body.query(request, empty=None)
    except BadQuery as exc:
        raise refused(str(exc.detail["path"]).removeprefix("$."), "Stands twice.") from exc


def load(request: Request, schema: Schema, *, partial: bool = False) -> dict[str, Any]:
    """The fields of a request's body.

    Args:
        partial: what is not sent stays out of the result, where otherwise defaults stand.

    Raises:
        BadField: no object, or a field is unknown, missing, malformed or out of its range.
        NotJson, UnsupportedMedia, TooLarge, BadEncoding, SlowClient: as ``raw``.
    """
    return checked(raw(request), schema, partial=partial)
