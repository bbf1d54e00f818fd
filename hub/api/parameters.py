"""The query string: each parameter known, well-formed, and given once."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import Schema

from hub.errors import BadParameter


def once(schema: Schema) -> dict[str, Any]:
    """This request's parameters, as the schema reads them.

    Raises:
        BadParameter: one is given twice, of which one would be ignored.
        ValidationError: one is unknown or malformed.
    """
    for name, values in request.args.lists():
        if len(values) > 1:
            raise BadParameter(f"{name} is given {len(values)} times", parameter=name)
    parameters: dict[str, Any] = schema.load(request.args)
    return parameters
