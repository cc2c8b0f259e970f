"""The compiled exp, sigmoid and tanh against NumPy's in float64."""

import numpy as np
import pytest

from cafflite.backend import kernels_math
from cafflite.backend.kernels_math import kernel


@kernel
def exp(x, y):
    for i in range(x.size):
        y[i] = kernels_math.exp(x[i])


@kernel
def sigmoid(x, y):
    for i in range(x.size):
        y[i] = kernels_math.sigmoid(x[i])


@kernel
def tanh(x, y):
    for i in range(x.size):
        y[i] = kernels_math.tanh(x[i])


def true_sigmoid(x):
    return 1 / (1 + np.exp(-x))


SMALL = np.logspace(-20, 1.9, 50_001)
NORMAL = np.concatenate([np.linspace(-87, 88, 500_001), np.linspace(-2, 2, 200_001), SMALL, -SMALL]).astype(np.float32)


def run(function, x):
    y = np.empty_like(x)
    function(x, y)
    return y


@pytest.mark.parametrize(
    "function, true, ulp", [(exp, np.exp, 1.1), (sigmoid, true_sigmoid, 2.5), (tanh, np.tanh, 1.4)]
)
def test_within_ulp(function, true, ulp) -> None:
    expected = true(NORMAL.astype(np.float64))
    error = np.abs(run(function, NORMAL) - expected) / np.spacing(np.abs(expected).astype(np.float32))
    assert error.max() <= ulp, f"worst at {NORMAL[error.argmax()]}"


@pytest.mark.parametrize(
    "function, low, zero, high", [(exp, 0, 1, np.inf), (sigmoid, 0, 0.5, 1), (tanh, -1, 0, 1)]
)
def test_far_values(function, low, zero, high) -> None:
    x = np.array([-np.inf, -1e30, -200, 0, -0.0, 200, 1e30, np.inf] * 3, np.float32)
    assert run(function, x).tolist() == [low, low, low, zero, zero, high, high, high] * 3


@pytest.mark.parametrize("function", [exp, sigmoid, tanh])
def test_nan_stays(function) -> None:
    assert np.isnan(run(function, np.full(37, np.nan, np.float32))).all()
