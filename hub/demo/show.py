"""What ``scripts/serve`` prints once the hub answers, and the demo dataset behind ``--demo``.

The demo's streams are filled by a process of its own (``hub dummystream --demo``); here they are
only waited for, and so are the values of its plant. Its observations (``hub demo observations``)
are filled here, the first time.
"""

from __future__ import annotations

import base64
import http.client
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event

import click
import orjson

from hub.cli.dummy.kinds import kinds
from hub.cli.dummy.making import DEMO, title
from hub.demo.feed import A_DAY, day
from hub.demo.observations import observations
from hub.demo.plant import plant
from hub.services import Services, scopes
from hub.settings import Settings
from hub.values import Reach, Stream
from hub.wiring import open_hub

NAME = "demo weather station"
STREAMS_PATIENCE_S = 120.0
FRESH_S = 15.0
"""As old as the newest datapoint of a stream that is filled may be."""

AT = """
The hub is at {root}
"""
FILLING = "The demo is being filled, which takes a while the first time ..."
LINES = """
A demo dataset, "{name}", holds {count} readings of a weather station.
Its key is a new one at every start.
  URL  {url}
  key  {key}

For the examples of README.md and docs/, in another shell (bash):
  export HUB={root} DATASET={uuid} KEY={key}

Put a document:
  curl -sS -u '{key}:' -X PUT -H 'Content-Type: application/json' -d '{{"station": "desk", "temperature_c": 21.5}}' '{url}'

Ask for the cold and windy readings:
  curl -sS -u '{key}:' -X POST -H 'Content-Type: application/json' -d '{{"temperature_c": {{"$lt": 5}}, "wind.speed_ms": {{"$gte": 3}}}}' '{url}?limit=3'

Get the newest three, as CSV:
  curl -sS -u '{key}:' '{url}?sort=-_timestamp&limit=3&format=csv&fields=station,temperature_c,humidity_pct'
"""  # noqa: E501

STREAM_LINES = """
{count} streams hold two days of made-up values, and get new ones every five seconds.
  Page {root}/streams/

Get the last three hours of one, newest first:
  curl -sS '{root}/api/v1/stream/{uuid}/?granularity=hours&value_downsamplers=mean,min,max&reverse=true&limit=3'
"""  # noqa: E501
END = "Ctrl-C stops everything."


def show(
    settings: Settings, stopping: Event, look: Callable[[], None], *, plant_port: int | None
) -> None:
    """Wait until the hub answers over HTTP, then say where it is.

    Args:
        look: called again and again while it does not answer, for what keeps it running.
        plant_port: where the plant of the demo listens; the hub is filled first. None without
            a demo.
    """
    if not _answers(settings.bind, stopping, look):
        return
    root = f"http://{settings.bind}"
    if plant_port is None:
        click.echo(AT.format(root=root) + END)
        return
    click.echo(AT.format(root=root) + FILLING)
    hub = open_hub(settings)
    try:
        uuid, key = _dataset(hub.services)
        path = f"/api/dataset/{uuid}/"
        if not hub.services.datasets.count(uuid, budget_ms=settings.answer.find_ms):
            _push(settings.bind, path, key)
        count = hub.services.datasets.count(uuid, budget_ms=settings.answer.find_ms)
        planted = plant(hub.services, plant_port, stopping)
        observed = observations(hub.services, stopping)
        streams = _streams(hub.services, stopping)
    finally:
        hub.close()
    text = LINES.format(root=root, name=NAME, count=count, url=root + path, uuid=uuid, key=key)
    if streams:
        text += STREAM_LINES.format(root=root, count=len(streams), uuid=streams[-1].uuid)
    if planted:
        text += planted.text(root)
    if observed:
        text += observed.text(root)
    click.echo(f"{text}\n{END}")


def _answers(bind: str, stopping: Event, look: Callable[[], None]) -> bool:
    """Wait for the web server; False where the hub is stopped before."""
    while not stopping.wait(0.1):
        look()
        connection = http.client.HTTPConnection(bind, timeout=5)
        try:
            connection.request("GET", "/api/health/")
            if connection.getresponse().status == 200:
                return True
        except OSError:
            continue
        finally:
            connection.close()
    return False


def _dataset(services: Services) -> tuple[str, str]:
    """The demo dataset, made at the first time, with a fresh key in place of the last one's."""
    found = services.datasets.named(NAME)
    if not found:
        created = services.datasets.create(NAME)
        return created.dataset.uuid, created.access.secret
    uuid = found[0].uuid
    services.keys.revoke_all_of(uuid)
    reach = Reach.of_dataset(uuid)
    issued = services.keys.create(f"access key of {NAME}", scopes.OF_DATASETS, reach=reach)
    return uuid, issued.secret


def _streams(services: Services, stopping: Event) -> list[Stream]:
    """The demo's streams once all are filled; none if that takes too long."""
    titles = [title(number) for number in range(len(kinds(DEMO)))]
    until = time.monotonic() + STREAMS_PATIENCE_S
    while time.monotonic() < until and not stopping.wait(0.2):
        found, _ = services.streams.page(
            {"tags.title": {"$in": titles}}, None, offset=0, limit=len(titles)
        )
        latest = [end for _, end in services.readings.ends(found).values() if end is not None]
        if len(latest) == len(titles) and min(latest) / 1000 > time.time() - FRESH_S:
            return found
    return []


def _push(bind: str, path: str, key: str) -> None:
    """Send a day of readings as the station would after a day without network."""
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - A_DAY
    body = b"".join(orjson.dumps(reading) + b"\n" for reading in day(start))
    basic = base64.b64encode(f"{key}:".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-ndjson"}
    connection = http.client.HTTPConnection(bind, timeout=30)
    try:
        connection.request("PUT", path, body, headers)
        answer = connection.getresponse()
        if answer.status != 201:
            raise click.ClickException(f"the demo feed was refused: {answer.read(500)!r}")
    finally:
        connection.close()
