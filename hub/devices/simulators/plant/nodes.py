"""The memory of the OPC UA simulator: variables in folders, with types of their own."""

from __future__ import annotations

from contextlib import AsyncExitStack

from asyncua import ua

from hub.devices.simulators.opcua import OpcuaSimulator
from hub.devices.simulators.plant.memory import Memory
from hub.devices.simulators.plant.tags import ROOT, TAGS, Tag
from hub.values import DataType

UA_TYPES: dict[DataType, ua.VariantType] = {
    "bit": ua.VariantType.Boolean,
    "uint16": ua.VariantType.UInt16,
    "uint32": ua.VariantType.UInt32,
    "uint64": ua.VariantType.UInt64,
    "fp32": ua.VariantType.Float,
}


class OpcuaMemory(Memory):
    """Only commands are written by others."""

    def __init__(self, host: str, port: int) -> None:
        self._server = OpcuaSimulator(host, port)

    async def _open(self, opening: AsyncExitStack) -> None:
        await opening.enter_async_context(self._server)
        self.port = self._server.port
        folders = {tag.path.rpartition("/")[0] for tag in TAGS}
        for folder in (ROOT, *sorted(folders)):
            await self._server.add_folder(folder)
        for tag in TAGS:
            await self._server.add_variable(
                tag.path, _typed(tag, 0), UA_TYPES[tag.type], writable=tag.told
            )

    async def get(self, tag: Tag) -> float:
        found: float = await self._server.get(tag.path)
        return found

    async def put(self, tag: Tag, value: float) -> None:
        await self._server.set(tag.path, _typed(tag, value), UA_TYPES[tag.type])


def _typed(tag: Tag, value: float) -> bool | int | float:
    match tag.type:
        case "bit":
            return bool(value)
        case "fp32":
            return float(value)
        case _:
            return int(value)
