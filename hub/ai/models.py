"""What a model takes and gives, judged by what its runtime told of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from hub.ai.refusal import Unfit, shown

FILE_BYTES_MAX: Final = 20 * 1024 * 1024
IDENTIFIER: Final = slice(4, 8)
WINDOW_MAX: Final = 10_000
"""Values of one window, all features together."""
OUTPUTS_MAX: Final = 16
RUN_MAX_S: Final = 2.0
SPREAD: Final = re.compile(r"log_?var|log_?sigma2|variance", re.IGNORECASE)
"""What an output with the logarithm of the variance is called."""
QUANTISED: Final = ("int8", "uint8", "int16")
FLOATS: Final = ("float32", "float16")

ModelType = Literal["cnn_ae", "lstm_ae", "sisvae"]
MODEL_TYPES: Final = get_args(ModelType)

FLEX: Final = (
    "needs TensorFlow's own operators ({}), which are not part of the runtime; convert it with a "
    "fixed batch size and with built-in operators only"
)
CUSTOM: Final = "needs the custom operator {}, which is not part of the runtime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """``part`` is what it is used for: ``mean``, ``log_variance``, or None for nothing."""

    name: str
    shape: tuple[int, ...]
    part: Literal["mean", "log_variance"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a model takes and gives.

    ``dtype`` is that of its input. ``steady``: the same input gives the same outputs. ``run_s`` is
    how long one window took.
    """

    window: int
    features: int
    outputs: tuple[Output, ...]
    dtype: str
    steady: bool
    run_s: float

    @property
    def size(self) -> int:
        return self.window * self.features

    def place(self, part: str) -> slice | None:
        """Where an output that is used for something stands in a row of all of them."""
        start = 0
        for output in self.outputs:
            size = _size(output.shape)
            if output.part == part:
                return slice(start, start + size)
            start += size
        return None

    @property
    def row(self) -> int:
        """How many numbers all outputs are together."""
        return sum(_size(output.shape) for output in self.outputs)


def looked_at(content: bytes) -> None:
    """Whether a file can be a model at all. Raises Unfit."""
    if len(content) > FILE_BYTES_MAX:
        raise Unfit(f"is over {FILE_BYTES_MAX} bytes")
    if content[IDENTIFIER] != b"TFL3":
        raise Unfit("is no TensorFlow Lite model: it lacks the identifier TFL3")


def shape_of(told: dict[str, Any], kind: ModelType) -> Shape:
    """What the runtime told, judged.

    Raises:
        Unfit: the runtime cannot run it, or it does not fit what is wanted of its kind.
    """
    if "error" in told:
        raise Unfit(reason(str(told["error"])))
    if len(told["inputs"]) != 1:
        raise Unfit(f"has {len(told['inputs'])} inputs; one is taken")
    (given,) = told["inputs"]
    window, features = _window(given)
    if not told["run_s"] <= RUN_MAX_S:
        raise Unfit(f"takes {told['run_s']:.1f} s for one window; {RUN_MAX_S:g} s are the most")
    return Shape(
        window=window,
        features=features,
        outputs=_outputs(told["outputs"], window * features, kind),
        dtype=given["dtype"],
        steady=bool(told["same"]),
        run_s=float(told["run_s"]),
    )


def reason(error: str) -> str:
    """The runtime's words, in ours."""
    names = sorted(set(re.findall(r"\bFlex\w+", error)))
    if names or "Select TensorFlow op" in error:
        return FLEX.format(", ".join(names) or "Flex")
    if found := re.search(r"unresolved custom op: (\w+)", error):
        return CUSTOM.format(shown(found[1]))
    if "MemoryError" in error or "bad_alloc" in error:
        return "needs more memory than a model may have"
    return f"cannot be run: {shown(' '.join(error.split()))}"


def _window(given: dict[str, Any]) -> tuple[int, int]:
    """Window and features of an input."""
    _check_type(given, "input")
    batch, *rest = given["shape"] or [0]
    if len(rest) not in (1, 2) or batch not in (1, -1):
        raise Unfit(
            f"takes an input of shape {given['shape']}; "
            "[1, window, features] and [1, window] are taken"
        )
    if min(rest) < 1:
        raise Unfit(f"takes an input of shape {given['shape']}; the window must be fixed")
    window, features = rest[0], rest[1] if len(rest) == 2 else 1
    if window * features > WINDOW_MAX:
        raise Unfit(f"takes a window of more than {WINDOW_MAX} values")
    return window, features


def _check_type(tensor: dict[str, Any], what: str) -> None:
    if tensor["dtype"] not in (*FLOATS, *QUANTISED):
        raise Unfit(f"has an {what} of type {shown(str(tensor['dtype']))}, which is not taken")
    scales = tensor["scales"]
    if tensor["dtype"] in QUANTISED and (len(scales) != 1 or not scales[0] > 0):
        raise Unfit(f"has a quantised {what} without one scale")


def _outputs(told: list[dict[str, Any]], size: int, kind: ModelType) -> tuple[Output, ...]:
    if not 1 <= len(told) <= OUTPUTS_MAX:
        raise Unfit(f"has {len(told)} outputs; 1 to {OUTPUTS_MAX} are taken")
    for each in told:
        _check_type(each, "output")
    shapes = [tuple(each["shape"]) for each in told]
    fitting = [at for at, shape in enumerate(shapes) if _size(shape) == size]
    if not fitting or any(_size(shape) > 4 * WINDOW_MAX for shape in shapes):
        raise Unfit(f"gives no output of {size} values, as many as it takes")
    parts = _parts(told, fitting, kind)
    return tuple(
        Output(name=shown(str(one["name"])), shape=shape, part=parts.get(at))
        for at, (one, shape) in enumerate(zip(told, shapes, strict=True))
    )


def _parts(
    told: list[dict[str, Any]], fitting: list[int], kind: ModelType
) -> dict[int, Literal["mean", "log_variance"]]:
    """Which output is used for what: by their names, else by their order."""
    if kind != "sisvae" or len(fitting) == 1:
        return {fitting[0]: "mean"}
    named = [at for at in fitting if SPREAD.search(str(told[at]["name"]))]
    spread = named[0] if len(named) == 1 else fitting[1]
    mean = next(at for at in fitting if at != spread)
    return {mean: "mean", spread: "log_variance"}


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for each in shape:
        size *= each
    return size
