"""A model and its scaler, uploaded: checked, tried, stored, and bound to device and streams."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from hub.ai.models import ModelType, Shape
from hub.ai.refusal import Unfit
from hub.ai.running import checked as tried
from hub.ai.scalers import Scaler, scaler_of
from hub.errors import Conflict, HubError, NotFound, StreamNotFound
from hub.services.ai.chains import feeds
from hub.services.permits import Allowance, Permits
from hub.services.plant.fields import refused
from hub.services.plant.plant import Plant
from hub.services.streams.registry.making import now
from hub.store.access.audit import Audit
from hub.store.plant.models import Model, Models, Position
from hub.store.streams.recent import RecentPoints
from hub.store.streams.streams import Streams
from hub.values import Device, Document, Principal, Stream

AT_ONCE: Final = Allowance(total=2, per_key=2, heavy=2, wait_s=10.0)
"""Of one process: an upload holds a process of its own, and tens of megabytes."""
NAME: Final = "AI Device"
NAMES_MAX: Final = 100
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


@dataclass(frozen=True, slots=True)
class _Parts:
    """What an upload names, looked up; None is to be made."""

    source: Stream
    device: Device | None
    data: Stream | None


class Uploading:
    def __init__(
        self, plant: Plant, models: Models, streams: Streams, recent: RecentPoints, audit: Audit
    ) -> None:
        self._plant = plant
        self._models = models
        self._streams = streams
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
            parts = self._parts(upload, principal)
            scaler = _fit("scaler", lambda: scaler_of(upload.scaler))
            shape = _fit("model", lambda: tried(upload.model, upload.model_type))
            _check_features(shape, scaler)
            return self._stored(upload, parts, (shape, scaler), principal)
        finally:
            release()

    def _parts(self, upload: Upload, principal: Principal) -> _Parts:
        source = self._stream("source", upload.source, principal)
        device = self._device(upload.device_id, principal)
        data = None
        if upload.data_id is not None:
            data = self._stream("data_id", upload.data_id, principal)
            self._check_data(data, source, device)
        elif device is not None:
            data = self._data_of(device, source, principal)
        return _Parts(source, device, data)

    def _stream(self, field: str, number: int, principal: Principal) -> Stream:
        try:
            found = self._plant.data.get(number, principal)
        except StreamNotFound as exc:
            raise refused(field, "No such data stream.") from exc
        if found.value_type != "numeric":
            raise refused(field, "Is no numeric data stream.")
        return found

    def _device(self, number: int | None, principal: Principal) -> Device | None:
        if number is None:
            return None
        try:
            found = self._plant.devices.get(number, principal)
        except NotFound as exc:
            raise refused("device_id", "No such device.") from exc
        if found.kind != "ai":
            raise refused("device_id", f"Is a device of kind {found.kind}, not ai.")
        return found

    def _check_data(self, data: Stream, source: Stream, device: Device | None) -> None:
        """Raises BadField: the stream cannot take scores."""
        if data.derivation or data.feed:
            raise refused("data_id", "This stream's values come from elsewhere.")
        if data.late != "replace":
            raise refused("data_id", "This stream does not keep one value an instant.")
        if data.device is not None and (device is None or data.device != device.id):
            raise refused("data_id", "This stream belongs to another device.")
        writers = self._models.writing_to([data.id])
        if any(device is None or each.device != device.id for each in writers):
            raise refused("data_id", "Another model writes to this stream.")
        if feeds(self._streams, self._models, source=source.id, data=data.id):
            raise refused("data_id", "The source's values come from this stream.")

    def _data_of(self, device: Device, source: Stream, principal: Principal) -> Stream | None:
        """The stream that takes the device's scores so far, if it still can."""
        before = self._models.get(device.id)
        with suppress(StreamNotFound):
            if before is not None:
                found = self._plant.data.get(before.data, principal)
                self._check_data(found, source, device)
                return found
        return None

    def _stored(
        self,
        upload: Upload,
        parts: _Parts,
        read: tuple[Shape, Scaler],
        principal: Principal,
    ) -> Model:
        file = self._models.keep(upload.model)
        made: list[Callable[[], None]] = [lambda: self._models.drop(file)]
        try:
            device = self._placed(upload, parts, principal, made)
            data = self._destination(parts.data, device, principal, made)
            before = self._models.get(device.id)
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
                position=self._position(before, parts.source, data, read[0].window),
                file=file,
            )
            self._models.put(model)
        except HubError:
            for undo in reversed(made):
                undo()
            raise
        if before is not None:
            self._models.drop(before.file)
        self._audit.note("ai.upload", device=device.id, data=data.id, digest=model.digest)
        return model

    def _placed(
        self,
        upload: Upload,
        parts: _Parts,
        principal: Principal,
        made: list[Callable[[], None]],
    ) -> Device:
        """The device: the one that was named, or a new one."""
        devices = self._plant.devices
        options = {"model_type": upload.model_type, "threshold": upload.threshold}
        if parts.device is not None:
            named = {"name": upload.name} if upload.name else {}
            return devices.change(parts.device.id, {"options": options} | named, principal)
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
        body: Document = {"name": f"{device.name} score", "device": device.id}
        new = streams.create(body, principal)
        made.append(lambda: streams.delete(new.id, principal))
        return new

    def _position(
        self, before: Model | None, source: Stream, data: Stream, window: int
    ) -> Position:
        """Where scoring begins: with the newest window there is, or where it was."""
        last = self._recent.last(source, window).at.tolist()
        if before is not None and (before.source, before.data) == (source.id, data.id):
            old = before.position
            earlier = [at for at in last if at <= old.after]
            start = min([old.start, *earlier[-window + 1 :]]) if window > 1 else old.after
            return Position(after=old.after, start=start, anomalous=old.anomalous, edges=old.edges)
        if not last:
            return Position(after=-1, start=0)
        return Position(after=last[-1] - 1, start=last[-window:][0])


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
