"""Scalers: read from a file without running it, kept as numbers, applied by NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from hub.ai.arrays import Array
from hub.ai.inflating import inflated
from hub.ai.numbers import FloatArray
from hub.ai.pickles import SCALERS, Thing, read
from hub.ai.refusal import Unfit

FILE_BYTES_MAX: Final = 1024 * 1024
INFLATED_BYTES_MAX: Final = 4 * 1024 * 1024
FEATURES_MAX: Final = 4096
BOUND_MAX: Final = 1e300

Kind = Literal["StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler"]
OFFSETS: Final = {"StandardScaler": "mean_", "MinMaxScaler": "min_", "RobustScaler": "center_"}
"""What is taken away; of ``MinMaxScaler``, what is added."""
SWITCHES: Final = {
    "StandardScaler": ("with_mean", "with_std"),
    "RobustScaler": ("with_centering", "with_scaling"),
}
FITTED: Final = "has not been fitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaler:
    """What a scaler does to each of its features.

    ``MinMaxScaler`` multiplies by ``scale`` and adds ``offset``; the others take ``offset`` away
    and divide by ``scale``. None of either means that this is not done. ``clip`` are the bounds of
    what comes out.
    """

    kind: Kind
    features: int
    offset: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    clip: tuple[float, float] | None = None

    def apply(self, values: FloatArray) -> FloatArray:
        """Values whose last axis is that of the features, scaled."""
        offset = 0.0 if self.offset is None else np.array(self.offset)
        scale = 1.0 if self.scale is None else np.array(self.scale)
        if self.kind == "MinMaxScaler":
            scaled: FloatArray = values * scale + offset
        else:
            scaled = (values - offset) / scale
        return scaled if self.clip is None else np.clip(scaled, *self.clip)


def scaler_of(content: bytes) -> Scaler:
    """The scaler in a file that pickle or joblib wrote.

    Raises:
        Unfit: it is none of the four kinds, not fitted, or not to be trusted; the message is
            the end of a sentence that begins with the file.
    """
    if len(content) > FILE_BYTES_MAX:
        raise Unfit(f"is over {FILE_BYTES_MAX} bytes")
    found = read(inflated(content, INFLATED_BYTES_MAX))
    if type(found) is not Thing or found.kind not in SCALERS:
        raise Unfit(f"holds no scaler; these are taken: {', '.join(SCALERS)}")
    kind: Any = found.kind
    return _scaler(kind, found.state)


def _scaler(kind: Kind, state: dict[str, Any]) -> Scaler:
    centred, scaled = (_flag(state, name) for name in SWITCHES.get(kind, ("", "")))
    offset = _numbers(state, OFFSETS[kind]) if centred and kind in OFFSETS else None
    scale = _numbers(state, "scale_") if scaled else None
    if scale is not None and 0.0 in scale and kind != "MinMaxScaler":
        raise Unfit("has a scale of 0")
    features = _features(state, [each for each in (offset, scale) if each is not None])
    return Scaler(kind=kind, features=features, offset=offset, scale=scale, clip=_clip(kind, state))


def _features(state: dict[str, Any], known: list[tuple[float, ...]]) -> int:
    """How many features there are, all of what is known agreeing."""
    told = state.get("n_features_in_")
    counts = {len(each) for each in known} | ({told} if type(told) is int else set())
    if not counts:
        raise Unfit(FITTED)
    if len(counts) > 1 or not 1 <= min(counts) <= FEATURES_MAX:
        raise Unfit("contradicts itself on how many features it has")
    return counts.pop()


def _flag(state: dict[str, Any], name: str) -> bool:
    value = state.get(name, True)
    if type(value) is not bool:
        raise Unfit(f"has no true or false in {name}")
    return value


def _numbers(state: dict[str, Any], name: str) -> tuple[float, ...]:
    if name not in state:
        raise Unfit(FITTED)
    found = state[name]
    if type(found) is not Array or found.values is None:
        raise Unfit(f"has no numbers in {name}")
    if not np.isfinite(found.values).all():
        raise Unfit(f"has numbers in {name} that are not finite")
    return tuple(found.values.tolist())


def _clip(kind: Kind, state: dict[str, Any]) -> tuple[float, float] | None:
    """Where what comes out is bounded: only of two kinds, and only if they say so."""
    clips = {"MinMaxScaler": state.get("feature_range", (0, 1)), "MaxAbsScaler": (-1, 1)}
    if kind not in clips or not state.get("clip"):
        return None
    bounds = clips[kind]
    whole = type(bounds) is tuple and len(bounds) == 2
    if not whole or any(type(each) not in (int, float) for each in bounds):
        raise Unfit("has no two numbers in feature_range")
    low, high = bounds
    if not -BOUND_MAX <= low <= high <= BOUND_MAX:
        raise Unfit("has no range in feature_range")
    return float(low), float(high)
