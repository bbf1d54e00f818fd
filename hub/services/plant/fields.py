"""Fields of what people and programs describe in JSON, and how each fault is named.

``told_as`` of a field is what the hub's description of itself says of its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate

from hub.errors import BadField, BadStream
from hub.services.streams.registry import tags
from hub.values import Document

ID_MAX = 2**63 - 1
NAME_CHARS_MAX = 200
TEXT_CHARS_MAX = 4_000
SHOWN_CHARS_MAX = 64


class Text(fields.String):
    """A string that UTF-8 can write, of at most ``most`` characters."""

    def __init__(self, least: int = 0, most: int = TEXT_CHARS_MAX, **options: Any) -> None:
        super().__init__(validate=validate.Length(least, most), **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        read = super()._deserialize(value, *args, **kwargs)
        if cleaned(read) != read:
            raise ValidationError("Holds half of a surrogate pair.")
        return read


class Name(Text):
    """What people call a thing: not empty, no space around it, no control characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(1, NAME_CHARS_MAX, **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        read = super()._deserialize(value, *args, **kwargs)
        if read.strip() != read or not read.isprintable():
            raise ValidationError("Has space around it, or control characters.")
        return read


class Flag(fields.Field[bool]):
    """``true`` or ``false``, nothing that stands for them."""

    told_as: ClassVar[Document] = {"type": "boolean"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Must be true or false.")
        return value


class Whole(fields.Integer):
    """A JSON number without a fraction, within bounds."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(least, most), **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, *args, **kwargs)


class Id(Whole):
    """An integer id."""

    def __init__(self, **options: Any) -> None:
        super().__init__(1, ID_MAX, **options)


class Number(fields.Field[float]):
    """A JSON number within bounds; no NaN."""

    def __init__(self, least: float, most: float, **options: Any) -> None:
        super().__init__(**options)
        self._bounds = least, most
        self.told_as: Document = {"type": "number", "minimum": least, "maximum": most}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> float:
        least, most = self._bounds
        if type(value) not in (int, float) or not least <= value <= most:
            raise ValidationError(f"Must be a number from {least:g} to {most:g}.")
        return float(value)


class Tags(fields.Field[Document]):
    """A JSON object of bounded size and depth, kept as it is; the rules of streams' tags."""

    told_as: ClassVar[Document] = {"type": "object"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Document:
        if not isinstance(value, dict):
            raise ValidationError("Must be an object.")
        try:
            tags.check(value, "$")
        except BadStream as exc:
            raise ValidationError(f"{exc.detail['path']}: {exc.message}") from exc
        return value


def checked(
    value: Any, schema: Schema, *, partial: bool = False, told: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The fields that a JSON value gives.

    Args:
        partial: what is not given stays out of the result, where otherwise defaults stand.
        told: what is told of a thing and cannot be changed. It may come back as it is; what
            is None here may come back anyhow.

    Raises:
        BadField: no object, or a field is unknown, missing, malformed or out of its range.
    """
    if not isinstance(value, dict):
        raise BadField("the body is a JSON object", fields={})
    told = told or {}
    for name in told.keys() & value.keys():
        if told[name] is not None and value[name] != told[name]:
            raise refused(name, "Cannot be changed.")
    given = {name: item for name, item in value.items() if name not in told}
    try:
        read: dict[str, Any] = schema.load(given, partial=partial)
    except ValidationError as exc:
        raise refusal(exc.messages_dict) from exc
    return read


def refused(name: str, sentence: str) -> BadField:
    """What is wrong with one field."""
    return refusal({name: sentence})


def refusal(messages: Any) -> BadField:
    """What is wrong with which field, by the messages of a schema."""
    fields = _flat(messages)
    name, sentence = next(iter(fields.items()))
    return BadField(f"{name}: {sentence}", fields=fields)


def cleaned(text: str) -> str:
    """A text without the halves of surrogate pairs, which UTF-8 cannot write."""
    return text.encode("utf-8", "replace").decode()


def _flat(messages: Any, before: str = "") -> dict[str, str]:
    """The first message of each field, by its dotted name."""
    if not isinstance(messages, Mapping):
        first = messages[0] if isinstance(messages, list) else messages
        return {before or "body": cleaned(str(first))}
    flat: dict[str, str] = {}
    for name, inner in messages.items():
        at = cleaned(str(name))[:SHOWN_CHARS_MAX]
        flat |= _flat(inner, before if at == "_schema" else f"{before}.{at}" if before else at)
    return flat
