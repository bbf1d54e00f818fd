"""A small model of what is normal, fitted to values: for whoever has no other at hand.

It is an autoencoder: windows are written as a few patterns, the principal components of those that
it was fitted to, each no stronger than it was there, and read back. What that cannot make scores
high.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any, Final

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as schema  # type: ignore[import-untyped]

from hub.ai.numbers import FloatArray

KEPT: Final = 0.95
"""The part of the variance that the patterns keep, at least."""
QUANTILE: Final = 0.99
MARGIN: Final = 2.0
"""The threshold is so many times what this part of the windows stays below."""
THRESHOLD_LEAST: Final = 1e-6
ROOM: Final = 1.25
"""A pattern may be so many times as strong as it ever was."""
FEW: Final = 4
"""There is at most one pattern for so many values of a window."""
FEWEST: Final = 2
"""Windows to fit to, for each value of one."""


OPERATORS: Final = (
    schema.BuiltinOperator.FULLY_CONNECTED,
    schema.BuiltinOperator.MINIMUM,
    schema.BuiltinOperator.MAXIMUM,
    schema.BuiltinOperator.FULLY_CONNECTED,
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The two files, and from which score on a window is unlike those that it was fitted to."""

    model: bytes
    scaler: bytes
    threshold: float


def fitted(windows: FloatArray) -> Fitted:
    """A model of windows, a row each.

    Raises:
        ValueError: there are too few of them, or all values are the same.
    """
    count, size = windows.shape
    if count < FEWEST * size:
        raise ValueError(f"{FEWEST * size} windows are needed, and there are {count}")
    mean, spread = float(windows.mean()), float(windows.std())
    if not spread > 0:
        raise ValueError("all values are the same")
    scaled = (windows - mean) / spread
    centre = scaled.mean(axis=0)
    patterns = _patterns(scaled - centre)
    parts = (scaled - centre) @ patterns.T
    most = ROOM * np.abs(parts).max(axis=0)
    errors = ((scaled - centre - parts @ patterns) ** 2).mean(axis=1)
    threshold = max(MARGIN * float(np.quantile(errors, QUANTILE)), THRESHOLD_LEAST)
    return Fitted(_model(patterns, centre, most), _scaler(mean, spread), threshold)


def _patterns(windows: FloatArray) -> FloatArray:
    """The strongest patterns of windows, a row each: one at least, and few."""
    _, strengths, patterns = np.linalg.svd(windows, full_matrices=False)
    parts = np.cumsum(strengths**2) / np.sum(strengths**2)
    count = min(int(np.searchsorted(parts, KEPT)) + 1, len(patterns) // FEW)
    found: FloatArray = patterns[: max(1, count)]
    return found


def _model(patterns: FloatArray, centre: FloatArray, most: FloatArray) -> bytes:
    """How much of each pattern there is, within bounds, and what that makes together."""
    size, count = len(centre), len(patterns)
    graph = schema.SubGraphT()
    held = {
        "patterns": patterns,
        "less": -patterns @ centre,
        "most": most[None],
        "least": -most[None],
        "back": patterns.T,
        "centre": centre,
    }
    shapes = {"input": (1, size), **{name: each.shape for name, each in held.items()}}
    shapes |= {"parts": (1, count), "upper": (1, count), "inner": (1, count), "output": (1, size)}
    names = list(shapes)
    graph.tensors = [_tensor(name, shapes[name], at + 1) for at, name in enumerate(names)]
    graph.operators = [
        _operator(code, [names.index(each) for each in taken], names.index(made))
        for code, (taken, made) in enumerate(
            (
                (("input", "patterns", "less"), "parts"),
                (("parts", "most"), "upper"),
                (("upper", "least"), "inner"),
                (("inner", "back", "centre"), "output"),
            )
        )
    ]
    graph.inputs, graph.outputs = [names.index("input")], [names.index("output")]
    model = schema.ModelT()
    model.version, model.subgraphs = 3, [graph]
    model.operatorCodes = [_code(each) for each in OPERATORS]
    model.buffers = [schema.BufferT(), *(_buffer(held.get(name)) for name in names)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _code(number: int) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = number
    code.version = 1
    return code


def _operator(code: int, given: list[int], made: int) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, given, [made]
    if OPERATORS[code] == schema.BuiltinOperator.FULLY_CONNECTED:
        operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        operator.builtinOptions = schema.FullyConnectedOptionsT()
    else:
        operator.builtinOptionsType = schema.BuiltinOptions.MaximumMinimumOptions
        operator.builtinOptions = schema.MaximumMinimumOptionsT()
    return operator


def _tensor(name: str, shape: tuple[int, ...], buffer: int) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name.encode(), list(shape), buffer
    tensor.type = schema.TensorType.FLOAT32
    return tensor


def _buffer(values: Any) -> Any:
    buffer = schema.BufferT()
    if values is not None:
        content = np.ascontiguousarray(values, np.float32).tobytes()
        buffer.data = np.frombuffer(content, np.uint8)
    return buffer


def _scaler(mean: float, spread: float) -> bytes:
    """A pickle of scikit-learn's ``StandardScaler``, written without it."""
    state = {
        "with_mean": True,
        "with_std": True,
        "copy": True,
        "n_features_in_": 1,
        "n_samples_seen_": 1,
        "mean_": np.array([mean]),
        "var_": np.array([spread**2]),
        "scale_": np.array([spread]),
    }
    pairs = b"".join(_piece(name) + _piece(value) for name, value in state.items())
    made = b"csklearn.preprocessing._data\nStandardScaler\n)\x81}("
    return b"\x80\x02" + made + pairs + b"ub."


def _piece(value: Any) -> bytes:
    """A value as it stands within a pickle; what it remembers is forgotten by the next one."""
    return pickle.dumps(value, 2)[2:-1]
