"""``hub stream``: make, list, show and delete streams."""

from __future__ import annotations

from datetime import timedelta
from typing import IO, Any

import click
import orjson

from hub.cli.session import Duration, json_option, put_out, session, table
from hub.series.levels import LEVELS
from hub.series.names import VALUE_TYPES
from hub.services import Services, scopes
from hub.services.streams.registry.form import LATE
from hub.services.streams.registry.wanted import wanted
from hub.values import EVERYTHING, Document, Principal, Stream

ADMIN = Principal("command line", frozenset(scopes.SCOPES), EVERYTHING, None)


def named(services: Services, text: str) -> Stream:
    """The stream of a UUID or of an integer id. Raises BadStreamId, StreamNotFound."""
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return services.streams.of(int(text))
    return services.streams.open(text, ADMIN)


@click.group()
def stream() -> None:
    """Streams: time series that are read by time and granularity."""


@stream.command()
@click.argument("title")
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="A tag (repeatable).")
@click.option("--value-type", type=click.Choice(VALUE_TYPES), help="Default: numeric.")
@click.option(
    "--granularity",
    "highest_granularity",
    type=click.Choice([level.name for level in LEVELS]),
    help="The finest it is kept in; default: seconds.",
)
@click.option("--public", is_flag=True, default=None, help="Everybody may read it.")
@click.option("--late", type=click.Choice(LATE), help="What becomes of late datapoints.")
@click.option("--interval", type=Duration(), help="Expected between datapoints, for example 10s.")
@click.option(
    "--definition",
    type=click.File("rb"),
    help="JSON as POST takes it, for the rest; - is stdin.",
)
@json_option
def create(
    title: str,
    *,
    tags: tuple[str, ...],
    interval: timedelta | None,
    definition: IO[bytes] | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Make a stream, unless there is one that has the title (or the query tags)."""
    body = _read(definition)
    body |= {"title": title} | {name: value for name, value in options.items() if value is not None}
    if tags:
        body["tags"] = body.get("tags", {}) | dict(_tag(text) for text in tags)
    if interval is not None:
        body["interval_s"] = interval.total_seconds()
    with session() as services:
        found, made = services.streams.ensure(wanted(body), ADMIN)
        facts = services.streams.facts(found)
    text = "\n".join(_lines({"made": made} | facts))
    put_out({"made": made} | facts, as_json=as_json, text=text)


@stream.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List every stream."""
    with session() as services:
        found, _ = services.streams.page({}, ADMIN, offset=0, limit=0)
    rows = [
        {
            "number": each.id,
            "stream": each.uuid,
            "title": each.name,
            "value_type": each.value_type,
            "highest_granularity": each.highest,
            "public": each.public,
            "created": each.created,
        }
        for each in found
    ]
    headings = ("NUMBER", "STREAM", "TITLE", "TYPE", "GRANULARITY", "PUBLIC", "CREATED")
    put_out(rows, as_json=as_json, text=table(headings, [list(row.values()) for row in rows]))


@stream.command()
@click.argument("stream_id", metavar="ID")
@json_option
def show(stream_id: str, as_json: bool) -> None:
    """Show one stream, by its UUID or its number."""
    with session() as services:
        facts = services.streams.facts(named(services, stream_id))
    put_out(facts, as_json=as_json, text="\n".join(_lines(facts)))


@stream.command()
@click.argument("stream_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(stream_id: str, yes: bool, as_json: bool) -> None:
    """Delete a stream and its datapoints, by its UUID or its number."""
    with session() as services:
        found = named(services, stream_id)
        if not yes:
            click.confirm(f"Delete {found.name!r} with its datapoints for good?", abort=True)
        services.streams.delete(found)
    facts = {"id": found.uuid, "number": found.id, "deleted": True}
    put_out(facts, as_json=as_json, text="Deleted; the worker removes its datapoints.")


def _read(definition: IO[bytes] | None) -> Document:
    if definition is None:
        return {}
    try:
        body = orjson.loads(definition.read())
    except orjson.JSONDecodeError as exc:
        raise click.UsageError(f"--definition is not JSON: {exc}") from exc
    if not isinstance(body, dict) or not isinstance(body.get("tags", {}), dict):
        raise click.UsageError("--definition is a JSON object, and tags in it another one")
    return body


def _tag(text: str) -> tuple[str, Any]:
    """A name and a value: JSON where it is, else the text as it stands."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--tag is NAME=VALUE, and not {text!r}")
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value


def _lines(facts: Document) -> list[str]:
    width = max(map(len, facts))
    return [f"{name:{width}}  {_shown(value)}" for name, value in facts.items()]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
