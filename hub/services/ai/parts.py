"""What an upload of a model names: looked up, and whether it can be what it is named for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from hub.errors import NotFound, StreamNotFound
from hub.services.ai.chains import feeds
from hub.services.plant.fields import refused
from hub.services.plant.plant import Plant
from hub.store.plant.models import Models
from hub.store.streams.streams import Streams
from hub.values import Device, Principal, Stream


@dataclass(frozen=True, slots=True)
class Parts:
    """What an upload names, looked up; None is to be made."""

    source: Stream
    device: Device | None
    data: Stream | None


class Naming:
    def __init__(self, plant: Plant, models: Models, streams: Streams) -> None:
        self._plant = plant
        self._models = models
        self._streams = streams

    def of(
        self, source_id: int, device_id: int | None, data_id: int | None, principal: Principal
    ) -> Parts:
        """What has these ids.

        Raises:
            BadField: one is not there for this key, or cannot be what it is named for.
        """
        source = self._stream("source", source_id, principal)
        device = self._device(device_id, principal)
        data = None
        if data_id is not None:
            data = self._stream("data_id", data_id, principal)
            self._check_data(data, source, device)
        elif device is not None:
            data = self._data_of(device, source, principal)
        return Parts(source, device, data)

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
