"""Streams for tests: made, filled and downsampled without going through HTTP."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event
from typing import Any

from hub.series.names import STORED_TIMES, default_for
from hub.series.widths import first_width
from hub.services import Services
from hub.services.streams.writing.appending import Appended, Arriving
from hub.store.client import DURABLE, Mongo
from hub.store.streams import streams as store
from hub.values import BSON_CODEC, Stream
from tests.live import wait_until


class Streams:
    """Makes streams straight in the store, and drives the services over them."""

    def __init__(self, services: Services, database: Any) -> None:
        self.services = services
        mongo = database.client.get_database(
            database.name, codec_options=BSON_CODEC, write_concern=DURABLE
        )
        self.mongo = Mongo(database.client, mongo, True)
        self._store = store.Streams(self.mongo)
        self._fence = 0

    def new(self, **changes: Any) -> Stream:
        """A numeric stream in seconds, with what is to be different."""
        stream = Stream(
            id=self._store.next_id(),
            uuid=str(uuid.uuid4()),
            name="a stream",
            tags={"title": "a stream"},
            value_type="numeric",
            highest="seconds",
            value_downsamplers=default_for("numeric"),
            time_downsamplers=STORED_TIMES,
            public=True,
            late="keep",
            created=datetime.now(UTC),
            widths=((0, first_width(None, "seconds")),),
        )
        stream = replace(stream, **changes)
        self._store.add(stream)
        return stream

    def append(self, stream: Stream, points: Iterable[tuple[Any, Any]]) -> Appended:
        """Append ``(t, v)`` pairs as one array."""
        body = json.dumps([{"t": t, "v": v} for t, v in points]).encode()
        return self.services.appending.put(Arriving(stream=stream, body=body, shape="array"))

    def downsample(self) -> None:
        """As many maintenance runs, as the worker does them, as it takes."""
        wait_until(self._is_downsampled, "every change is carried up")

    def _is_downsampled(self) -> bool:
        self._fence += 1
        follow = self.services.deriving.follow
        return self.services.downsampling.run(self._fence, Event(), follow).whole
