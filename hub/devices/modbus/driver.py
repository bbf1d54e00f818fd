"""Reading and writing a Modbus device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from hub.devices import options
from hub.devices.contract import Point
from hub.devices.modbus.address import OPTIONS, Table, check_written, place
from hub.devices.modbus.client import OF_THE_ADDRESS, Client
from hub.devices.places import Place, cells, mask, named
from hub.devices.reader import Batch, CellReader
from hub.devices.spans import Span
from hub.errors import BadDeviceValue, DeviceRefused
from hub.values import Device


class Modbus(CellReader):
    def __init__(self, device: Device) -> None:
        super().__init__(device.timeout_s)
        self._options = options.completed(OPTIONS, device.options)
        self._at = (device.host or "", device.port or 0)
        self._unit = 1 if device.unit is None else device.unit
        self._client: Client | None = None

    def place(self, point: Point) -> Place:
        return place(point, self._options)

    def batches(self, spans: Sequence[Span]) -> list[Batch]:
        return [(span,) for span in spans]

    def worth_parting(self, error: DeviceRefused) -> bool:
        return error.detail["device_code"] in {f"0x{code:02X}" for code in OF_THE_ADDRESS}

    async def fetch(self, batch: Batch) -> list[bytes]:
        (span,) = batch
        table = cast(Table, span.space)
        client = await self._connected()
        async with self.request():
            return [await client.read(table.function, span.start, span.size)]

    async def write(self, point: Point, value: object) -> None:
        where = self.place(point)
        check_written(where, point)
        try:
            data = mask(where, value) if where.part_of_cell else cells(where, value)
        except BadDeviceValue as exc:
            raise named(point, exc) from exc
        async with self.call():
            client = await self._connected()
            async with self.request():
                await _write(client, where, data)

    async def _connect(self) -> None:
        if self._client is None or not self._client.usable:
            await self._disconnect()
            async with self.connecting():
                self._client = await Client.open(*self._at, self._options["framing"], self._unit)

    async def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> Client:
        await self._connect()
        assert self._client is not None
        return self._client


async def _write(client: Client, where: Place, data: bytes | tuple[int, int]) -> None:
    """Cells whole, or the mask of what changes in one."""
    if isinstance(data, tuple):
        await client.mask(where.start, *data)
    elif cast(Table, where.space).of_bits:
        await client.write_coil(where.start, data != b"\x00")
    else:
        await client.write_registers(where.start, data)
