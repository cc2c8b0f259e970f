"""Activations and dropout on a CuPy device, held to their portable twins on NumPy."""

import numpy as np
import pytest

from tests.device_twins import Twins

pytestmark = pytest.mark.gpu
SHAPES = [(), (0,), (1,), (3, 5), (256,), (257,), (7, 11, 13)]  # a block has 256 threads


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    array = np.asarray(np.random.default_rng(seed).normal(scale=3, size=shape), np.float32)
    array.reshape(-1)[:1] = 0  # where an activation bends
    return array


ACTIVATIONS = [
    ("relu", 1, [0.0]),
    ("relu", 1, [0.1]),
    ("elu", 1, [0.3]),
    ("tanh", 1, []),
    ("sigmoid", 1, []),
    ("relu_backward", 2, [-0.2]),
    ("elu_backward", 3, [0.3]),
    ("tanh_backward", 2, []),
    ("sigmoid_backward", 2, []),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "arrays", "numbers"), ACTIVATIONS)
def test_activations(name, arrays, numbers, shape):
    given = [normal(*shape, seed=seed) for seed in range(arrays)]
    Twins()(name, *given, *numbers, np.full(shape, 7, np.float32))
    Twins()(name, *given, *numbers, given[0])


@pytest.mark.parametrize("name", ["relu", "elu", "tanh", "sigmoid"])
def test_nan_and_infinity_stay_what_they_are(name):
    x = np.array([np.nan, np.inf, -np.inf] * 20, np.float32)
    Twins()(name, x, *([0.5] if name in {"relu", "elu"} else []), np.empty_like(x))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ratio", [0.0, 0.35, 0.9, 1.0])
def test_dropout_drops_the_same_to_the_bit(shape, ratio):
    x, out = normal(*shape), np.full(shape, 7, np.float32)
    Twins()("dropout", x, ratio, 2**63 - 5, 7, out, rtol=0, atol=0)
    Twins()("dropout", x, ratio, 2**63 - 5, 7, x, rtol=0, atol=0)
