"""The form in which a stream is described in JSON: names, types, defaults.

``told_as`` of a field is what the hub's description of itself says of its type.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.errors import BadStream
from hub.series.levels import LEVELS, level_of
from hub.series.names import VALUE_TYPES
from hub.values import Document, Late

TITLE_CHARS_MAX = 200
NAME_CHARS_MAX = 1_000
SOURCES_MAX = 100
INTERVAL_S = (0.001, 1e9)
INT_END = 1 << 63
LATE: tuple[Late, ...] = ("reject", "replace", "keep")


class _Granularity(fields.Field[str]):
    """A full name or a letter; its full name."""

    told_as: ClassVar[Document] = {
        "type": "string",
        "enum": [text for level in LEVELS for text in (level.name, level.letter)],
    }

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        level = level_of(value) if isinstance(value, str) else None
        if level is None:
            raise ValidationError(f"Must be one of: {', '.join(level.name for level in LEVELS)}.")
        return level.name


class _Flag(fields.Field[bool]):
    told_as: ClassVar[Document] = {"type": "boolean"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Must be true or false.")
        return value


class _Number(fields.Field[float]):
    """An integer as it is where 64 bits hold it, else as a float; no NaN, nothing beyond floats."""

    told_as: ClassVar[Document] = {"type": "number"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float:
        if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
            raise ValidationError("Must be a number.")
        return value if abs(value) < INT_END else float(value)


class _Text(fields.String):
    """A string that UTF-8 can write."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        read = super()._deserialize(value, *args, **kwargs)
        try:
            read.encode()
        except UnicodeEncodeError as exc:
            raise ValidationError("Holds half of a surrogate pair.") from exc
        return read


class _Object(fields.Field[Document]):
    told_as: ClassVar[Document] = {"type": "object"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Document:
        if not isinstance(value, dict):
            raise ValidationError("Must be an object.")
        return value


class _Source(fields.Field[Document]):
    """A stream's id, or an object with it."""

    told_as: ClassVar[Document] = {"type": ["string", "object"]}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Document:
        read: Document = SOURCE.load({"stream": value} if isinstance(value, str) else value)
        return read


def _name(**options: Any) -> _Text:
    return _Text(validate=validate.Length(1, NAME_CHARS_MAX), **options)


class SourceSchema(Schema):
    class Meta:
        unknown = RAISE

    stream = _Text(required=True)
    granularity = _Granularity(load_default=None)
    name = _name(load_default=None)


class FeedSchema(Schema):
    class Meta:
        unknown = RAISE

    dataset = _name(required=True)
    field = _name(required=True)
    filter = _Object(load_default=None)
    time_field = _name(load_default=None)


class ArgumentsSchema(Schema):
    class Meta:
        unknown = RAISE

    max_value = _Number()


class StreamSchema(Schema):
    class Meta:
        unknown = RAISE

    title = _Text(load_default=None, validate=validate.Length(1, TITLE_CHARS_MAX))
    query_tags = _Object(load_default=None)
    tags = _Object(load_default=dict)
    value_type = fields.String(load_default="numeric", validate=validate.OneOf(VALUE_TYPES))
    highest_granularity = _Granularity(load_default="seconds")
    value_downsamplers = fields.List(fields.String(), load_default=None)
    time_downsamplers = fields.List(fields.String(), load_default=None)
    public = _Flag(load_default=False)
    late = fields.String(load_default="keep", validate=validate.OneOf(LATE))
    interval_s = _Number(load_default=None, validate=validate.Range(*INTERVAL_S))
    dataset = fields.Nested(FeedSchema, load_default=None)
    derive_from = fields.List(
        _Source(), load_default=None, validate=validate.Length(1, SOURCES_MAX)
    )
    derive_op = _Text(load_default=None)
    derive_args = fields.Nested(ArgumentsSchema, load_default=dict)
    derive_backprocess = _Flag(load_default=True)


SOURCE = SourceSchema()
STREAM = StreamSchema()


def load(body: object) -> dict[str, Any]:
    """The fields of ``StreamSchema``, defaults filled in.

    Raises:
        BadStream: no object, an unknown name, or a value of another type; with the ``path``.
    """
    if not isinstance(body, dict):
        raise BadStream("a stream is described by a JSON object", path="$")
    try:
        given: dict[str, Any] = STREAM.load(body)
    except ValidationError as exc:
        path, sentence = _first(exc.messages_dict)
        raise BadStream(f"{path.removeprefix('$.')}: {sentence}", path=path) from exc
    return given


def _first(messages: Any) -> tuple[str, str]:
    """The first complaint and where it belongs."""
    path = "$"
    while not isinstance(messages, str):
        if isinstance(messages, Mapping):
            key, messages = next(iter(messages.items()))
            if key != "_schema":
                path += f"[{key}]" if isinstance(key, int) else f".{short(str(key))}"
        else:
            messages = messages[0]
    return path, messages


def short(text: str) -> str:
    """A client's text, short enough and clean enough to be sent back."""
    return text.encode("utf-8", "replace").decode()[:64]
