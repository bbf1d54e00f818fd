"""Pickles read without being run: a machine that holds numbers, texts and a few known names.

It knows the operations that protocols 2 to 5 write for plain values and for objects of the classes
below, and no other; nothing is imported and nothing is called. The arrays that joblib writes
between the operations are taken from where they stand.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pickletools import genops
from typing import Any, Final

from hub.ai.arrays import Array, Kind, bytes_of
from hub.ai.refusal import Unfit, shown

OPERATIONS_MAX: Final = 100_000
USES: Final = 2
"""So often the bytes of a file are taken over, on average: as bytes, and as numbers."""
USED_LEAST: Final = 64 * 1024
DEPTH_MAX: Final = 1
"""How deep pickles may stand within pickles, as joblib writes arrays of objects."""

SCALERS: Final = ("StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler")
CLASSES: Final = {
    (module, name): name
    for module in ("sklearn.preprocessing._data", "sklearn.preprocessing.data")
    for name in SCALERS
}
WRAPPERS: Final = {
    (f"{where}joblib.numpy_pickle", "NumpyArrayWrapper"): "wrapper"
    for where in ("", "sklearn.externals.")
}
CALLS: Final = {
    ("numpy", "dtype"): "dtype",
    ("numpy", "ndarray"): "ndarray",
    ("_codecs", "encode"): "encode",
    **{(f"numpy.{c}.multiarray", "_reconstruct"): "blank" for c in ("core", "_core")},
    **{(f"numpy.{c}.multiarray", "scalar"): "scalar" for c in ("core", "_core")},
    **{(f"numpy.{c}.numeric", "_frombuffer"): "frombuffer" for c in ("core", "_core")},
}
KNOWN: Final = {**CLASSES, **WRAPPERS, **CALLS}
SIZED: Final = (bytes, bytearray, str, tuple, list, dict)


@dataclass(frozen=True, slots=True)
class Name:
    """A name that the pickle refers to, known by what stands for it here."""

    known: str


@dataclass(eq=False, slots=True)
class Thing:
    """An object of a known class: what was written of its attributes."""

    kind: str
    state: dict[str, Any] = field(default_factory=dict)


class _Spent:
    """What all machines of one file have done, which is bounded by what stands in it.

    What is remembered is cheap to name again, and a few bytes that name it would be much work, or
    many copies.
    """

    def __init__(self, size_bytes: int) -> None:
        self._operations = OPERATIONS_MAX
        self._units = USES * size_bytes + USED_LEAST

    def operation(self) -> None:
        self._operations -= 1
        if self._operations < 0:
            raise Unfit(f"is a pickle of more than {OPERATIONS_MAX} operations")

    def use(self, given: Any) -> None:
        """So many bytes, characters, or parts are copied; what has none of these counts one."""
        self._units -= len(given) if type(given) in SIZED else 1
        if self._units < 0:
            raise Unfit("takes the same things again and again")


def read(content: bytes) -> object:
    """What a pickle holds: plain values, ``Array`` and ``Thing``.

    Lists and dictionaries may hold themselves; do not walk them.

    Raises:
        Unfit: it is malformed, or holds what is not known here.
    """
    if content[:1] != b"\x80":
        raise Unfit("is no pickle of protocol 2 to 5")
    try:
        return _Machine(BytesIO(content), _Spent(len(content))).run()
    except Unfit:
        raise
    except (ValueError, TypeError, LookupError, OverflowError, struct.error) as exc:
        raise Unfit("is a broken pickle") from exc


class _Machine:
    def __init__(self, file: BytesIO, spent: _Spent, depth: int = 0) -> None:
        self.file = file
        self.spent = spent
        self.depth = depth
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Read up to the pickle's end; the file stands behind it then."""
        for operation, given, _ in genops(self.file):
            self.spent.operation()
            if operation.name == "STOP":
                return self.pop()
            handler = HANDLERS.get(operation.name)
            if handler is None:
                raise Unfit(f"has the operation {operation.name}, which no scaler needs")
            handler(self, given)
        raise Unfit("is a broken pickle")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if self.marks and self.marks[-1] >= len(self.stack):
            raise IndexError("below the mark")
        return self.stack.pop()

    def top(self) -> Any:
        return self.stack[-1]

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        found = self.stack[start:]
        del self.stack[start:]
        return found

    def some(self, count: int) -> tuple[Any, ...]:
        return tuple(reversed([self.pop() for _ in range(count)]))

    def refer(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise Unfit("refers to what is no name")
        known = KNOWN.get((module, name))
        if known is None:
            raise Unfit(f"refers to {shown(f'{module}.{name}')}, which is not let in")
        self.push(Name(known))

    def reduce(self) -> None:
        called, given = self.some(2)
        if type(called) is not Name or type(given) is not tuple:
            raise Unfit("calls what is no name")
        maker = MAKERS.get(called.known)
        if maker is None:
            raise Unfit(f"calls {called.known}, which is not called in a scaler")
        self.spent.use(given)
        for each in given:
            self.spent.use(each)
        self.push(maker(*given))

    def new(self) -> None:
        kind, given = self.some(2)
        known = kind.known if type(kind) is Name else ""
        if known not in (*SCALERS, "wrapper") or given != ():
            raise Unfit("makes an object in a way that is not known")
        self.push(Thing(known))

    def build(self) -> None:
        state = self.pop()
        match self.top():
            case Thing() as thing if type(state) is dict and not thing.state:
                self.spent.use(state)
                thing.state |= state
                if thing.kind == "wrapper":
                    self.stack[-1] = self.unwrapped(state)
            case Kind() as kind if type(state) is tuple and state[1] in ("<", ">", "=", "|"):
                kind.order = state[1]
            case Array() as array if type(state) is tuple:
                _, shape, kind, _, data = state
                self.spent.use(data)
                array.fill(_kind(kind), shape, data)
            case _:
                raise Unfit("gives an object a state that is not its own")

    def unwrapped(self, state: dict[str, Any]) -> Array:
        """The array that joblib wrote behind the words on it."""
        kind, shape = _kind(state.get("dtype")), state.get("shape")
        if kind.objects:
            return self.nested()
        if state.get("numpy_array_alignment_bytes") is not None:
            self.file.read(self.file.read(1)[0])
        size = bytes_of(kind, shape)
        array = Array()
        array.fill(kind, shape, self.file.read(size))
        return array

    def nested(self) -> Array:
        if self.depth >= DEPTH_MAX:
            raise Unfit("has pickles within pickles within pickles")
        found = _Machine(self.file, self.spent, self.depth + 1).run()
        if type(found) is not Array:
            raise Unfit("has a pickle where an array was announced")
        return found

    def put_items(self, pairs: list[Any]) -> None:
        names, values = pairs[::2], pairs[1::2]
        if type(self.top()) is not dict or any(type(name) is not str for name in names):
            raise Unfit("has a dictionary of what are no names")
        self.top().update(zip(names, values, strict=True))

    def add(self, values: list[Any]) -> None:
        if type(self.top()) is not list:
            raise Unfit("appends to what is no list")
        self.top().extend(values)


def _kind(value: Any) -> Kind:
    if type(value) is not Kind:
        raise Unfit("has an array of no known type")
    return value


def _dtype(code: Any, *_: Any) -> Kind:
    if type(code) is not str:
        raise Unfit("has an array of no known type")
    return Kind(code)


def _scalar(kind: Any, data: Any) -> float:
    if type(data) is not bytes:
        raise Unfit("has a number without bytes")
    (found,) = _kind(kind).numbers(data).tolist()
    return float(found)


def _from_buffer(data: Any, kind: Any, shape: Any, _order: Any) -> Array:
    array = Array()
    array.fill(_kind(kind), shape, data)
    return array


def _encoded(text: Any, encoding: Any) -> bytes:
    if type(text) is not str or encoding != "latin1":
        raise Unfit("encodes what is no bytes")
    return text.encode("latin1")


MAKERS: Final[dict[str, Callable[..., Any]]] = {
    "dtype": _dtype,
    "blank": lambda *_: Array(),
    "scalar": _scalar,
    "frombuffer": _from_buffer,
    "encode": _encoded,
}


def _nothing(machine: _Machine, given: Any) -> None:
    """Frames and protocols say nothing of what is held."""


PUSHED: Final = (
    "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
)  # fmt: skip
HANDLERS: Final[dict[str, Callable[[_Machine, Any], None]]] = {
    "PROTO": _nothing,
    "FRAME": _nothing,
    **dict.fromkeys(PUSHED, _Machine.push),
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "MARK": lambda m, _: m.marks.append(len(m.stack)),
    "TUPLE": lambda m, _: m.push(tuple(m.since_mark())),
    "TUPLE1": lambda m, _: m.push(m.some(1)),
    "TUPLE2": lambda m, _: m.push(m.some(2)),
    "TUPLE3": lambda m, _: m.push(m.some(3)),
    "APPEND": lambda m, _: m.add([m.pop()]),
    "APPENDS": lambda m, _: m.add(m.since_mark()),
    "SETITEM": lambda m, _: m.put_items(list(m.some(2))),
    "SETITEMS": lambda m, _: m.put_items(m.since_mark()),
    "MEMOIZE": lambda m, _: m.memo.__setitem__(len(m.memo), m.top()),
    "BINPUT": lambda m, at: m.memo.__setitem__(at, m.top()),
    "LONG_BINPUT": lambda m, at: m.memo.__setitem__(at, m.top()),
    "BINGET": lambda m, at: m.push(m.memo[at]),
    "LONG_BINGET": lambda m, at: m.push(m.memo[at]),
    "GLOBAL": lambda m, names: m.refer(*names.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m.refer(*m.some(2)),
    "REDUCE": lambda m, _: m.reduce(),
    "NEWOBJ": lambda m, _: m.new(),
    "BUILD": lambda m, _: m.build(),
}
