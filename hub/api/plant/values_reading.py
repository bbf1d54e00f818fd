"""Values that are sent: one, an array, or lines of them, each read or refused by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import RAISE, Schema, fields

from hub.api.plant import bodies
from hub.api.plant.times import Timestamp, moment
from hub.api.plant.values_windows import ms_of
from hub.errors import BadField, HubError, Invalid, NotJson, TooLarge
from hub.ingest import text
from hub.ingest.text import Shape
from hub.services.records.values import Written

NAMES = frozenset(("data", "timestamp", "value"))
INT_SAFE = 2**63
SECOND_MAX = 2**31


class ValueSchema(Schema):
    """Of a data stream that the URL names. The stream says which values it takes."""

    class Meta:
        unknown = RAISE

    timestamp = Timestamp(required=True)
    value = fields.Raw(required=True, allow_none=True)


class WrittenSchema(ValueSchema):
    data = bodies.Id(required=True)


VALUE, WRITTEN = ValueSchema(), WrittenSchema()


def batch(content: bytes, shape: Shape, most: int) -> list[Written | HubError]:
    """The values of an array or of lines in order, or why one is refused.

    Raises:
        NotJson: the body as a whole cannot be read, or is no array.
        TooLarge: there are over ``most``.
    """
    if shape == "lines":
        lines = [line for line in content.split(b"\n") if line.strip()]
        _check_count(lines, most)
        return [_line(line) for line in lines]
    items = _value(content)
    if not isinstance(items, list):
        raise NotJson("a batch is a JSON array of values, or lines of them")
    _check_count(items, most)
    return [_attempt(item) for item in items]


def written(item: Any) -> Written:
    """A value with its data stream.

    Raises:
        BadField: with what is wrong.
    """
    if type(item) is dict and item.keys() == NAMES and not isinstance(item, text.RepeatedName):
        data, at = item["data"], item["timestamp"]
        if type(data) is int and 0 < data < INT_SAFE and type(at) is int and 0 <= at < SECOND_MAX:
            return data, at * 1000, item["value"]
        if type(data) is int and 0 < data < INT_SAFE and type(at) in (str, float):
            return data, _ms(at), item["value"]
    if (name := _repeated(item)) is not None:
        raise bodies.refused(bodies.cleaned(name), "Stands twice in one object.")
    read = bodies.checked(item, WRITTEN)
    return read["data"], ms_of(read["timestamp"]), read["value"]


def single(content: bytes) -> Written:
    """The one value of a body. Raises NotJson, BadField."""
    return written(_value(content))


def _ms(at: str | float) -> int:
    try:
        return ms_of(moment(at))
    except ValueError as exc:
        raise bodies.refused("timestamp", str(exc)) from exc


def _check_count(items: Sequence[object], most: int) -> None:
    if len(items) > most:
        raise TooLarge(
            f"a batch holds at most {most} values", limit="ingest_documents_max", max=most
        )


def _line(line: bytes) -> Written | HubError:
    try:
        return single(line)
    except Invalid as exc:
        return exc


def _attempt(item: Any) -> Written | HubError:
    try:
        return written(item)
    except BadField as exc:
        return exc


def _value(content: bytes) -> Any:
    """One JSON text, of which neither digits nor names are lost."""
    try:
        value = text.fast(content)
    except ValueError:
        return text.exact(content)
    return text.exact(content) if text.is_doubtful(content, value) else value


def _repeated(item: Any) -> str | None:
    """A name that stands twice in one object, at whatever depth."""
    stack = [item]
    while stack:
        one = stack.pop()
        if isinstance(one, text.RepeatedName):
            return one.name
        if isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list):
            stack += one
    return None
