"""Arrays of numbers out of the parts in which pickles hold them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hub.ai.numbers import FloatArray
from hub.ai.refusal import Unfit, shown

NUMBER: Final = re.compile(r"[<>=|]?(?:[fiu][248]|[iub]1)")
OBJECTS: Final = re.compile(r"\|?O8?")
ORDERS: Final = ("<", ">", "=", "|")
DIMENSIONS_MAX: Final = 2
ELEMENTS_MAX: Final = 100_000


@dataclass(eq=False, slots=True)
class Kind:
    """What an array's elements are: a code such as ``f8``, and the order of their bytes."""

    code: str
    order: str = "="

    def __post_init__(self) -> None:
        if not NUMBER.fullmatch(self.code) and not OBJECTS.fullmatch(self.code):
            raise Unfit(f"holds an array of {shown(self.code)}, which are no numbers")

    @property
    def objects(self) -> bool:
        return bool(OBJECTS.fullmatch(self.code))

    def numbers(self, data: bytes) -> Any:
        """The numbers that bytes stand for, one after another."""
        if self.objects:
            raise Unfit("holds an array of objects")
        return np.frombuffer(data, np.dtype(self.order + self.code.lstrip("<>=|")))


@dataclass(eq=False, slots=True)
class Array:
    """``values`` are None until it was filled, and where it holds texts: names of columns."""

    values: FloatArray | None = None

    def fill(self, kind: Kind, shape: Any, data: Any) -> None:
        """Take numbers over.

        Args:
            data: bytes; of an array of objects the list of them, which must be texts.

        Raises:
            Unfit: too many or too few for the shape, or no numbers.
        """
        size = _size(shape)
        if kind.objects:
            if type(data) is not list or any(type(each) is not str for each in data):
                raise Unfit("holds an array of objects that are no texts")
            return
        if type(data) not in (bytes, bytearray):
            raise Unfit("holds an array without bytes")
        found = kind.numbers(bytes(data))
        if len(found) != size:
            raise Unfit("holds an array whose shape is not that of its numbers")
        self.values = found.astype(np.float64)


def bytes_of(kind: Kind, shape: Any) -> int:
    """How many bytes an array of numbers takes. Raises Unfit: it is of objects, or too large."""
    return _size(shape) * int(kind.numbers(b"").itemsize)


def _size(shape: Any) -> int:
    few = type(shape) is tuple and len(shape) <= DIMENSIONS_MAX
    if not few or not all(type(each) is int and each >= 0 for each in shape):
        raise Unfit("holds an array of a strange shape")
    size = 1
    for each in shape:
        size *= each
    if size > ELEMENTS_MAX or max(shape, default=0) > ELEMENTS_MAX:
        raise Unfit("holds an array that is too large")
    return size
