"""Scalers and files for the tests of AI devices."""

from __future__ import annotations

import pickle
from io import BytesIO
from typing import Any

import joblib
import numpy as np
from sklearn.preprocessing import StandardScaler


def scaler(mean: float = 0.0, scale: float = 1.0, features: int = 1) -> StandardScaler:
    """A fitted scaler of this mean and scale."""
    rows = np.array([[mean - scale], [mean + scale]]).repeat(features, axis=1)
    return StandardScaler().fit(rows)


def pickled(thing: Any, protocol: int = 4) -> bytes:
    return pickle.dumps(thing, protocol=protocol)


def joblibbed(thing: Any, **options: Any) -> bytes:
    """A file of joblib; ``compress`` and ``protocol`` as there."""
    file = BytesIO()
    joblib.dump(thing, file, **options)
    return file.getvalue()
