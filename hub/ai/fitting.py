"""A small model of what is normal, fitted to values: for whoever has no other at hand.

It is a linear autoencoder: windows are written as a few patterns, the principal components of
those that it was fitted to, and read back. What the patterns cannot make scores high.
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
FEWEST: Final = 2
"""Windows to fit to, for each value of one."""


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
    matrix = _projection(scaled - centre)
    bias = centre - matrix @ centre
    errors = ((scaled - (scaled @ matrix.T + bias)) ** 2).mean(axis=1)
    threshold = max(MARGIN * float(np.quantile(errors, QUANTILE)), 1e-6)
    return Fitted(_model(matrix, bias), _scaler(mean, spread), threshold)


def _projection(windows: FloatArray) -> FloatArray:
    """What keeps the strongest patterns of windows, and leaves out one at least."""
    _, strengths, patterns = np.linalg.svd(windows, full_matrices=False)
    parts = np.cumsum(strengths**2) / np.sum(strengths**2)
    count = min(int(np.searchsorted(parts, KEPT)) + 1, len(patterns) - 1)
    chosen = patterns[:count]
    found: FloatArray = chosen.T @ chosen
    return found


def _model(matrix: FloatArray, bias: FloatArray) -> bytes:
    """One operator, fully connected, as TensorFlow Lite writes it."""
    size = len(bias)
    model, graph, operator = schema.ModelT(), schema.SubGraphT(), schema.OperatorT()
    held = [None, matrix.astype(np.float32), bias.astype(np.float32), None]
    shapes = [(1, size), (size, size), (size,), (1, size)]
    names = ["input", "weights", "bias", "output"]
    graph.tensors = [
        _tensor(name, shape, at + 1)
        for at, (name, shape) in enumerate(zip(names, shapes, strict=True))
    ]
    operator.inputs, operator.outputs = [0, 1, 2], [3]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()
    graph.operators, graph.inputs, graph.outputs = [operator], [0], [3]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = 1
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT(), *(_buffer(each) for each in held)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _tensor(name: str, shape: tuple[int, ...], buffer: int) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name.encode(), list(shape), buffer
    tensor.type = schema.TensorType.FLOAT32
    return tensor


def _buffer(values: Any) -> Any:
    buffer = schema.BufferT()
    if values is not None:
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
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
