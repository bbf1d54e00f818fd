"""What a query string may ask of the doors of streams and of series."""

from __future__ import annotations

from typing import Final

from hub.api.openapi.shapes.common import FLAG, TEXT, some_of
from hub.api.openapi.told import Given
from hub.api.streams.asked import (
    COUNT_MAX,
    EARLIEST_S,
    LATEST_S,
    PAGE_DEFAULT,
    POINTS_MAX,
    SHORT,
)
from hub.api.streams.forms import CALLBACK
from hub.series.levels import CALENDAR, LEVELS
from hub.series.selection import LIMIT_DEFAULT, LIMIT_MAX

LEVEL_NAMES: Final = tuple(level.name for level in LEVELS)
_LETTERS: Final = tuple(level.letter for level in LEVELS)
_SECONDS: Final = {"type": "integer", "minimum": EARLIEST_S, "maximum": LATEST_S}
_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": COUNT_MAX}
_NAMES: Final = "names or letters, with commas between them or repeated"

_LONG: Final = {
    "granularity": Given(
        "granularity",
        some_of(*LEVEL_NAMES, *_LETTERS, *CALENDAR),
        "How coarse; the finest where it is not said.",
    ),
    "start": Given("start", _SECONDS, "From this second since 1970 on."),
    "end": Given("end", _SECONDS, "Up to this second since 1970."),
    "start_exclusive": Given("start_exclusive", _SECONDS, "From behind this second on."),
    "end_exclusive": Given("end_exclusive", _SECONDS, "Up to before this second."),
    "value_downsamplers": Given(
        "value_downsamplers", TEXT, f"What is told of values in a bucket: {_NAMES}.", many=True
    ),
    "time_downsamplers": Given(
        "time_downsamplers", TEXT, f"What is told of times in a bucket: {_NAMES}.", many=True
    ),
    "reverse": Given("reverse", FLAG, "The last ones first."),
    "limit": Given("limit", _COUNT | {"default": LIMIT_DEFAULT}, f"How many, {LIMIT_MAX} at most."),
    "offset": Given("offset", _COUNT | {"default": 0}, "How many are passed over."),
}
_FORMAT: Final = Given(
    "format", some_of("json", "jsonp", "xml"), "The format; otherwise `Accept` says it."
)
_FORMAT_OF_ROWS: Final = Given(
    "format", some_of("json", "jsonp", "xml", "csv", "ndjson"), _FORMAT.text
)
_CALLBACK: Final = Given(CALLBACK, TEXT, "The function that JSONP calls.")
_MORE: Final = (
    Given("partial", FLAG, "The bucket that is not over, too."),
    Given("tz", TEXT, "The time zone of weeks and months, by its name: `Europe/Berlin`."),
    Given(
        "points",
        {"type": "integer", "minimum": 1, "maximum": POINTS_MAX},
        "About how many datapoints there are to be; chooses the granularity.",
    ),
    Given("downsample", some_of("lttb", "m4"), "Only the datapoints that a chart shows."),
)


def _shorts() -> list[Given]:
    return [
        Given(short, _LONG[name].shape, f"Short for `{name}`.", _LONG[name].many)
        for name, short in SHORT.items()
    ]


SELECTION: Final = (*_LONG.values(), *_shorts(), *_MORE)
FORMATTED: Final = (_FORMAT, _CALLBACK)
DATAPOINTS: Final = (*SELECTION, _FORMAT_OF_ROWS, _CALLBACK)
SERIES: Final = (
    Given("field", TEXT, "The field, with dots into objects."),
    Given("filter", TEXT, "A MongoDB query in JSON; everything where there is none."),
    *SELECTION,
    Given("format", some_of("json", "csv", "ndjson", "xml"), _FORMAT.text),
)
LISTED: Final = (
    Given(
        "limit", _COUNT | {"default": PAGE_DEFAULT}, "How many; 0 for as many as a page may have."
    ),
    Given("l", _COUNT, "Short for `limit`."),
    _LONG["offset"],
    Given("o", _COUNT, "Short for `offset`."),
    *FORMATTED,
)
