"""Scores, gaps and edges, against what is written out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ai.models import Output, Shape
from hub.ai.scoring import again_normal, crossings, scores, whole, windows_of

ONE = Shape(
    window=2, features=1, dtype="float32", steady=True, run_s=0.0,
    outputs=(Output(name="a", shape=(1, 2), part="mean"),),
)  # fmt: skip
OTHERS_BEFORE = Shape(
    window=2, features=1, dtype="float32", steady=True, run_s=0.0,
    outputs=(
        Output(name="z", shape=(1, 3), part=None),
        Output(name="v", shape=(1, 2), part="log_variance"),
        Output(name="m", shape=(1, 2), part="mean"),
    ),
)  # fmt: skip


@pytest.mark.parametrize("kind", ["cnn_ae", "lstm_ae", "sisvae"])
def test_the_score_of_one_output_is_the_mean_squared_error(kind: Any):
    windows = np.array([[1.0, 2.0], [0.0, 0.0]])
    outputs = np.array([[1.0, 4.0], [3.0, 1.0]], np.float32)
    assert scores(kind, ONE, windows, outputs).tolist() == [2.0, 5.0]


def test_the_score_of_a_mean_and_a_variance_is_the_negative_log_likelihood():
    windows = np.array([[1.0, 2.0]])
    mean, spread = np.array([0.5, 2.5]), np.array([0.25, -1.0])
    outputs = np.concatenate([[9.0, 9.0, 9.0], spread, mean])[None].astype(np.float32)
    variance = np.exp(spread)
    density = np.exp(-((windows[0] - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    found = scores("sisvae", OTHERS_BEFORE, windows, outputs)
    assert found == pytest.approx(-np.log(density).sum(), rel=1e-6)


def test_the_second_output_counts_only_where_it_is_meant():
    windows = np.array([[1.0, 2.0]])
    outputs = np.array([[0, 0, 0, 5, 5, 1, 4]], np.float32)
    assert scores("cnn_ae", OTHERS_BEFORE, windows, outputs).tolist() == [2.0]


def test_a_variance_of_nothing_gives_no_number_and_no_warning():
    outputs = np.array([[0, 0, 0, -2000, -2000, 0, 0]], np.float32)
    found = scores("sisvae", OTHERS_BEFORE, np.ones((1, 2)), outputs)
    assert not np.isfinite(found).any()


def test_windows_are_all_there_are():
    assert windows_of(np.arange(4.0), 3).tolist() == [[0, 1, 2], [1, 2, 3]]
    assert windows_of(np.arange(2.0), 3).shape == (0, 3)


NAN = float("nan")


@pytest.mark.parametrize(
    ("seconds", "values", "window", "usual", "expected"),
    [
        ([0, 1, 2, 3], [1, 1, 1, 1], 3, None, [True, True]),
        ([0, 1, 2, 9], [1, 1, 1, 1], 3, None, [True, False]),
        ([0, 7, 8, 9], [1, 1, 1, 1], 3, None, [False, True]),
        ([0, 1, 4, 5], [1, 1, 1, 1], 3, None, [True, True]),
        ([0, 1, 4.001, 5], [1, 1, 1, 1], 3, None, [False, False]),
        ([0, 1, 2, 3], [1, NAN, 1, 1], 2, None, [False, False, True]),
        ([0, 1, 2, 3], [1, float("inf"), 1, 1], 2, None, [False, False, True]),
        ([0, 50], [1, 1], 2, None, [True]),
        ([0, 50], [1, 1], 2, 1000, [False]),
        ([0, 3], [1, 1], 2, 1000, [True]),
        ([0, 1, 2, 9], [1, 1, 1, 1], 3, 2500, [True, True]),
        ([0, 1, 2, 9], [1, 1, 1, 1], 3, 1000, [True, False]),
        ([0, 9, 18], [1, 1, 1], 3, 1000, [True]),
        ([0, 50], [1, NAN], 1, 1000, [True, False]),
        ([0, 0, 0, 0.002], [1, 1, 1, 1], 4, None, [True]),
        ([0], [1], 2, None, []),
    ],
)
def test_no_window_spans_a_gap_or_a_value_that_is_missing(
    seconds: list[float], values: list[float], window: int, usual: int | None, expected: list[bool]
):
    at = np.array([round(each * 1000) for each in seconds], np.int64)
    assert whole(at, np.array(values, float), window, usual).tolist() == expected


@pytest.mark.parametrize(
    ("threshold", "found", "before", "edges", "after"),
    [
        (10, [1, 10, 11, 8], False, [(1, True), (3, False)], False),
        (10, [10, 9.5, 10, 9, 10.5], False, [(0, True)], True),
        (10, [9.5, 9.1], True, [], True),
        (10, [9.5, 8.9], True, [(1, False)], False),
        (10, [9.9], False, [], False),
        (-10, [-12, -10, -10.5, -11.5], False, [(1, True), (3, False)], False),
        (0, [-0.1, 0, -0.1], False, [(1, True), (2, False)], False),
        (None, [1e9], True, [], False),
        (10, [], True, [], True),
        (10, [NAN, 11, NAN], False, [(1, True)], True),
    ],
)
def test_edges_are_told_once(
    threshold: float | None, found: list[float], before: bool, edges: Any, after: bool
):
    assert crossings(np.array(found, float), threshold, anomalous=before) == (edges, after)


@given(st.lists(st.floats(-20, 20), max_size=40), st.floats(-10, 10), st.integers(0, 40))
def test_edges_do_not_depend_on_how_scores_come(found: list[float], threshold: float, cut: int):
    first, between = crossings(np.array(found[:cut]), threshold, anomalous=False)
    second, after = crossings(np.array(found[cut:]), threshold, anomalous=between)
    at = min(cut, len(found))
    parts = [*first, *((index + at, high) for index, high in second)]
    assert (parts, after) == crossings(np.array(found, float), threshold, anomalous=False)
    assert again_normal(threshold) <= threshold
