"""A model and its scaler, uploaded: checked, tried, stored, and bound to device and streams."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from hub.ai.models import ModelType, Shape
from hub.ai.refusal import Unfit
from hub.ai.running import checked as tried
from hub.ai.scalers import Scaler, scaler_of
from hub.errors import Conflict, HubError, Unavailable
from hub.services.ai.parts import Naming, Parts
from hub.services.ai.slices import horizon
from hub.services.permits import Allowance, Permits
from hub.services.plant.fields import NAME_CHARS_MAX, refused
from hub.services.plant.plant import Plant
from hub.services.streams.registry.making import now
from hub.store.access.audit import Audit
from hub.store.plant.models import Model, Models, Position
from hub.store.streams.recent import RecentPoints
from hub.store.streams.streams import Streams
from hub.values import Device, Document, Principal, Stream

log = logging.getLogger(__name__)

AT_ONCE: Final = Allowance(total=2, per_key=2, heavy=2, wait_s=10.0)
"""Of one process: an upload holds a process of its own, and tens of megabytes."""
NAME: Final = "AI Device"
OF_SCORES: Final = " score"
NAMES_MAX: Final = 100
ATTEMPTS_MAX: Final = 20
LOOK_MAX: Final = 500_000
"""Samples that are looked through for those that a longer window has before its next one."""
LOOK_GROWS: Final = 4
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What was sent; None for what was not."""

    model: bytes
    scaler: bytes
    model_type: ModelType
    source: int
    threshold: float | None
    name: str | None
    device_id: int | None
    data_id: int | None


class Uploading:
    def __init__(
        self, plant: Plant, models: Models, streams: Streams, recent: RecentPoints, audit: Audit
    ) -> None:
        self._plant = plant
        self._models = models
        self._naming = Naming(plant, models, streams)
        self._recent = recent
        self._audit = audit
        self._permits = Permits(AT_ONCE)

    def put(self, upload: Upload, principal: Principal) -> Model:
        """Store a model, and let it score what its source gains from now on.

        The device and the stream for its scores are made where none are named. What a device
        had before is replaced; it goes on where it was if its streams stay the same.

        Raises:
            BadField: with what is wrong with which field.
            Forbidden: the key is for some devices or data streams, and others would be made.
            Conflict: the name is taken, or another model writes to the stream.
            TooMany: too many are being uploaded.
        """
        release = self._permits.take(principal.key_id, heavy=False)
        try:
            parts = self._naming.of(upload.source, upload.device_id, upload.data_id, principal)
            scaler = _fit("scaler", lambda: scaler_of(upload.scaler))
            shape = _fit("model", lambda: tried(upload.model, upload.model_type))
            _check_features(shape, scaler)
            return self._stored(upload, parts, (shape, scaler), principal)
        finally:
            release()

    def _stored(
        self,
        upload: Upload,
        parts: Parts,
        read: tuple[Shape, Scaler],
        principal: Principal,
    ) -> Model:
        file = self._models.keep(upload.model)
        made: list[Callable[[], None]] = [lambda: self._models.drop(file)]
        try:
            device = self._placed(upload, parts, principal, made)
            data = self._destination(parts.data, device, principal, made)
            model = Model(
                device=device.id,
                source=parts.source.id,
                data=data.id,
                kind=upload.model_type,
                shape=read[0],
                scaler=read[1],
                digest=hashlib.sha256(upload.model).hexdigest(),
                size_bytes=len(upload.model),
                uploaded=now(),
                position=Position(after=-1, start=0),
                file=file,
            )
            model = self._set(model, parts.source, data)
        except BaseException:
            for undo in reversed(made):
                _tidied(undo)
            raise
        self._audit.note("ai.upload", device=device.id, data=data.id, digest=model.digest)
        return model

    def _set(self, model: Model, source: Stream, data: Stream) -> Model:
        """Give a device its model, which goes on from where the worker is at that moment.

        Raises:
            Conflict: another model writes to the stream.
            Unavailable: the worker moves on all the time.
        """
        for _ in range(ATTEMPTS_MAX):
            before = self._models.get(model.device)
            position = self._position(before, source, data, model.shape.window)
            placed = replace(model, position=position)
            if self._models.put(placed, before):
                if before is not None:
                    _tidied(partial(self._models.drop, before.file))
                return placed
        raise Unavailable("the device's model is being changed all the time")

    def _placed(
        self,
        upload: Upload,
        parts: Parts,
        principal: Principal,
        made: list[Callable[[], None]],
    ) -> Device:
        """The device: the one that was named, or a new one."""
        devices = self._plant.devices
        options = {"model_type": upload.model_type, "threshold": upload.threshold}
        if parts.device is not None:
            named = {"name": upload.name} if upload.name else {}
            old = {"options": parts.device.options, "name": parts.device.name}
            number = parts.device.id
            made.append(lambda: _done(devices.change(number, old, principal)))
            return devices.change(number, {"options": options} | named, principal)
        device = self._new(upload.name, options, principal)
        made.append(lambda: devices.delete(device.id, principal, None))
        return device

    def _new(self, name: str | None, options: Document, principal: Principal) -> Device:
        """A new device; where no name is given, one that is free."""
        body = {"kind": "ai", "options": options}
        if name is not None:
            return self._plant.devices.create(body | {"name": name}, principal)
        first = self._models.count() + 1
        for number in range(first, first + NAMES_MAX):
            own = NAME if number == 1 else f"{NAME} {number}"
            with suppress(Conflict):
                return self._plant.devices.create(body | {"name": own}, principal)
        raise Conflict("there are too many devices of that name", name=NAME)

    def _destination(
        self,
        data: Stream | None,
        device: Device,
        principal: Principal,
        made: list[Callable[[], None]],
    ) -> Stream:
        """The stream for the scores: the one that was named, or a new one."""
        streams = self._plant.data
        if data is not None:
            if data.device is None:
                made.append(lambda: _done(streams.change(data.id, {"device": None}, principal)))
                return streams.change(data.id, {"device": device.id}, principal)
            return data
        name = device.name[: NAME_CHARS_MAX - len(OF_SCORES)] + OF_SCORES
        body: Document = {"name": name, "device": device.id}
        new = streams.create(body, principal)
        made.append(lambda: streams.delete(new.id, principal))
        return new

    def _position(
        self, before: Model | None, source: Stream, data: Stream, window: int
    ) -> Position:
        """Where scoring begins: with the newest window there is, or where it was."""
        if before is not None and (before.source, before.data) == (source.id, data.id):
            old = before.position
            start = old.start
            if window > before.shape.window:
                earlier = self._earlier(source, old.after, window - 1)
                start = min([start, *earlier[-window + 1 :]])
            return replace(old, start=start)
        last = self._earlier(source, horizon() - 1, window)
        if not last:
            return Position(after=-1, start=0)
        return Position(after=last[-1] - 1, start=last[-window:][0])

    def _earlier(self, source: Stream, until: int, count: int) -> list[int]:
        """The times (ms) of the samples up to a moment: of so many, if it is not too long ago."""
        wanted = count
        while True:
            at = self._recent.last(source, wanted).at
            known: list[int] = at[at <= until].tolist()
            if len(known) >= count or len(at) < wanted or wanted > LOOK_MAX:
                return known
            wanted *= LOOK_GROWS


def _tidied(undo: Callable[[], None]) -> None:
    """What cannot be taken away now is left, and hides nothing else that happened."""
    try:
        undo()
    except HubError as exc:
        log.warning("an upload left something behind: %s", exc.message)


def _done(_: object) -> None:
    """Nothing more."""


def _fit(field: str, read: Callable[[], T]) -> T:
    """What a file holds. Raises BadField: why it is not taken."""
    try:
        return read()
    except Unfit as exc:
        raise refused(field, f"The file {exc}.") from exc


def _check_features(shape: Shape, scaler: Scaler) -> None:
    if shape.features != 1:
        raise refused("model", f"The file takes {shape.features} features; a data stream has one.")
    if scaler.features != 1:
        raise refused(
            "scaler", f"The file has {scaler.features} features, and the model takes one."
        )
