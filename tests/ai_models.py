"""Small models in the format of the runtime, written tensor by tensor, without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as fb

TYPES = {
    "float32": fb.TensorType.FLOAT32,
    "int32": fb.TensorType.INT32,
    "int8": fb.TensorType.INT8,
    "uint8": fb.TensorType.UINT8,
}
OPS = {name: code for name, code in vars(fb.BuiltinOperator).items() if name.isupper()}
OPTIONS = {name: code for name, code in vars(fb.BuiltinOptions).items() if name[0].isupper()}


class Model:
    """One graph; ``add`` and ``op`` give the numbers of tensors."""

    def __init__(self) -> None:
        self._tensors: list[Any] = []
        self._buffers: list[Any] = [fb.BufferT()]
        self._codes: list[Any] = []
        self._operators: list[Any] = []

    def add(
        self,
        shape: Sequence[int],
        values: Any = None,
        *,
        name: str = "t",
        kind: str = "float32",
        quantised: tuple[float, int] | None = None,
        variable: bool = False,
    ) -> int:
        """A tensor; -1 in a shape is what is not fixed. ``values`` make it a constant."""
        made = fb.TensorT()
        made.name = name.encode()
        made.shape = [max(1, each) for each in shape]
        made.shapeSignature = list(shape) if -1 in shape else None
        made.type = TYPES[kind]
        made.isVariable = variable
        made.buffer = len(self._buffers)
        held = fb.BufferT()
        if values is not None:
            held.data = list(np.ascontiguousarray(values, dtype=kind).tobytes())
        self._buffers.append(held)
        if quantised:
            made.quantization = fb.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [quantised[0]], [quantised[1]]
        self._tensors.append(made)
        return len(self._tensors) - 1

    def constant(self, values: Any, kind: str = "float32") -> int:
        held = np.asarray(values)
        return self.add(held.shape, held, kind=kind)

    def op(
        self,
        name: str,
        given: Sequence[int],
        made: Sequence[int],
        options: Any = None,
        *,
        custom: str | None = None,
    ) -> None:
        code = fb.OperatorCodeT()
        code.builtinCode = OPS[name]
        code.deprecatedBuiltinCode = min(OPS[name], 127)
        code.version = 1
        code.customCode = custom.encode() if custom else None
        self._codes.append(code)
        one = fb.OperatorT()
        one.opcodeIndex = len(self._codes) - 1
        one.inputs, one.outputs = list(given), list(made)
        if options is not None:
            one.builtinOptionsType = OPTIONS[type(options).__name__[:-1]]
            one.builtinOptions = options
        self._operators.append(one)

    def written(
        self, given: Sequence[int], made: Sequence[int], others: Sequence[Any] = ()
    ) -> bytes:
        """The file, with these inputs and outputs; ``others`` are graphs beside this one."""
        graph = fb.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = list(given), list(made)
        model = fb.ModelT()
        model.version = 3
        for other in others:
            for tensor in other.tensors:
                if tensor.buffer < 0:
                    tensor.buffer = len(self._buffers)
                    true = fb.BufferT()
                    true.data = [1]
                    self._buffers.append(true)
        model.operatorCodes, model.buffers = self._codes, self._buffers
        model.subgraphs = [graph, *others]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


def dense(
    matrix: Any,
    bias: Any = None,
    *,
    shape: Sequence[int] | None = None,
    outputs: int = 1,
    names: Sequence[str] = ("output", "output_1"),
) -> bytes:
    """Outputs that are each ``matrix @ input + bias``, where the second adds its number."""
    held = np.asarray(matrix, np.float32)
    wide, window = held.shape
    model = Model()
    given = model.add(shape or (1, window), name="input")
    made = []
    for number in range(outputs):
        added = (np.zeros(wide) if bias is None else np.asarray(bias)) + number
        made.append(model.add((1, wide), name=names[number]))
        inputs = [given, model.constant(held), model.constant(added)]
        model.op("FULLY_CONNECTED", inputs, [made[-1]], fb.FullyConnectedOptionsT())
    return model.written([given], made)


def convolving(kernel: Any, window: int, features: int = 1, *, batch: int = 1) -> bytes:
    """A convolution over time with zeros around, as ``cnn_ae`` has several."""
    held = np.asarray(kernel, np.float32)
    model = Model()
    given = model.add((batch, window, features), name="input")
    wide = model.add((1, 1, window, features))
    made = model.add((1, 1, window, features))
    out = model.add((batch, window, features), name="output")
    model.op("RESHAPE", [given, model.constant([1, 1, window, features], "int32")], [wide])
    options = fb.Conv2DOptionsT()
    options.padding = fb.Padding.SAME
    options.strideW = options.strideH = 1
    options.dilationWFactor = options.dilationHFactor = 1
    weights = model.constant(held.reshape(features, 1, -1, features))
    model.op("CONV_2D", [wide, weights, model.constant(np.zeros(features))], [made], options)
    model.op("RESHAPE", [made, model.constant([1, window, features], "int32")], [out])
    return model.written([given], [out])


GATES = ("input", "forget", "cell", "output")


def remembering(weights: dict[str, float], window: int) -> bytes:
    """An LSTM of one cell over time: weights ``w`` of the input, ``r`` of the state, ``b``."""
    model = Model()
    given = model.add((1, window, 1), name="input")

    def each(part: str, shape: tuple[int, ...]) -> list[int]:
        return [
            model.constant(np.full(shape, weights.get(f"{part}_{gate}", 0.0))) for gate in GATES
        ]

    inputs = [given, *each("w", (1, 1)), *each("r", (1, 1)), -1, -1, -1, *each("b", (1,)), -1, -1]
    states = [model.add((1, 1), variable=True), model.add((1, 1), variable=True)]
    out = model.add((1, window, 1), name="output")
    options = fb.UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = fb.ActivationFunctionType.TANH
    options.timeMajor = False
    model.op("UNIDIRECTIONAL_SEQUENCE_LSTM", [*inputs, *states, -1, -1, -1, -1], [out], options)
    return model.written([given], [out])


def whole_numbers(window: int, scale: float, zero: int) -> bytes:
    """A model whose input and output are quantised, and the same."""
    model = Model()
    how: dict[str, Any] = {"kind": "int8", "quantised": (scale, zero)}
    given = model.add((1, window), name="input", **how)
    out = model.add((1, window), name="output", **how)
    model.op("RESHAPE", [given, model.constant([1, window], "int32")], [out])
    return model.written([given], [out])


def custom(name: str, window: int = 4) -> bytes:
    """A model with an operator that the runtime does not know."""
    model = Model()
    given, out = model.add((1, window), name="input"), model.add((1, window), name="output")
    model.op("CUSTOM", [given], [out], custom=name)
    return model.written([given], [out])


def endless() -> bytes:
    """A model that never comes to an end: while true."""
    model = Model()
    given, out = model.add((1, 4), name="input"), model.add((1, 4), name="output")
    options = fb.WhileOptionsT()
    options.condSubgraphIndex, options.bodySubgraphIndex = 1, 2
    model.op("WHILE", [given], [out], options)
    return model.written([given], [out], others=[_always(), _unchanged()])


def _always() -> Any:
    held = fb.TensorT()
    held.name, held.shape, held.type, held.buffer = b"x", [1, 4], fb.TensorType.FLOAT32, 0
    true = fb.TensorT()
    true.name, true.shape, true.type, true.buffer = b"y", [1], fb.TensorType.BOOL, -1
    graph = fb.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [held, true], [], [0], [1]
    return graph


def _unchanged() -> Any:
    held = fb.TensorT()
    held.name, held.shape, held.type, held.buffer = b"x", [1, 4], fb.TensorType.FLOAT32, 0
    graph = fb.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [held], [], [0], [0]
    return graph


def enormous() -> bytes:
    """A small file with a tensor of gigabytes within."""
    model = Model()
    given = model.add((1, 4), name="input")
    wide, out = model.add((1,), name="wide"), model.add((1, 4), name="output")
    model.op("TILE", [given, model.constant([1, 2**28], "int32")], [wide])
    model.op("RESHAPE", [wide, model.constant([1, 4], "int32")], [out])
    return model.written([given], [out])
