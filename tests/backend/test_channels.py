"""The compiled operations along channels, held to their readable twins."""

import numpy as np
import pytest

from cafflite.backend.numpy_ops import NumpyOps
from cafflite.backend.ops import Ops

FAST, TWIN = NumpyOps(), Ops(np, "float32")
SHAPES = [(1, 1, 1), (2, 3, 5), (5, 1, 7), (7, 4, 1), (1, 3, 1000), (4, 65, 600)]
EMPTY = [(0, 3, 2), (2, 3, 0)]
ELEMENTS = {  # operations that give an array: how many arrays and how many values for each channel they take
    "channel_affine": (1, 2),
    "channel_normalize": (1, 2),
    "channel_normalize_backward": (2, 1),
    "prelu": (1, 1),
    "prelu_backward": (2, 1),
}


def arrays(count, *shape):
    return list(np.random.default_rng(len(shape)).normal(0.5, 2, (count, *shape)).astype(np.float32))


@pytest.mark.parametrize(
    ("name", "shape"),
    # there is no mean of nothing
    [(n, s) for n in ELEMENTS for s in SHAPES + EMPTY if not (n == "channel_normalize_backward" and s in EMPTY)],
)
def test_elements(name, shape):
    full, each = ELEMENTS[name]
    inputs, values = arrays(full, *shape), arrays(each, shape[1])
    fast, twin = np.empty(shape, np.float32), np.empty(shape, np.float32)
    getattr(FAST, name)(*inputs, *values, out=fast)
    getattr(TWIN, name)(*inputs, *values, out=twin)
    np.testing.assert_allclose(fast, twin, rtol=1e-4, atol=1e-5)
    getattr(FAST, name)(*inputs, *values, out=inputs[0])
    np.testing.assert_array_equal(inputs[0], fast, err_msg="in place")


def test_affine_without_bias():
    (x,), (scale,) = arrays(1, 4, 3, 5), arrays(1, 3)
    fast, twin = np.empty_like(x), np.empty_like(x)
    FAST.channel_affine(x, scale, None, out=fast)
    TWIN.channel_affine(x, scale, None, out=twin)
    np.testing.assert_array_equal(fast, twin)


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
def test_dot_adds_up(shape):
    a, b = arrays(2, *shape)
    fast, twin = np.full(shape[1], 3, np.float32), np.full(shape[1], 3, np.float32)
    FAST.add_channel_dot(a, b, out=fast)
    TWIN.add_channel_dot(a, b, out=twin)
    np.testing.assert_allclose(fast, twin, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
@pytest.mark.parametrize("slope", [0, 0.1, 1])
def test_affine_with_a_slope_that_keeps_its_input(shape, slope):
    (x,), (scale, bias) = arrays(1, *shape), arrays(2, shape[1])
    results = []
    for ops in (FAST, TWIN):
        kept, y = np.empty_like(x), x.copy()
        ops.channel_affine(y, scale, bias, y, slope, kept)
        np.testing.assert_array_equal(kept, x)
        results.append(y)
    np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 3), (3, 70, 5), (0, 3, 4, 4), (4, 8, 40, 50)])
def test_sums_add_up(shape):
    fast, twin = np.full((2, shape[1]), 3, np.float32)
    (x,) = arrays(1, *shape)
    FAST.add_channel_sum(x, fast)
    TWIN.add_channel_sum(x, twin)
    np.testing.assert_allclose(fast, twin, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("slope", [0, 0.1, 1])
@pytest.mark.parametrize(
    ("shape", "is_normalized", "by_batch"),
    [(shape, *norm) for shape in SHAPES + EMPTY for norm in ((False, False), (True, False))]
    + [(shape, True, True) for shape in SHAPES],  # there is no mean of nothing
)
def test_affine_backward(shape, slope, is_normalized, by_batch):
    (dy, x, y), (scale, inverse) = arrays(3, *shape), arrays(2, shape[1])
    results = []
    for ops in (FAST, TWIN):
        ds, db, dx = np.full(shape[1], 3, np.float32), np.full(shape[1], 4, np.float32), dy.copy()
        ops.channel_affine_backward(dx, x, scale, ds, db, dx, y, slope, inverse if is_normalized else None, by_batch)
        results.append((ds, db, dx))
    for fast, twin in zip(*results, strict=True):
        np.testing.assert_allclose(fast, twin, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("has_scale", "has_bias", "slope"), [(False, False, 1), (True, True, 0.1), (True, False, 0)])
def test_batch_norm(shape, has_scale, has_bias, slope):
    (x,), (scale, bias) = arrays(1, *shape), arrays(2, shape[1])
    results = []
    for ops in (FAST, TWIN):
        moments, normalized, y = np.empty((3, shape[1]), np.float32), np.empty(shape, np.float32), x.copy()
        then = scale if has_scale else None, bias if has_bias else None, slope
        ops.channel_batch_norm(y, 1e-5, *moments, normalized, y, *then)
        results.append((*moments, normalized, y))
    for what, fast, twin in zip(("mean", "variance", "inverse", "normalized", "out"), *results, strict=True):
        np.testing.assert_allclose(fast, twin, rtol=1e-4, atol=1e-4, err_msg=what)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("offset", [0, 1000])
def test_moments_of_values_far_from_0(shape, offset):
    x = arrays(1, *shape)[0] + np.float32(offset)
    exact = x.astype(np.float64)
    for ops in (FAST, TWIN):
        mean, variance = np.empty(shape[1], np.float32), np.empty(shape[1], np.float32)
        ops.channel_moments(x, mean, variance)
        np.testing.assert_allclose(mean, exact.mean((0, 2)), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(variance, exact.var((0, 2)), rtol=1e-4, atol=1e-6)


def test_nan_stays_nan():
    x = np.full((2, 3, 40), np.nan, np.float32)
    ones, out = np.ones(3, np.float32), np.empty_like(x)
    for name in ("prelu", "channel_affine", "channel_normalize"):
        values = [ones] * ELEMENTS[name][1]
        getattr(FAST, name)(x, *values, out=out)
        assert np.isnan(out).all(), name
    mean, variance = np.empty(3, np.float32), np.empty(3, np.float32)
    FAST.channel_moments(x, mean, variance)
    assert np.isnan(mean).all()
    assert np.isnan(variance).all()
