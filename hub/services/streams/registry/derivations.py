"""What a stream may be derived from, and how: the operators and their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.errors import (
    IncompatibleGranularities,
    IncompatibleTypes,
    InvalidOperatorArguments,
    UnsupportedDeriveOperator,
)
from hub.series.levels import LEVELS
from hub.series.names import ValueType
from hub.values import Document, Source, Stream

RANKS = {level.name: level.rank for level in LEVELS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The type of the derived stream, those of its sources in order, and what it may be told.

    One type in ``sources`` with ``many`` stands for any number of them. ``names`` are those
    that the first sources must have.
    """

    result: ValueType
    sources: tuple[ValueType, ...]
    many: bool = False
    names: tuple[str, ...] = ()
    arguments: frozenset[str] = frozenset()

    def type_of(self, index: int) -> ValueType:
        return self.sources[0] if self.many else self.sources[index]


OPERATORS = {
    "sum": Operator(result="numeric", sources=("numeric",), many=True),
    "derivative": Operator(result="numeric", sources=("numeric",)),
    "counter_reset": Operator(result="nominal", sources=("numeric",)),
    "counter_derivative": Operator(
        result="numeric",
        sources=("nominal", "numeric"),
        names=("reset",),
        arguments=frozenset({"max_value"}),
    ),
}


def check_operator(
    op: str, value_type: ValueType, names: Sequence[str | None], args: Document
) -> None:
    """Check what can be told without looking at the sources.

    Args:
        value_type: of the derived stream.
        names: of the sources, in order.
        args: known names only, with numbers.

    Raises:
        UnsupportedDeriveOperator, InvalidOperatorArguments.
    """
    operator = OPERATORS.get(op)
    if operator is None or operator.result != value_type:
        allowed = [name for name, known in OPERATORS.items() if known.result == value_type]
        raise UnsupportedDeriveOperator(
            f"{op} does not derive a {value_type} stream", path="$.derive_op", allowed=allowed
        )
    if not operator.many and len(names) != len(operator.sources):
        raise InvalidOperatorArguments(
            f"{op} takes {len(operator.sources)} source(s)", path="$.derive_from"
        )
    for index, name in enumerate(operator.names):
        if names[index] != name:
            raise InvalidOperatorArguments(
                f"this source of {op} is named {name}", path=f"$.derive_from[{index}].name"
            )
    for name, value in args.items():
        if name not in operator.arguments:
            raise InvalidOperatorArguments(f"{op} takes no {name}", path=f"$.derive_args.{name}")
        if value <= 0:
            raise InvalidOperatorArguments(
                f"{name} is greater than 0", path=f"$.derive_args.{name}"
            )


def check_sources(op: str, highest: str, inputs: Sequence[tuple[Source, Stream]]) -> None:
    """Check the sources of a known operator.

    Args:
        highest: the derived stream's highest granularity.
        inputs: each source with the stream that it names, in order.

    Raises:
        IncompatibleTypes, IncompatibleGranularities.
    """
    for index, (source, stream) in enumerate(inputs):
        path, wanted = f"$.derive_from[{index}]", OPERATORS[op].type_of(index)
        if stream.value_type != wanted:
            raise IncompatibleTypes(
                f"this source of {op} is {wanted}, and the stream is {stream.value_type}",
                path=f"{path}.stream",
                stream=stream.uuid,
            )
        if RANKS[source.granularity] < RANKS[stream.highest]:
            raise IncompatibleGranularities(
                f"the source is not kept finer than {stream.highest}", path=f"{path}.granularity"
            )
        if RANKS[highest] < RANKS[source.granularity]:
            raise IncompatibleGranularities(
                f"the derived stream would be finer than its source in {source.granularity}",
                path="$.highest_granularity",
            )
