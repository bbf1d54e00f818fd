"""What every driver does, whatever its protocol: the words of reading and writing a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Literal, Protocol, Self

from hub.errors import HubError
from hub.values import DataType

Value = bool | int | float | str
"""What a device holds. Bits are 0 and 1; only OPC UA has texts, and booleans of its own."""

ByteOrder = Literal["little", "big"]
"""Which word of a longer value has the lowest address: the least or the most significant."""

Quality = Literal["good", "uncertain", "bad"]

CALL_TIMEOUTS = 10
"""A call of a driver ends within so many times the timeout of one request."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to be read or written.

    ``address`` is in the grammar of the device's protocol. ``type`` None is what the address
    stands for by itself, ``byteorder`` None that of the device. OPC UA ignores both: its values
    bring their own.
    """

    address: str
    type: DataType | None = None
    byteorder: ByteOrder | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one point.

    ``value`` is None if it was not to be had, and ``error`` says why; without an error the
    device holds what is no finite number, and the quality is ``uncertain``. ``at`` is the
    time (aware UTC) that the device itself gave, None where its protocol gives none.
    """

    value: Value | None
    quality: Quality = "good"
    error: HubError | None = None
    at: datetime | None = None

    @classmethod
    def failed(cls, error: HubError) -> Reading:
        return cls(None, "bad", error)

    def told(self) -> Value | None:
        """The value.

        Raises:
            HubError: why there is none.
        """
        if self.error is not None:
            raise self.error
        return self.value


class Driver(Protocol):
    """A device as it is read and written, over at most one connection at a time.

    Making a driver touches no network. The connection is opened by the first call, or by
    ``open``; a call after a lost connection opens a new one, and nothing of the old one is
    used again. Calls of several tasks take turns. Each ends within ``CALL_TIMEOUTS`` times the
    device's ``timeout_s``, and a single request within one, whatever the device does; then
    the connection is closed, as a late answer might be taken for another's.
    """

    async def open(self) -> None:
        """Connect, unless it is connected.

        Raises:
            DeviceUnreachable, DeviceTimeout, DeviceRefused, DeviceGarbled.
        """

    async def read(self, points: Sequence[Point]) -> list[Reading]:
        """Read every point once: a ``Reading`` each, in the order given.

        What is wrong with a single point (BadAddress, BadDeviceValue for a type that it does
        not have, DeviceRefused) is a reading of quality ``bad``; only the loss of the whole
        device raises. Points that stand near each other are read together.

        Raises:
            DeviceUnreachable: there is no connection, or it was lost.
            DeviceTimeout: an answer did not come in time.
            DeviceGarbled: what came is no answer.
        """

    async def write(self, point: Point, value: object) -> None:
        """Write one point, and return when the device has confirmed it.

        Nothing is repeated: after DeviceUnreachable, DeviceTimeout or DeviceGarbled it is not
        known whether the value was written.

        Raises:
            BadAddress: no such form of address, or one that is not written. Nothing was sent.
            BadDeviceValue: the value is not of the type or out of its range. Nothing was
                written.
            DeviceRefused: with the device's code.
            DeviceUnreachable, DeviceTimeout, DeviceGarbled: as ``read``.
        """

    async def close(self) -> None:
        """Let go of the connection. Safe to call twice, and after anything. Never raises."""

    async def __aenter__(self) -> Self:
        """``open``."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """``close``."""
