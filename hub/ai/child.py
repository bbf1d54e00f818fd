"""The program that runs one model, started by its path in a process with nothing to lose.

It imports nothing of the hub, gets no secret, and from before it sees the model it can ask the
system for memory and the time, read its input and write its output, and no more. What it reads and
writes are messages: four bytes of length (big-endian), JSON of that length, then as many bytes as
its ``bytes`` says. It ends ``within_s`` of each message, if it has not answered it.

The first message holds the model (``cpu_s``, ``memory_bytes``). The answer tells its ``inputs`` and
``outputs``, whether the same input gave the ``same`` outputs twice, how long a run took
(``run_s``), and whether the system keeps the process in (``confined``); or the ``error`` of the
runtime. Every further message holds windows (float32, one after another; ``count``, ``budget_s``).
The answer holds all outputs of the first ``count`` of them, which may be fewer, but one at least:
after ``budget_s`` no further one is begun.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import platform
import resource
import signal
import struct
import sys
from time import monotonic
from typing import Any, BinaryIO

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType  # type: ignore[import-untyped]

STREAMS = 3
"""The files that stay open: input, output and errors. There is no room for another one."""
ERROR_CHARS_MAX = 2_000

MACHINES = {
    "x86_64": (0xC000003E, 317, (
        0, 1, 3, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 35, 38, 39, 60, 96, 98, 186, 202, 204, 219,
        228, 229, 230, 231, 318,
    )),
    "aarch64": (0xC00000B7, 277, (
        63, 64, 57, 222, 226, 215, 214, 134, 135, 139, 124, 216, 233, 101, 103, 172, 93, 169, 165,
        178, 98, 123, 128, 113, 114, 115, 94, 278,
    )),
}  # fmt: skip
"""Of Linux: a machine's mark, its number of ``seccomp``, and those of the calls that are left:

read write close mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn sched_yield
mremap madvise nanosleep setitimer getpid exit gettimeofday getrusage gettid futex
sched_getaffinity restart_syscall clock_gettime clock_getres clock_nanosleep exit_group getrandom.
"""
NO_NEW_PRIVILEGES, FILTER, ALL_THREADS = 38, 1, 1
ALLOWED, REFUSED = 0x7FFF0000, 0x00050001
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER_AT, MACHINE_AT = 0, 4


def bounded(cpu_s: int, memory_bytes: int) -> None:
    """Give up what is not needed; not every system takes all of it."""
    for what, most in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, STREAMS),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))


def judging(machine: int, calls: tuple[int, ...]) -> bytes:
    """The program by which the system refuses (EPERM) every other call than these."""
    step = struct.Struct("=HBBI").pack
    count = len(calls)
    return b"".join(
        (
            step(LOAD, 0, 0, MACHINE_AT),
            step(JUMP_IF_EQUAL, 1, 0, machine),
            step(RETURN, 0, 0, REFUSED),
            step(LOAD, 0, 0, NUMBER_AT),
            *(step(JUMP_IF_EQUAL, count - at, 0, call) for at, call in enumerate(calls)),
            step(RETURN, 0, 0, REFUSED),
            step(RETURN, 0, 0, ALLOWED),
        )
    )


def confined() -> bool:
    """Have the system refuse what is not needed, for good; whether it does."""
    known = MACHINES.get(platform.machine())
    if known is None or sys.platform != "linux" or sys.maxsize < 2**32:
        return False
    machine, seccomp, calls = known
    text = judging(machine, calls)
    held = ctypes.create_string_buffer(text, len(text))
    program = struct.pack("@HP", len(text) // 8, ctypes.addressof(held))
    libc = ctypes.CDLL(None)
    number = ctypes.c_long
    if libc.prctl(NO_NEW_PRIVILEGES, *map(ctypes.c_ulong, (1, 0, 0, 0))):
        return False
    return bool(libc.syscall(number(seccomp), number(FILTER), number(ALL_THREADS), program) == 0)


def received(given: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message; None at the end."""
    length = given.read(4)
    if len(length) < 4:
        return None
    told: dict[str, Any] = json.loads(given.read(int.from_bytes(length, "big")))
    signal.setitimer(signal.ITIMER_REAL, told["within_s"])
    return told, given.read(told["bytes"])


def send(to: BinaryIO, told: dict[str, Any], content: bytes = b"") -> None:
    head = json.dumps(told | {"bytes": len(content)}).encode()
    to.write(len(head).to_bytes(4, "big") + head + content)
    to.flush()
    signal.setitimer(signal.ITIMER_REAL, 0)


def shape_of(tensor: dict[str, Any], shape: Any) -> dict[str, Any]:
    """What is told of an input or an output; ``scale`` and ``zero`` are of quantised numbers."""
    quantised = tensor["quantization_parameters"]
    return {
        "name": tensor["name"],
        "shape": shape.tolist(),
        "dtype": np.dtype(tensor["dtype"]).name,
        "scales": quantised["scales"].tolist(),
        "zeros": quantised["zero_points"].tolist(),
    }


class Runner:
    def __init__(self, content: bytes) -> None:
        self._model = Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._open_to_one()
        self._model.allocate_tensors()
        self.inputs = self._model.get_input_details()
        self.outputs = self._model.get_output_details()

    def _open_to_one(self) -> None:
        """An open batch is 1, whatever the file was written with."""
        for given in self._model.get_input_details():
            signature, shape = given["shape_signature"], given["shape"]
            if len(signature) and signature[0] == -1 and shape[0] != 1:
                self._model.resize_tensor_input(given["index"], [1, *shape[1:].tolist()])

    def facts(self) -> dict[str, Any]:
        """What is taken and given, and what a run shows: by it outputs have their shapes."""
        shapes = [
            each["shape_signature"] if len(each["shape_signature"]) else each["shape"]
            for each in self.inputs
        ]
        tried = self.tried() if len(self.inputs) == 1 else {}
        self.outputs = self._model.get_output_details()
        return tried | {
            "inputs": [shape_of(*each) for each in zip(self.inputs, shapes, strict=True)],
            "outputs": [shape_of(each, each["shape"]) for each in self.outputs],
        }

    def run(self, window: Any) -> list[Any]:
        """All outputs for one window, as float32; nothing is kept from one run to the next."""
        given = self.inputs[0]
        self._model.reset_all_variables()
        self._model.set_tensor(given["index"], quantised(given, window.reshape(given["shape"])))
        self._model.invoke()
        return [plain(each, self._model.get_tensor(each["index"])) for each in self.outputs]

    def tried(self) -> dict[str, Any]:
        """What a run of a made-up window shows."""
        size = int(np.prod(self.inputs[0]["shape"]))
        window = np.sin(np.arange(size, dtype=np.float32))
        first = self.run(window)
        began = monotonic()
        again = self.run(window)
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again, strict=True))
        return {"same": same, "run_s": monotonic() - began}


def quantised(tensor: dict[str, Any], values: Any) -> Any:
    """Values as a tensor holds them."""
    if np.issubdtype(tensor["dtype"], np.floating):
        return values.astype(tensor["dtype"])
    scale, zero = tensor["quantization"]
    bounds = np.iinfo(tensor["dtype"])
    whole = np.clip(np.rint(values / scale) + zero, bounds.min, bounds.max)
    return whole.astype(tensor["dtype"])


def plain(tensor: dict[str, Any], held: Any) -> Any:
    """What a tensor's values stand for, in one row."""
    scale, zero = tensor["quantization"]
    values = held.astype(np.float32).ravel()
    return values if not scale else ((values - zero) * scale).astype(np.float32)


def serve(runner: Runner, given: BinaryIO, to: BinaryIO) -> None:
    while (message := received(given)) is not None:
        told, content = message
        windows = np.frombuffer(content, np.float32).reshape(told["count"], -1)
        until, rows = monotonic() + told["budget_s"], []
        for window in windows:
            rows.append(np.concatenate(runner.run(window)).tobytes())
            if monotonic() > until:
                break
        send(to, {"count": len(rows)}, b"".join(rows))


def main(given: BinaryIO, to: BinaryIO) -> int:
    first = received(given)
    if first is None:
        return 1
    told, content = first
    bounded(told["cpu_s"], told["memory_bytes"])
    kept_in = confined()
    try:
        runner = Runner(content)
        facts = runner.facts() | {"confined": kept_in}
    except (ValueError, RuntimeError, TypeError, MemoryError, OverflowError) as exc:
        send(to, {"error": f"{type(exc).__name__}: {exc}"[:ERROR_CHARS_MAX]})
        return 0
    send(to, facts)
    serve(runner, given, to)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout.buffer))
