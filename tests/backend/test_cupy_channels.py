"""Operations along channels on a CuPy device, held to their portable twins on NumPy."""

import numpy as np
import pytest

from tests.device_twins import Twins, device_ops

pytestmark = pytest.mark.gpu
SHAPES = [(1, 1, 1), (2, 3, 5), (7, 4, 1), (1, 3, 1000), (4, 65, 60), (3, 2, 256)]  # a block has 256 threads
EMPTY = [(0, 3, 2), (2, 3, 0)]
ELEMENTS = {  # how many arrays and how many values for each channel they take
    "channel_affine": (1, 2),
    "channel_normalize": (1, 2),
    "channel_normalize_backward": (2, 1),
    "prelu": (1, 1),
    "prelu_backward": (2, 1),
}


def arrays(count: int, *shape: int) -> list[np.ndarray]:
    return list(np.random.default_rng(len(shape)).normal(0.5, 2, (count, *shape)).astype(np.float32))


@pytest.mark.parametrize(
    ("name", "shape"),
    # there is no mean of nothing
    [(n, s) for n in ELEMENTS for s in SHAPES + EMPTY if not (n == "channel_normalize_backward" and s in EMPTY)],
)
def test_elements(name, shape):
    full, each = ELEMENTS[name]
    given, values = arrays(full, *shape), arrays(each, shape[1])
    Twins()(name, *given, *values, np.full(shape, 7, np.float32), rtol=1e-4, atol=1e-5)
    Twins()(name, *given, *values, given[0], rtol=1e-4, atol=1e-5)


def test_affine_without_bias():
    (x,), (scale,) = arrays(1, 4, 3, 5), arrays(1, 3)
    Twins()("channel_affine", x, scale, None, np.full_like(x, 7))


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
def test_sums_add_up(shape):
    a, b = arrays(2, *shape)
    Twins()("add_channel_dot", a, b, np.full(shape[1], 3, np.float32), rtol=1e-4, atol=1e-2)
    Twins()("add_channel_sum", a, np.full(shape[1], 3, np.float32), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(2, 3), (3, 70, 5, 4), (4, 3, 2, 5, 11)])
def test_sums_over_other_numbers_of_axes(shape):
    (x,) = arrays(1, *shape)
    Twins()("add_channel_sum", x, np.full(shape[1], 3, np.float32), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("offset", [0, 1000])
def test_moments_of_values_far_from_0(shape, offset):
    ops = device_ops()
    x = arrays(1, *shape)[0] + np.float32(offset)
    exact = x.astype(np.float64)
    mean, variance = ops.xp.full((2, shape[1]), 7, "f")
    ops.channel_moments(ops.xp.asarray(x), mean, variance)
    np.testing.assert_allclose(mean.get(), exact.mean((0, 2)), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(variance.get(), exact.var((0, 2)), rtol=1e-4, atol=1e-6)


def test_nan_stays_nan():
    ops = device_ops()
    x, ones, out = ops.xp.full((2, 3, 40), np.nan, "f"), ops.xp.ones(3, "f"), ops.xp.empty((2, 3, 40), "f")
    for name in ("prelu", "channel_affine", "channel_normalize"):
        getattr(ops, name)(x, *[ones] * ELEMENTS[name][1], out=out)
        assert ops.xp.isnan(out).all(), name
