"""Models that are fitted: what they were fitted to scores low, other things do not."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

from hub.ai.fitting import fitted
from hub.ai.scalers import scaler_of

RNG = np.random.default_rng(11)
WAVE = 50 + 10 * np.sin(np.arange(2000) / 5) + RNG.normal(size=2000) * 0.1
WINDOWS = np.lib.stride_tricks.sliding_window_view(WAVE, 16)


def test_its_scaler_is_one_for_everybody():
    file = fitted(WINDOWS).scaler
    with pytest.warns(InconsistentVersionWarning, match="StandardScaler"):
        other = pickle.loads(file)
    found = scaler_of(file)
    values = np.array([[40.0], [50.0], [61.5]])
    assert (found.apply(values) == other.transform(values)).all()
    assert found.apply(values)[1, 0] == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("windows", [WINDOWS[:31], np.full((100, 16), 3.0)])
def test_too_little_makes_no_model(windows: np.ndarray):
    with pytest.raises(ValueError, match=r"windows are needed|the same"):
        fitted(windows)
