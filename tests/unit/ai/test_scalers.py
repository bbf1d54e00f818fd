"""Scalers as scikit-learn makes them, and pickle and joblib write them: the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

from hub.ai.refusal import Unfit
from hub.ai.scalers import FILE_BYTES_MAX, Scaler, scaler_of
from tests.ai import joblibbed, pickled

ROWS = np.array([[1.0, -40.0], [2.5, 10.0], [4.0, 300.0], [9.0, 7.0]])
FRESH = np.array([[0.0, 0.0], [100.0, -1e6], [2.5, 10.0], [-3.0, 0.125]])

MADE: dict[str, BaseEstimator] = {
    "standard": StandardScaler(),
    "standard, mean only": StandardScaler(with_std=False),
    "standard, scale only": StandardScaler(with_mean=False),
    "min and max": MinMaxScaler(),
    "min and max, own range": MinMaxScaler(feature_range=(-2, 3.5)),
    "min and max, clipped": MinMaxScaler(clip=True),
    "robust": RobustScaler(),
    "robust, unit variance": RobustScaler(unit_variance=True, quantile_range=(10.0, 90.0)),
    "robust, scale only": RobustScaler(with_centering=False),
    "greatest": MaxAbsScaler(),
    "greatest, clipped": MaxAbsScaler(clip=True),
}
WRITTEN: dict[str, Callable[[Any], bytes]] = {
    **{f"pickle {p}": lambda thing, p=p: pickled(thing, p) for p in (2, 3, 4, 5)},
    **{f"joblib {p}": lambda thing, p=p: joblibbed(thing, protocol=p) for p in (2, 3, 4, 5)},
    **{
        f"joblib {kind}": lambda thing, kind=kind: joblibbed(thing, compress=(kind, 3))
        for kind in ("zlib", "gzip", "bz2", "lzma", "xz")
    },
}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_a_scaler_does_what_it_does_in_its_library(made: BaseEstimator):
    fitted = made.fit(ROWS)
    found = scaler_of(pickled(fitted))
    assert (found.kind, found.features) == (type(fitted).__name__, 2)
    assert (found.apply(FRESH) == fitted.transform(FRESH)).all()


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("made", [MADE["standard"], MADE["min and max, clipped"]], ids=type)
def test_it_does_not_matter_how_it_was_written(
    made: BaseEstimator, written: Callable[[Any], bytes]
):
    fitted = made.fit(ROWS)
    assert scaler_of(written(fitted)) == scaler_of(pickled(fitted))


OLD_NAMES = [
    (b"numpy._core.multiarray", b"numpy.core.multiarray"),
    (b"sklearn.preprocessing._data", b"sklearn.preprocessing.data"),
]


@pytest.mark.parametrize(("new", "old"), OLD_NAMES)
def test_older_versions_had_other_names(new: bytes, old: bytes):
    fitted = StandardScaler().fit(ROWS)
    content = pickled(fitted, 2)
    assert new in content
    assert scaler_of(content.replace(new, old)) == scaler_of(content)


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_numbers_may_be_narrower(kind: str):
    fitted = StandardScaler().fit(ROWS.astype(kind))
    assert scaler_of(pickled(fitted)).offset == pytest.approx([4.125, 69.25])


def test_bytes_may_stand_the_other_way_round():
    fitted = StandardScaler().fit(ROWS)
    fitted.mean_ = fitted.mean_.astype(">f8")
    assert scaler_of(joblibbed(fitted)).offset == (4.125, 69.25)
    assert scaler_of(pickled(fitted)).offset == (4.125, 69.25)


@pytest.mark.parametrize("write", [pickled, joblibbed])
def test_names_of_columns_are_passed_over(write: Callable[[Any], bytes]):
    fitted = StandardScaler().fit(ROWS)
    fitted.feature_names_in_ = np.array(["rpm", "current"], dtype=object)
    assert scaler_of(write(fitted)).features == 2


def test_one_without_offset_and_scale_leaves_values_alone():
    fitted = StandardScaler(with_mean=False, with_std=False).fit(ROWS)
    assert scaler_of(pickled(fitted)) == Scaler(kind="StandardScaler", features=2)
    assert (scaler_of(pickled(fitted)).apply(FRESH) == FRESH).all()


def spoilt(**changes: Any) -> StandardScaler:
    fitted = StandardScaler().fit(ROWS)
    for name, value in changes.items():
        setattr(fitted, name, value)
    return fitted


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (StandardScaler(), "fitted"),
        (MinMaxScaler(), "fitted"),
        ({"mean_": [1.0]}, "holds no scaler"),
        (Normalizer().fit(ROWS), "sklearn.preprocessing._data.Normalizer"),
        (make_pipeline(StandardScaler()).fit(ROWS), "sklearn.pipeline.Pipeline"),
        (spoilt(mean_=np.array([np.nan, 1.0])), "not finite"),
        (spoilt(scale_=np.array([0.0, 1.0])), "scale of 0"),
        (spoilt(mean_=np.array([1.0])), "how many features"),
        (spoilt(n_features_in_=3), "how many features"),
        (spoilt(with_mean="no"), "with_mean"),
        (spoilt(mean_=[1.0, 2.0]), "mean_"),
        (spoilt(mean_=np.array(["a", "b"])), "no numbers"),
        (spoilt(mean_=np.array([1j, 2j])), "no numbers"),
        (spoilt(mean_=np.zeros((1, 1, 2))), "strange shape"),
        (spoilt(mean_=np.zeros(110_000, "f4")), "too large"),
        (MinMaxScaler(clip=True, feature_range=(0, 1)).fit(ROWS).set_params(feature_range=(0,)),
         "feature_range"),
        (MinMaxScaler(clip=True).fit(ROWS).set_params(feature_range=(0, 10**400)), "feature_range"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_good_scaler_is_refused_with_a_reason(thing: Any, reason: str):
    with pytest.raises(Unfit, match=reason):
        scaler_of(pickled(thing))


def test_large_files_are_refused_unread():
    with pytest.raises(Unfit, match="is over 1048576 bytes"):
        scaler_of(bytes(FILE_BYTES_MAX + 1))
