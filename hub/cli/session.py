"""What every command shares: an open hub, errors as one line, and output for people or machines."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from typing import Any

import click
import orjson

from hub.errors import HubError
from hub.services import Services
from hub.settings import Settings
from hub.wiring import open_hub

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@contextmanager
def session() -> Iterator[Services]:
    """The services for one command; a failure that is expected ends it with status 1."""
    try:
        opened = open_hub(Settings.from_env(os.environ))
    except HubError as exc:
        _fail(exc)
    try:
        yield opened.services
    except HubError as exc:
        _fail(exc)
    finally:
        opened.close()


def _fail(error: HubError) -> Any:
    facts = "".join(f"\n  {name}: {value}" for name, value in error.detail.items())
    click.echo(f"Error: {error.message}{facts}", err=True)
    sys.exit(1)


class Duration(click.ParamType[timedelta]):
    """A number and a unit: ``90s``, ``30m``, ``12h``, ``7d``; ``0`` is no time at all."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        if isinstance(value, timedelta):
            return value
        if value == "0":
            return timedelta(0)
        try:
            return timedelta(seconds=float(value[:-1]) * UNITS[value[-1]])
        except (ValueError, KeyError, IndexError, OverflowError):
            self.fail(f"{value!r} is not a duration like 90s, 30m, 12h or 7d", param, ctx)


def put_out(value: Any, *, as_json: bool, text: str) -> None:
    """Print a value as JSON, or the text that says the same."""
    click.echo(orjson.dumps(value, default=_plain).decode() if as_json else text)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(type(value).__name__)


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns for people; times to the second in UTC."""
    lines = [list(headings), *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return "\n".join(padded)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    return str(value)
