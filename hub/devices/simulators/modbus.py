"""A Modbus device, TCP or RTU over TCP: the library's own server over four separate tables."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self, cast

from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

CELLS = 10_000
"""How many cells each table has."""
FUNCTIONS = {"coils": 1, "discrete": 2, "holding": 3, "input": 4}


class ModbusSimulator:
    """A device on a TCP port; port 0 is one that is free. To be used as an async context."""

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, framing: str = "tcp", unit: int = 1
    ) -> None:
        self.host = host
        self.port = port
        self.unit = unit
        self._framer = FramerType.RTU if framing == "rtu" else FramerType.SOCKET
        self._server: ModbusTcpServer | None = None

    async def __aenter__(self) -> Self:
        bits = [SimData(0, values=[False] * CELLS, datatype=DataType.BITS) for _ in range(2)]
        words = [SimData(0, values=[0] * CELLS, datatype=DataType.REGISTERS) for _ in range(2)]
        device = SimDevice(self.unit, simdata=([bits[0]], [bits[1]], [words[0]], [words[1]]))
        self._server = ModbusTcpServer(device, framer=self._framer, address=(self.host, self.port))
        if not await self._server.listen():
            raise OSError("the address cannot be used")
        listening = cast(asyncio.Server, self._server.transport)
        self.port = listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]

    async def get(self, table: str, address: int, count: int = 1) -> list[int]:
        """Cells of ``coils``, ``discrete``, ``holding`` or ``input``."""
        assert self._server is not None
        function = FUNCTIONS[table]
        return [
            int(value)
            for value in await self._server.async_getValues(self.unit, function, address, count)
        ]

    async def set(self, table: str, address: int, values: list[int]) -> None:
        """Give cells values, also those of tables that a client cannot write."""
        assert self._server is not None
        given = [bool(value) for value in values] if table in ("coils", "discrete") else values
        await self._server.async_setValues(self.unit, FUNCTIONS[table], address, given)
