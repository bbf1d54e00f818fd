"""Files that would run something, or use up the machine, if they were unpickled: all refused.

Each is first shown to be what it says: where it is safe to do so, Python's own unpickler runs it.
"""

from __future__ import annotations

import builtins
import bz2
import contextlib
import gzip
import lzma
import os
import pickle
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from hub.ai.refusal import Unfit
from hub.ai.scalers import Scaler, scaler_of
from tests.ai import joblibbed, pickled, scaler
from tests.effort import bounded

RAN: list[str] = []
LINES_MAX = 1_000_000
MODULE = b"sklearn.preprocessing._data"


def note(what: str) -> str:
    RAN.append(what)
    return what


class Calls:
    """What a pickle of this calls when it is loaded."""

    def __init__(self, called: Callable[..., Any], *given: Any) -> None:
        self._call = called, given

    def __reduce__(self) -> Any:
        return self._call


def carrying(thing: Any) -> StandardScaler:
    """A good scaler with one more thing in it."""
    made = scaler()
    made.more = thing
    return made


def text(what: str) -> bytes:
    return b"\x8c" + bytes([len(what)]) + what.encode()


def named(module: str, name: str) -> bytes:
    """A name referred to as protocol 4 does it."""
    return text(module) + text(name) + b"\x93"


def protocol4(*parts: bytes) -> bytes:
    return b"\x80\x04" + b"".join(parts) + b"."


OF_SCALER = named("sklearn.preprocessing._data", "StandardScaler")
NEW_SCALER = OF_SCALER + b")\x81"
DTYPE = named("numpy", "dtype")
FLOATS = DTYPE + text("f8") + b"\x89\x88\x87R"
BLANK = (
    named("numpy._core.multiarray", "_reconstruct")
    + named("numpy", "ndarray")
    + b"K\x00\x85C\x01b\x87R"
)
CODE = Calls(note, "x")


@pytest.mark.parametrize("write", [pickled, joblibbed])
@pytest.mark.parametrize(
    "thing",
    [
        CODE,
        carrying(CODE),
        carrying([{"a": (CODE,)}]),
        carrying(np.array([CODE], dtype=object)),
        carrying(np.array([[np.array([CODE], dtype=object)]], dtype=object)),
    ],
    ids=["alone", "in an attribute", "deep", "in an array", "in two arrays"],
)  # fmt: skip
def test_what_runs_elsewhere_does_not_run_here(thing: Any, write: Callable[[Any], bytes]):
    content = write(thing)
    RAN.clear()
    pickle.loads(pickled(thing))
    assert RAN, "the file is not what it should be"
    RAN.clear()
    with pytest.raises(Unfit, match=r"not let in|objects that are no texts|where an array"):
        scaler_of(content)
    assert RAN == []


CALLED = {
    "posix.system": Calls(os.system, "true"),
    "builtins.eval": Calls(builtins.eval, "1"),
    "builtins.exec": Calls(builtins.exec, "1"),
    "builtins.getattr": Calls(getattr, "x", "upper"),
    "builtins.__import__": Calls(builtins.__import__, "os"),
    "builtins.open": Calls(builtins.open, "x"),
    "numpy.load": Calls(np.load, "x"),
    "numpy.fromfile": Calls(np.fromfile, "x"),
    "joblib.numpy_pickle.load": Calls(__import__("joblib").load, "x"),
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", CALLED)
def test_names_that_are_not_let_in_are_told(name: str, protocol: int):
    told = name.replace("builtins", "__builtin__") if protocol == 2 else name
    told = told.replace("numpy.fromfile", r"numpy(\._core)?\.\w+")
    with pytest.raises(Unfit, match=f"refers to .*{told.rpartition('.')[2]}.* not let in"):
        scaler_of(pickled(carrying(CALLED[name]), protocol))


RAW = {
    "a dotted name": protocol4(named("sklearn.preprocessing._data", "StandardScaler.fit")),
    "a way through a module": protocol4(named("sklearn.preprocessing._data", "np.load")),
    "a module's own os": protocol4(named("numpy", "os.system")),
    "a scaler that is called": protocol4(OF_SCALER, b")R"),
    "an array's type that is called": protocol4(named("numpy", "ndarray"), b"K\x01\x85R"),
    "a scaler made with arguments": protocol4(OF_SCALER, b"K\x01\x85\x81"),
    "a text that is called": protocol4(text("os"), b")R"),
    "keywords": protocol4(OF_SCALER, b")}\x92"),
    "an old-style instance": b"\x80\x02(i" + MODULE + b"\nStandardScaler\n.",
    "an object of a mark": b"\x80\x02(c" + MODULE + b"\nStandardScaler\no.",
    "a persistent id": b"\x80\x02X\x01\0\0\0aQ.",
    "a persistent text id": b"\x80\x02Pa\n.",
    "an extension of one byte": b"\x80\x02\x82\x01.",
    "an extension of two bytes": b"\x80\x02\x83\x01\x00.",
    "an extension of four bytes": b"\x80\x02\x84\x01\x00\x00\x00.",
    "a buffer from outside": b"\x80\x05\x97.",
    "a set": protocol4(b"\x8f"),
    "a state that is a list": protocol4(NEW_SCALER, b"]b"),
    "a state of two parts": protocol4(NEW_SCALER, b"}}\x86b"),
    "a state given twice": protocol4(NEW_SCALER, b"}", text("a"), b"K\x01sb}b"),
    "a state of numbers": protocol4(NEW_SCALER, b"}K\x01K\x02sb"),
    "a state for a name": protocol4(OF_SCALER, b"}b"),
    "a state for a text": protocol4(text("a"), b"}b"),
    "a dictionary that is a key": protocol4(b"}}K\x01s"),
    "a state of an array that is a text": protocol4(BLANK, text("a"), b"b"),
    "an array of objects of nothing": protocol4(
        BLANK, b"(K\x01K\x02\x85", DTYPE, text("O8"), b"\x89\x88\x87R\x89C\x00tb"
    ),
    "an array of a strange type": protocol4(DTYPE, text("f8,O"), b"\x89\x88\x87R"),
    "an array that is too large": protocol4(
        BLANK, b"(K\x01(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft", FLOATS, b"\x89C\x00tb"
    ),
    "an array of a negative size": protocol4(
        BLANK, b"(K\x01(J\xff\xff\xff\xffJ\xff\xff\xff\xfft", FLOATS, b"\x89C\x08abcdefghtb"
    ),
    "an array with too few numbers": protocol4(
        BLANK, b"(K\x01K\x02\x85", FLOATS, b"\x89C\x08abcdefghtb"
    ),
    "a place in memory that is not there": b"\x80\x02h\x07.",
    "nothing on the stack": b"\x80\x04.",
    "a mark that is passed": b"\x80\x04K\x01(\x85.",
    "a long text that is not there": b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"x.",
    "long bytes that are not there": b"\x80\x04\x8e" + struct.pack("<Q", 2**63 - 1) + b"x.",
    "a long number that is not there": b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b"x.",
    "a number of a negative length": b"\x80\x04\x8b" + struct.pack("<i", -1) + b"x.",
    "an unknown operation": b"\x80\x04\xff.",
    "half a surrogate pair": b"\x80\x02X\x03\0\0\0\xed\xa0\x80.",
    "protocol 0": pickle.dumps([1.5], protocol=0),
    "nothing": b"",
    "a text": b"import os",
    "another file": b"PK\x03\x04" + bytes(60),
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("content", RAW.values(), ids=RAW)
def test_strange_operations_are_refused(content: bytes):
    with pytest.raises(Unfit):
        scaler_of(content)


def test_a_place_far_off_in_memory_takes_no_room():
    """Python's own unpickler would make a table up to it."""
    content = protocol4(NEW_SCALER, b"r\xff\xff\xff\xff", b"j\xff\xff\xff\xff", b"0") + b"."
    with pytest.raises(Unfit, match="POP"):
        scaler_of(content)


def doubled(times: int, make: bytes, take: bytes) -> bytes:
    """Things that each hold the one before twice."""
    steps = b"".join(
        b"\x94" + b"h" + bytes([at]) + b"h" + bytes([at]) + take for at in range(times)
    )
    return b"(" + make + steps + b"t"


@pytest.mark.parametrize(
    "bomb",
    [doubled(200, b")", b"\x86"), doubled(200, b"]", b"\x86"), b"]\x94" + b"h\x00a" * 10_000],
    ids=["tuples", "lists", "a list in itself"],
)
def test_billions_of_things_are_never_walked(bomb: bytes):
    content = protocol4(NEW_SCALER, b"}", text("mean_"), bomb, b"sb")
    with bounded(LINES_MAX), pytest.raises(Unfit, match="no numbers in mean_"):
        scaler_of(content)


def test_billions_are_no_keys_either():
    content = protocol4(b"}", doubled(200, b")", b"\x86"), b"K\x01s")
    with pytest.raises(Unfit, match="no names"):
        scaler_of(content)


def remembered(at: int, thing: bytes) -> bytes:
    return thing + b"q" + bytes([at])


def sized(operation: bytes, held: bytes) -> bytes:
    return operation + struct.pack("<I", len(held)) + held


LONG = 100_000
ENCODE, FROM_BUFFER = named("_codecs", "encode"), named("numpy._core.numeric", "_frombuffer")
BYTES = DTYPE + text("i1") + b"\x89\x88\x87R"
OBJECTS = DTYPE + text("O8") + b"\x89\x88\x87R"
MANY_NAMES = b"}(" + b"".join(text(f"{at:x}") + b"N" for at in range(5_000)) + b"u"
AGAIN = {
    "bytes of a text": (
        remembered(0, ENCODE)
        + remembered(1, sized(b"X", b"a" * LONG) + text("latin1") + b"\x86"),
        b"h\x00h\x01R",
    ),
    "numbers of bytes": (
        remembered(0, FROM_BUFFER)
        + remembered(
            1, b"(" + sized(b"B", bytes(LONG)) + BYTES + b"J"
            + struct.pack("<i", LONG) + b"\x85" + text("C") + b"t"
        ),
        b"h\x00h\x01R",
    ),
    "an array's numbers": (
        remembered(
            0, b"(K\x01J" + struct.pack("<i", LONG) + b"\x85" + BYTES + b"\x89"
            + sized(b"B", bytes(LONG)) + b"t"
        ) + BLANK,
        b"h\x00b",
    ),
    "an array's texts": (
        remembered(0, text("a"))
        + remembered(1, b"(K\x01K\x01\x85" + OBJECTS + b"\x89](" + b"h\x00" * 9_000 + b"et")
        + BLANK,
        b"h\x01b",
    ),
    "a state": (
        remembered(0, OF_SCALER) + remembered(1, MANY_NAMES),
        b"h\x00)\x81h\x01b",
    ),
    "arguments": (
        remembered(0, DTYPE) + remembered(1, b"(" + text("f8") + b"N" * 9_000 + b"t"),
        b"h\x00h\x01R",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("once", "again"), AGAIN.values(), ids=AGAIN)
def test_what_is_remembered_is_not_taken_for_ever(once: bytes, again: bytes):
    """Each of these parts takes a few bytes of the file, and much time or memory."""
    with pytest.raises(Unfit, match="again and again"):
        scaler_of(protocol4(once, again * 15_000))


def test_pickles_in_pickles_have_their_operations_in_common():
    wrapper = named("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}("
    wrapper += text("dtype") + OBJECTS + text("shape") + b"K\x01\x85ub"
    inner = protocol4(b"N" * 40_000, BLANK)
    with pytest.raises(Unfit, match="more than 100000 operations"):
        scaler_of(protocol4((wrapper + inner) * 3))


@pytest.mark.parametrize("most", [doubled(200, b")", b"\x86"), b")" + b"\x85" * 50_000])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["as a module", "as a name"])
def test_what_is_no_name_is_not_written_out(most: bytes, order: tuple[int, int]):
    both = (most, text("system"))
    with pytest.raises(Unfit, match="refers to what is no name"):
        scaler_of(protocol4(both[order[0]], both[order[1]], b"\x93"))


def test_a_pickle_ends_after_so_many_operations():
    with pytest.raises(Unfit, match="more than 100000 operations"):
        scaler_of(protocol4(b"N" * 500_000))


def test_pickles_in_pickles_in_pickles_end():
    """As joblib writes an array of objects, in itself."""
    wrapper = named("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}("
    wrapper += text("dtype") + DTYPE + text("O8") + b"\x89\x88\x87R"
    wrapper += text("shape") + b"K\x01\x85ub"
    with pytest.raises(Unfit, match="within pickles"):
        scaler_of((b"\x80\x04" + wrapper) * 50)


ZEROS = bytes(64 * 1024 * 1024)


@pytest.mark.parametrize(
    "compressed",
    [zlib.compress, gzip.compress, bz2.compress, lzma.compress,
     lambda data: lzma.compress(data, lzma.FORMAT_ALONE)],
    ids=["zlib", "gzip", "bz2", "xz", "lzma"],
)  # fmt: skip
def test_zip_bombs_are_inflated_up_to_a_bound(compressed: Callable[[bytes], bytes]):
    content = compressed(ZEROS)
    assert len(content) < 1024 * 1024
    with pytest.raises(Unfit, match="over 4194304 bytes once it is inflated"):
        scaler_of(content)


@pytest.mark.parametrize("kind", ["zlib", "gzip", "bz2", "xz"])
def test_broken_compression_is_refused(kind: str):
    whole = joblibbed(scaler(), compress=(kind, 3))
    with pytest.raises(Unfit, match="compressed"):
        scaler_of(whole[: len(whole) // 2])


@pytest.mark.parametrize("write", [pickled, joblibbed])
def test_a_file_cut_off_anywhere_is_refused(write: Callable[[Any], bytes]):
    whole = write(scaler())
    for end in range(len(whole)):
        with pytest.raises(Unfit):
            scaler_of(whole[:end])


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_whatever_is_changed_in_a_file_gives_a_scaler_or_a_reason(data: st.DataObject):
    write = data.draw(st.sampled_from([pickled, joblibbed]))
    content = bytearray(write(scaler()))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Unfit):
        assert isinstance(scaler_of(bytes(content)), Scaler)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_noise_gives_a_reason(noise: bytes):
    with pytest.raises(Unfit):
        scaler_of(b"\x80\x04" + noise)
