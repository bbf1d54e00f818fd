"""The program that runs one model, started by its path in a process with nothing to lose.

It imports nothing of the hub, gets no environment, and can open no file and no connection once it
has seen the model. What it reads and writes are messages: four bytes of length (big-endian), JSON
of that length, then as many bytes as its ``bytes`` says.

The first message holds the model (``cpu_s``, ``memory_bytes``). The answer tells its ``inputs`` and
``outputs``, whether the same input gave the ``same`` outputs twice, and how long a run took
(``run_s``); or the ``error`` of the runtime. Every further message holds windows (float32, one
after another; ``count``, ``budget_s``). The answer holds all outputs of the first ``count`` of
them, which may be fewer, but one at least: after ``budget_s`` no further one is begun.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from time import monotonic
from typing import Any, BinaryIO

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType  # type: ignore[import-untyped]

STREAMS = 3
"""The files that stay open: input, output and errors. There is no room for another one."""
ERROR_CHARS_MAX = 2_000


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


def received(given: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message; None at the end."""
    length = given.read(4)
    if len(length) < 4:
        return None
    told: dict[str, Any] = json.loads(given.read(int.from_bytes(length, "big")))
    return told, given.read(told["bytes"])


def send(to: BinaryIO, told: dict[str, Any], content: bytes = b"") -> None:
    head = json.dumps(told | {"bytes": len(content)}).encode()
    to.write(len(head).to_bytes(4, "big") + head + content)
    to.flush()


def shape_of(tensor: dict[str, Any]) -> dict[str, Any]:
    """What is told of an input or an output; ``scale`` and ``zero`` are of quantised numbers."""
    quantised = tensor["quantization_parameters"]
    return {
        "name": tensor["name"],
        "shape": tensor["shape_signature"].tolist() or tensor["shape"].tolist(),
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
        self._model.allocate_tensors()
        self.inputs = self._model.get_input_details()
        self.outputs = self._model.get_output_details()

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
    try:
        runner = Runner(content)
        facts = {
            "inputs": [shape_of(each) for each in runner.inputs],
            "outputs": [shape_of(each) for each in runner.outputs],
        }
        if len(runner.inputs) == 1:
            facts |= runner.tried()
    except (ValueError, RuntimeError, TypeError, MemoryError, OverflowError) as exc:
        send(to, {"error": f"{type(exc).__name__}: {exc}"[:ERROR_CHARS_MAX]})
        return 0
    send(to, facts)
    serve(runner, given, to)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout.buffer))
