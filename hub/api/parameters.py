"""The query string: each parameter known, well-formed, and given once."""

from __future__ import annotations

import re
from typing import Any

from flask import Request
from marshmallow import Schema, fields

from hub.errors import BadParameter


def about(text: str) -> dict[str, Any]:
    """Options of a field: what the description of the interface says of it."""
    return {"metadata": {"description": text}}


class Count(fields.Integer):
    """A whole number in plain digits; Python's own reading takes ``1_0`` and other scripts'."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not re.fullmatch("-?[0-9]+", str(value), re.ASCII):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, *args, **kwargs)


class Parameters:
    """The parameters that a call takes. Made once, for making a schema is dear."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._defaults: dict[str, Any] = schema.load({})

    def of(self, request: Request) -> dict[str, Any]:
        """A request's parameters, as the schema reads them.

        Raises:
            BadParameter: one is given twice, of which one would be ignored.
            ValidationError: one is unknown or malformed.
        """
        if not request.query_string:
            return dict(self._defaults)
        for name, values in request.args.lists():
            if len(values) > 1:
                raise BadParameter(f"{name} is given {len(values)} times", parameter=name)
        parameters: dict[str, Any] = self.schema.load(request.args)
        return parameters
