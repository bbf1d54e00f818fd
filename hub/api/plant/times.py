"""Timestamps of the plant API: read from ISO-8601 text or epoch seconds, told in ISO-8601."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, ClassVar

from marshmallow import ValidationError, fields

from hub.services.plant.facts import told
from hub.values import Document

__all__ = ["Bound", "Timestamp", "moment", "told"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SECONDS = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,15})?", re.ASCII)
LOST_PLUS = re.compile(
    r"(^|:[0-9]{2}(?:[.,][0-9]+)?|T[0-9:]+(?:[.,][0-9]+)?) ([0-9]{2}(?::?[0-9]{2})?$|[0-9.]+$)",
    re.ASCII,
)
"""Where a ``+`` stood before an offset or seconds: in a URL that is not encoded it is a space."""
LETTERS = re.compile(r"[0-9WTtZz:.,+ -]*", re.ASCII)
ORDINAL = re.compile(r"([0-9]{4})-?([0-9]{3})(?=$|[Tt ])", re.ASCII)
MIDNIGHT = re.compile(r"([Tt ])24(?=(?::?00){0,2}(?:[.,]0+)?(?:$|[Zz+-]))", re.ASCII)
LEAP = re.compile(r"([Tt ][0-9]{2}:?59:?)60", re.ASCII)
BELOW_MICROSECOND = re.compile(r"[.,][0-9]{6}0*[1-9]", re.ASCII)
TOLD_AS: Document = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}],
    "description": "ISO-8601 (any offset; none means UTC), or seconds since 1970.",
}
REFUSED = "Must be ISO-8601 text or seconds since 1970, in the years 1 to 9999."


def moment(value: Any, *, up: bool = False) -> datetime:
    """The time that a value says, aware UTC in whole milliseconds.

    Args:
        value: ISO-8601 text (any offset; none means UTC), or seconds since 1970, whole or
            decimal, as a number or as text.
        up: a part below a millisecond rounds up instead of being dropped.

    Raises:
        ValueError: neither, or outside the years 1 to 9999.
    """
    try:
        if type(value) in (int, float):
            return _of_seconds(Decimal(repr(value)), up)
        if not isinstance(value, str):
            raise ValueError(REFUSED)
        return _of_seconds(Decimal(value), up) if SECONDS.fullmatch(value) else _of_iso(value, up)
    except (OverflowError, ArithmeticError, ValueError) as exc:
        raise ValueError(REFUSED) from exc


class Timestamp(fields.Field[datetime]):
    """A timestamp in a body."""

    told_as: ClassVar[Document] = TOLD_AS

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        try:
            return moment(value)
        except ValueError as exc:
            raise ValidationError(REFUSED) from exc


class Bound(fields.Field[datetime]):
    """An inclusive end of a range in a query string; ``lower`` where it is the earlier one.

    Rounded inwards to milliseconds, so that nothing outside the range is within.
    """

    told_as: ClassVar[Document] = TOLD_AS

    def __init__(self, *, lower: bool, **options: Any) -> None:
        super().__init__(**options)
        self._lower = lower

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        try:
            return moment(LOST_PLUS.sub(r"\1+\2", value), up=self._lower)
        except ValueError as exc:
            raise ValidationError(REFUSED) from exc


def _of_seconds(seconds: Decimal, up: bool) -> datetime:
    milliseconds = (seconds * 1000).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR)
    return EPOCH + int(milliseconds) * MILLISECOND


def _of_iso(text: str, up: bool) -> datetime:
    if not LETTERS.fullmatch(text):
        raise ValueError(REFUSED)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = _rarely_written(text)
    at = read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    whole = at.replace(microsecond=at.microsecond // 1000 * 1000)
    below = up and (whole != at or BELOW_MICROSECOND.search(text))
    return whole + MILLISECOND if below else whole


def _rarely_written(text: str) -> datetime:
    """What ISO-8601 allows and Python does not read: days of a year, 24:00, ``z``, leap seconds.

    A leap second is the one after it. Raises ValueError.
    """
    if found := ORDINAL.match(text):
        year, day = int(found[1]), int(found[2])
        named = date(year, 1, 1) + timedelta(days=day - 1)
        if named.year != year:
            raise ValueError(REFUSED)
        text = named.isoformat() + text[found.end() :]
    text, leaps = LEAP.subn(r"\g<1>59", text, count=1)
    text, midnights = MIDNIGHT.subn(r"\g<1>00", text, count=1)
    return datetime.fromisoformat(text.upper()) + timedelta(days=midnights, seconds=leaps)
