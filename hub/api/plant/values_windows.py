"""Which records a list is asked for: by the parameters of its query string."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import validate

from hub.api.parameters import Count, about
from hub.api.plant.listing import RangeArgs, window_of
from hub.api.plant.times import EPOCH, MILLISECOND
from hub.series.grid import AFTER_ALL, BEFORE_ALL
from hub.services.plant.facts import told
from hub.services.plant.fields import ID_MAX
from hub.services.records.wishes import Wish


class DataArgs(RangeArgs):
    """Of a list over all data streams, or one of them."""

    data = Count(
        load_default=None,
        validate=validate.Range(1, ID_MAX),
        **about("Only those of this data stream."),
    )


def wish_of(args: dict[str, Any], named: int | None = None) -> tuple[Wish, bool]:
    """What is wished for, and whether it is a range.

    Args:
        named: the data stream of the URL, if there is one in it.

    Raises:
        BadParameter: as ``window_of`` says.
    """
    window = window_of(args)
    wish = Wish(
        data=args.get("data") if named is None else named,
        named=named is not None,
        lo=BEFORE_ALL if window.start is None else ms_of(window.start),
        hi=AFTER_ALL if window.end is None else ms_of(window.end) + 1,
        limit=window.limit,
    )
    return wish, window.ranged


def ms_of(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (moment - EPOCH) // MILLISECOND


def told_ms(at: int) -> str:
    """A time in ms as it is told."""
    return told(EPOCH + at * MILLISECOND)
