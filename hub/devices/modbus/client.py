"""One connection to a Modbus device; the only user of the library that speaks it."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable
from typing import Any, Self

from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from hub.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable

logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
"""It logs whatever goes wrong, and the hub tells of it once."""

FRAMINGS = {"tcp": FramerType.SOCKET, "rtu": FramerType.RTU}
NEVER_S = 3600.0
"""The library's own limit of waiting: the caller's is always shorter."""

REFUSALS = {
    1: "it does not have this function",
    2: "no such address",
    3: "it does not take this value or count",
    4: "it failed",
    5: "it needs longer for it",
    6: "it is busy",
    7: "it cannot do it",
    8: "its memory failed",
    10: "the gateway has no path to it",
    11: "it did not answer the gateway",
}
OF_THE_ADDRESS = (2, 3)


class Client:
    """An open connection, used for one request at a time. The caller sets limits of time."""

    def __init__(self, client: AsyncModbusTcpClient, lost: asyncio.Event, unit: int) -> None:
        self._client = client
        self._lost = lost
        self._unit = unit

    @classmethod
    async def open(cls, host: str, port: int, framing: str, unit: int) -> Self:
        """Raises DeviceUnreachable: nobody answers there."""
        lost = asyncio.Event()
        client = AsyncModbusTcpClient(
            host,
            port=port,
            framer=FRAMINGS[framing],
            timeout=NEVER_S,
            retries=0,
            reconnect_delay=0,
            trace_connect=lambda there: None if there else lost.set(),
        )
        try:
            connected = await client.connect()
        except BaseException:
            client.close()
            raise
        if not connected:
            raise DeviceUnreachable("no connection to the device")
        return cls(client, lost, unit)

    @property
    def usable(self) -> bool:
        return self._client.connected and not self._lost.is_set()

    def close(self) -> None:
        self._client.close()

    async def read(self, function: int, address: int, count: int) -> bytes:
        """Registers as two bytes each, low byte first, or bits as a byte each."""
        client = self._client
        reads = {
            1: client.read_coils,
            2: client.read_discrete_inputs,
            3: client.read_holding_registers,
            4: client.read_input_registers,
        }
        asked = reads[function](address, count=count, device_id=self._unit)
        answer = await self._answer(asked, function)
        if function in (1, 2):
            if len(answer.bits) != -(-count // 8) * 8:
                raise DeviceGarbled("the answer has another length than what was asked for")
            return bytes(answer.bits[:count])
        if len(answer.registers) != count:
            raise DeviceGarbled("the answer has another length than what was asked for")
        return struct.pack(f"<{count}H", *answer.registers)

    async def write_coil(self, address: int, value: bool) -> None:
        await self._answer(self._client.write_coil(address, value, device_id=self._unit), 5)

    async def write_registers(self, address: int, data: bytes) -> None:
        """Registers, as ``read`` gives them."""
        words = list(struct.unpack(f"<{len(data) // 2}H", data))
        if len(words) == 1:
            one = self._client.write_register(address, words[0], device_id=self._unit)
            await self._answer(one, 6)
            return
        several = self._client.write_registers(address, words, device_id=self._unit)
        await self._answer(several, 16)

    async def mask(self, address: int, stay: int, set_: int) -> None:
        """Write some bits of a register; those of ``stay`` remain as they are."""
        masked = self._client.mask_write_register(
            address=address, and_mask=stay, or_mask=set_, device_id=self._unit
        )
        await self._answer(masked, 22)

    async def _answer(self, asked: Awaitable[ModbusPDU], function: int) -> Any:
        """What the device answers, or that the connection was lost meanwhile."""
        answering = asyncio.ensure_future(asked)
        losing = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait((answering, losing), return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                raise DeviceUnreachable("the device closed the connection")
            return _checked(answering.result(), function)
        except ConnectionException as exc:
            raise DeviceUnreachable("the connection to the device was lost") from exc
        except ModbusException as exc:
            raise DeviceGarbled("what the device sent is no answer") from exc
        finally:
            answering.cancel()
            losing.cancel()


def _checked(answer: ModbusPDU, function: int) -> ModbusPDU:
    if answer.isError():
        code = int(answer.exception_code)
        reason = REFUSALS.get(code, "an error of its own kind")
        raise DeviceRefused(
            f"the device refused: {reason}", device_code=f"0x{code:02X}", reason=reason
        )
    if answer.function_code != function:
        raise DeviceGarbled("the answer is to another request")
    return answer
