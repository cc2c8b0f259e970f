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


# One of each 1,009 of all float32, the numbers around 0 and where the functions change their way, and the two ends of
# what exp can give.
EVERYWHERE = np.arange(0, 2**32, 1009, dtype=np.uint64).astype(np.uint32).view(np.float32)
EDGES = np.array([-87.33654, -87.336, 88.7228, 88.72283, 16.6, 17.3, 0.625, 2**-126, 2**-149], np.float32)
NEAR = np.concatenate([np.linspace(-104, 90, 1_000_001), np.linspace(-2, 2, 200_001)]).astype(np.float32)
SAMPLE = np.concatenate([EVERYWHERE[np.isfinite(EVERYWHERE)], NEAR, EDGES, -EDGES])
LEAST = np.finfo(np.float32).tiny


def run(function, x):
    y = np.empty_like(x)
    function(x, y)
    return y


@pytest.mark.parametrize(
    "function, true, ulp", [(exp, np.exp, 1.1), (sigmoid, true_sigmoid, 1.8), (tanh, np.tanh, 1.4)]
)
def test_within_ulp(function, true, ulp) -> None:
    found = run(function, SAMPLE)
    with np.errstate(over="ignore"):
        expected = true(SAMPLE.astype(np.float64))
        rounded = expected.astype(np.float32)
    with np.errstate(invalid="ignore"):
        error = np.abs(found - expected) / np.spacing(np.abs(rounded))
    is_normal = np.isfinite(rounded) & (np.abs(expected) >= LEAST)
    if function is tanh:
        is_normal[:] = True  # near 0 it is its argument
    assert error[is_normal].max() <= ulp, f"worst at {SAMPLE[is_normal][error[is_normal].argmax()]}"
    others = found[~is_normal]
    assert ((others == 0) | (others == np.inf)).all()
    assert (np.isinf(found) == np.isinf(rounded)).all()


@pytest.mark.parametrize("function, low, zero, high", [(exp, 0, 1, np.inf), (sigmoid, 0, 0.5, 1), (tanh, -1, 0, 1)])
def test_far_values(function, low, zero, high) -> None:
    x = np.array([-np.inf, -1e30, -200, 0, -0.0, 200, 1e30, np.inf] * 3, np.float32)
    assert run(function, x).tolist() == [low, low, low, zero, zero, high, high, high] * 3


@pytest.mark.parametrize("function", [exp, sigmoid, tanh])
def test_nan_stays(function) -> None:
    assert np.isnan(run(function, np.full(37, np.nan, np.float32))).all()
