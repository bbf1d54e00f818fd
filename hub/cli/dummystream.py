"""``hub dummystream``: streams that are made up, filled over a span of time and from then on."""

from __future__ import annotations

import logging
import math
from datetime import timedelta
from typing import Any

import click

from hub import logs
from hub.cli.dummy import kinds as known
from hub.cli.dummy import span as spans
from hub.cli.dummy.feeding import Fed, Feeder
from hub.cli.dummy.kinds import Kind
from hub.cli.dummy.making import DEMO, ensured, flushed
from hub.cli.dummy.span import Span
from hub.cli.dummy.stop import Stop, Stopped
from hub.cli.session import Duration, json_option, put_out, session, table
from hub.services import Services

DEMO_SPAN = timedelta(days=2)
STREAMS_MAX = 1_000
INTERVAL_S = (0.001, 86_400.0)
SPAN_WANTED = (
    "neither 7d, 12h, 30m or 45s nor two moments, in order and from 1970 to 2038, "
    'like "2026-03-01T00:00:00 2026-03-02T12:00:00"'
)
CREATION = ("streams", "interval", "types", "span", "no_real_time", "demo")


class _Interval(click.FloatRange):
    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        return seconds


class _Types(click.ParamType[tuple[Kind, ...]]):
    name = "types"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[Kind, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return known.kinds(value)
        except ValueError as exc:
            self.fail(str(exc), param, ctx)


class _Span(click.ParamType[Span]):
    name = "span"

    def convert(self, value: Any, param: Any, ctx: Any) -> Span:
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        try:
            return spans.between(value) if " " in value.strip() else _back(value, param, ctx)
        except ValueError:
            self.fail(f"{value!r} is {SPAN_WANTED}", param, ctx)


def _back(value: str, param: Any, ctx: Any) -> timedelta:
    length = Duration().convert(value.strip(), param, ctx)
    if length <= timedelta(0):
        raise ValueError("not back from now")
    return length


@click.command()
@click.option(
    "--streams", "-n", type=click.IntRange(1, STREAMS_MAX), help="How many; default: one a type."
)
@click.option(
    "--interval",
    "-i",
    default=5.0,
    show_default=True,
    type=_Interval(*INTERVAL_S),
    help="Seconds between datapoints.",
)
@click.option(
    "--types",
    "-t",
    type=_Types(),
    help="int(a,b), float(a,b), enum(x,y,...), graph(nodes,edges), with commas between.",
)
@click.option("--span", "-s", type=_Span(), help='Fill 7d, 12h, 30m, 45s or "FROM TO" (UTC).')
@click.option("--no-real-time", is_flag=True, help="End when that is filled.")
@click.option("--flush", is_flag=True, help="Delete all streams, and do nothing else.")
@click.option("--demo", is_flag=True, help=f"The types {DEMO}, over 2d or the --span given.")
@json_option
@click.pass_context
def dummystream(  # noqa: PLR0913 - an option each
    ctx: click.Context,
    *,
    streams: int | None,
    interval: float,
    types: tuple[Kind, ...] | None,
    span: Span | None,
    no_real_time: bool,
    flush: bool,
    demo: bool,
    as_json: bool,
) -> None:
    """Fill streams with made-up values, then append one every interval until Ctrl-C."""
    if flush:
        _refuse_with_flush(ctx)
        _flush(as_json=as_json)
        return
    chosen = _chosen(streams, types, demo=demo)
    over = span or (DEMO_SPAN if demo else None)
    if over is None:
        raise click.UsageError("give --span (or --demo): over which time to fill the streams")
    logs.begin(logging.WARNING)
    stop = Stop()
    try:
        with stop, session() as services:
            feeder = Feeder(services, stop, round(interval * 1000))
            fed = _filled(services, feeder, chosen, interval, over)
            _tell(fed, as_json=as_json)
            if not no_real_time:
                _go_on(feeder, fed, interval, as_json=as_json)
    except Stopped as exc:
        raise click.Abort from exc


def _refuse_with_flush(ctx: click.Context) -> None:
    given = [
        name
        for name in CREATION
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    ]
    if given:
        raise click.UsageError("--flush goes with no other option but --json")


def _chosen(streams: int | None, types: tuple[Kind, ...] | None, *, demo: bool) -> tuple[Kind, ...]:
    """The kind of each stream."""
    if demo:
        if streams is not None or types is not None:
            raise click.UsageError("--demo says how many streams there are, and of which types")
        return known.kinds(DEMO)
    if types is None:
        return known.kinds("int") * (streams or 1)
    if streams is not None and streams != len(types):
        raise click.UsageError(f"--streams says {streams}, and --types lists {len(types)}")
    return types


def _flush(*, as_json: bool) -> None:
    with session() as services:
        gone = flushed(services)
    text = f"Deleted {gone} streams; the worker removes their datapoints."
    put_out({"deleted": gone}, as_json=as_json, text=text)


def _filled(
    services: Services,
    feeder: Feeder,
    chosen: tuple[Kind, ...],
    interval_s: float,
    over: Span,
) -> list[Fed]:
    fed = [
        Fed(ensured(services, kind, number, interval_s), kind, number)
        for number, kind in enumerate(chosen)
    ]
    try:
        feeder.fill(fed, over)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc
    return fed


def _tell(fed: list[Fed], *, as_json: bool) -> None:
    rows = [
        {
            "stream": each.stream.uuid,
            "title": each.stream.name,
            "value_type": each.stream.value_type,
            "domain": each.kind.domain,
            "appended": each.appended,
        }
        for each in fed
    ]
    headings = ("STREAM", "TITLE", "TYPE", "DOMAIN", "APPENDED")
    put_out(rows, as_json=as_json, text=table(headings, [list(row.values()) for row in rows]))


def _go_on(feeder: Feeder, fed: list[Fed], interval_s: float, *, as_json: bool) -> None:
    if not as_json:
        click.echo(f"Appending every {interval_s:g} s until Ctrl-C.")
    try:
        feeder.go_on(fed)
    except Stopped:
        return
    click.echo("No stream is left.", err=True)
