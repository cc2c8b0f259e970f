"""The compiled operations over spatial axes, held to their readable twins."""

import tracemalloc

import numpy as np
import pytest

from cafflite.backend import pool
from cafflite.backend.numpy_ops import NumpyOps
from cafflite.backend.ops import Ops
from cafflite.backend.window import Window

FAST, TWIN = NumpyOps(), Ops(np, "float32")


def window(kernel, stride=1, pad=0, dilation=1) -> Window:
    """A window whose settings are given once or for each axis of the kernel."""
    axes = len(kernel)
    return Window(
        kernel, *(value if isinstance(value, tuple) else (value,) * axes for value in (stride, pad, dilation))
    )


def random(*shape) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


@pytest.fixture(params=[1, 2, 3])
def threads(request, monkeypatch):
    """A fresh pool of some threads."""
    pool._forget()
    monkeypatch.setattr(pool, "threads", lambda: request.param)
    yield request.param
    pool._forget()


CONVOLUTIONS = [  # input, outputs, window, group
    ((2, 3, 7, 6), 4, window((3, 3)), 1),
    ((3, 4, 9, 7), 6, window((3, 2), (2, 3), (1, 2), (2, 1)), 2),
    ((1, 2, 60, 50), 3, window((11, 11), 4), 1),
    ((1, 2, 2, 9), 3, window((3, 3), 2), 1),  # overhangs its input by less than a stride
    ((1, 1, 3, 3), 2, window((3, 3), 1, 4), 1),  # positions that see nothing
    ((2, 3, 8, 8), 2, window((2, 2), 3), 1),
    ((4, 3, 5, 1), 2, window((2, 1), 1, 1, 0), 1),
    # many images a block; many blocks an image
    ((20, 16, 8, 8), 12, window((5, 5)), 1),
    ((3, 40, 40, 41), 8, window((3, 3), 1, 1), 1),
    ((1, 3, 1, 3000), 2, window((1, 3)), 1),
    # one tap at every place
    ((2, 3, 40, 41), 5, window((1, 1)), 1),
    ((5, 6, 4, 3), 4, window((1, 1)), 2),
    # one tap at some places
    ((5, 6, 4, 3), 4, window((1, 1), 2), 2),
    ((2, 40, 41, 50), 30, window((1, 1), (2, 4)), 1),
    ((2, 3, 7, 8, 9), 4, window((1, 1, 1), (2, 1, 3)), 1),
    ((2, 3, 9), 4, window((1,), 2), 1),
    # each channel on its own
    ((2, 4, 30, 31), 4, window((3, 3), 1, 1), 4),
    ((2, 4, 70, 71), 4, window((3, 3), (2, 3), 1), 4),
    ((2, 4, 1, 2), 4, window((3, 3), 1, 1), 4),
    ((2, 4, 6, 1), 4, window((3, 3), (4, 1), 1), 4),
    ((2, 4, 13, 14), 8, window((3, 3), 2, 1), 4),
    ((2, 4, 9, 8), 4, window((3, 2), 1, (4, 3)), 4),  # positions that see nothing
    ((2, 4, 19, 18), 4, window((3, 4), 1, (1, 2), (2, 1)), 4),
    ((2, 4, 13, 14), 8, window((5, 3), (2, 3), (2, 1), (1, 2)), 4),
    ((2, 2, 5, 6, 4), 4, window((3, 2, 3), 2, 1), 2),
    ((2, 2, 13), 6, window((3,), 1, 0, 2), 2),
    # enough channels and tiles for Winograd: tiles that overhang, groups, several images or rows a block
    ((2, 32, 33, 31), 34, window((3, 3), 1, 1), 1),
    ((2, 64, 32, 33), 64, window((3, 3), 1, (2, 0)), 2),
    ((80, 32, 8, 9), 33, window((3, 3)), 1),
    ((1, 32, 80, 81), 32, window((3, 3), 1, 1), 1),
    # other numbers of axes
    ((3, 4), 5, window(()), 1),
    ((2, 3, 9), 4, window((3,), 2, 1), 1),
    ((2, 2, 5, 6, 4), 3, window((3, 2, 3), (2, 1, 2), 1, (1, 2, 1)), 1),
    ((1, 20, 9, 9, 9), 3, window((3, 3, 3), 1, 1), 1),
    ((1, 2, 3, 4, 3, 4), 2, window((2, 2, 2, 2), 1, 1), 1),
    # nothing
    ((0, 3, 7, 6), 4, window((3, 3)), 1),
    ((0, 4, 7, 6), 4, window((3, 3)), 4),
    ((2, 3, 0, 4), 4, window((1, 1), 2), 1),  # has a row of positions
]


@pytest.mark.parametrize(("x_shape", "outputs", "of", "group"), CONVOLUTIONS)
@pytest.mark.parametrize(("has_bias", "has_scale", "slope"), [(True, False, 0), (False, False, 1), (True, True, 0.1)])
def test_convolution(x_shape, outputs, of, group, has_bias, has_scale, slope, threads):
    x, w = random(*x_shape), random(outputs, x_shape[1] // group, *of.kernel)
    y = random(x_shape[0], outputs, *of.positions(x_shape[2:]))
    results = []
    for ops in (FAST, TWIN):
        convolution = ops.convolution(x_shape, outputs, of, group)
        made = [np.full_like(array, 0.5) for array in (y, x, w)]
        bias, scale = random(2, outputs)
        convolution.convolve(x, w, made[0], bias if has_bias else None, scale if has_scale else None, slope)
        convolution.deconvolve(y, w, made[1], random(x_shape[1]) if has_bias else None)
        convolution.add_weight_diff(x, y, made[2])
        results.append(made)
    # Winograd's transforms have factors up to 8, and 1/6 and the like, so that rounding weighs more.
    atol = 1e-5 if FAST.convolution(x_shape, outputs, of, group).algorithm == "winograd" else 2e-6
    for what, fast, twin in zip(("convolve", "deconvolve", "add_weight_diff"), *results, strict=True):
        scale = max(1.0, np.abs(twin).max(initial=0))
        np.testing.assert_allclose(fast / scale, twin / scale, rtol=0, atol=atol, err_msg=what)


@pytest.mark.parametrize(
    ("x_shape", "outputs", "of", "group", "algorithm"),
    [
        ((2, 3, 7, 6), 4, window((3, 3)), 1, "im2col"),
        ((2, 3, 7, 6), 4, window((1, 1)), 1, "1x1"),
        ((2, 3, 7, 6), 4, window((1, 1), 2), 1, "1x1"),
        ((2, 4, 7, 6), 8, window((3, 3)), 4, "depthwise"),
        ((2, 1, 7, 6), 8, window((3, 3)), 1, "im2col"),
        ((2, 32, 32, 32), 32, window((3, 3), 1, 1), 1, "winograd"),
        ((1, 32, 28, 28), 32, window((3, 3), 1, 1), 1, "im2col"),  # few tiles
        ((2, 32, 32, 32), 32, window((3, 3), 1, 1), 2, "im2col"),  # few channels in a group
        ((2, 32, 64, 64), 32, window((3, 3), 2, 1), 1, "im2col"),
    ],
)
def test_the_algorithm_is_chosen_by_shape(x_shape, outputs, of, group, algorithm):
    assert FAST.convolution(x_shape, outputs, of, group).algorithm == algorithm


def test_winograd_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("CAFFLITE_WINOGRAD", "0")
    assert FAST.convolution((2, 32, 32, 32), 32, window((3, 3), 1, 1), 1).algorithm == "im2col"


def test_a_weight_diff_does_not_depend_on_which_thread_is_first(threads):
    x_shape, outputs, of = (8, 16, 20, 20), 8, window((3, 3))
    convolution = FAST.convolution(x_shape, outputs, of, 1)
    x, y = random(*x_shape), random(8, outputs, 18, 18)
    diffs = [np.zeros((outputs, 16, 3, 3), np.float32) for _ in range(5)]
    for diff in diffs:
        convolution.add_weight_diff(x, y, diff)
    assert all((diff == diffs[0]).all() for diff in diffs)


@pytest.mark.parametrize(
    ("x_shape", "of", "group"),
    [
        ((64, 16, 16, 16), window((3, 3), 1, 1), 1),
        ((64, 16, 16, 16), window((1, 1)), 1),
        ((16, 16, 32, 32), window((3, 3), 1, 1), 16),
        ((1, 16, 96, 96), window((3, 3), 1, 1), 1),
        ((8, 32, 64, 64), window((3, 3), 1, 1), 1),
    ],
)
def test_a_convolution_allocates_no_more_than_four_planes_a_thread(x_shape, of, group, threads):
    convolution = FAST.convolution(x_shape, x_shape[1], of, group)
    x, y = np.zeros(x_shape, np.float32), np.zeros(x_shape, np.float32)
    w = np.zeros((x_shape[1], x_shape[1] // group, *of.kernel), np.float32)

    def run():
        convolution.convolve(x, w, y)
        convolution.deconvolve(y, w, x)
        convolution.add_weight_diff(x, y, w)

    run()
    peaks = []
    for _ in range(3):  # threads of other tests may allocate during one
        tracemalloc.start()
        try:
            run()
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    plane = 4 * (x_shape[2] + 2) * (x_shape[3] + 2)
    assert min(peaks) < 4 * threads * plane + 2**14


@pytest.mark.parametrize(("x_shape", "of"), [(c[0], c[2]) for c in CONVOLUTIONS])
def test_columns(x_shape, of, threads):
    x = random(*x_shape)
    positions = of.positions(x_shape[2:])
    shape = x_shape[0], x_shape[1] * of.taps, *positions
    fast, twin = np.empty(shape, np.float32), np.empty(shape, np.float32)
    FAST.im2col(x, of, fast)
    TWIN.im2col(x, of, twin)
    np.testing.assert_array_equal(fast, twin)
    fast, twin = np.full_like(x, 7), np.full_like(x, 7)
    FAST.col2im(random(*shape), of, fast)
    TWIN.col2im(random(*shape), of, twin)
    np.testing.assert_allclose(fast, twin, rtol=1e-5, atol=1e-5)


POOLINGS = [  # input, window, windows
    ((2, 3, 6, 6), window((2, 2), 2), (3, 3)),
    ((2, 3, 21, 35), window((2, 2), 2), (10, 17)),
    ((2, 3, 7, 9), window((2, 2), 2), (4, 5)),
    ((2, 3, 7, 8), window((3, 3), 2), (3, 4)),  # the last windows are cut off
    ((2, 2, 7, 9), window((3, 2), (1, 3), (1, 0)), (7, 3)),
    ((1, 2, 4, 5), window((2, 2), 3, 1), (2, 2)),
    ((1, 2, 8, 8), window((2, 2), 3), (3, 3)),  # values that are in no window
    ((2, 3, 5, 4), window((5, 4)), (1, 1)),
    ((2, 40, 30, 31), window((3, 3), 1, 1), (30, 31)),
    ((2, 2, 6, 7), window((5, 6), 1, 2), (6, 6)),
    ((0, 2, 6, 6), window((2, 2), 2), (3, 3)),
]


@pytest.mark.parametrize(("x_shape", "of", "windows"), POOLINGS)
@pytest.mark.parametrize("ties", [False, True])
def test_max_pool(x_shape, of, windows, ties, threads):
    x = np.round(random(*x_shape)) if ties else random(*x_shape)
    out_diff = random(*x_shape[:2], *windows)
    results = []
    for ops in (FAST, TWIN):
        out, mask, x_diff = np.empty_like(out_diff), np.empty(out_diff.shape, np.int32), np.full_like(x, 7)
        ops.max_pool(x, of, out, mask)
        ops.max_pool_backward(out_diff, mask, of, x_diff)
        results.append((out, mask, x_diff))
    for fast, twin in zip(*results, strict=True):
        np.testing.assert_allclose(fast, twin, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("size", [4, 40])
@pytest.mark.parametrize("ops", [FAST, TWIN])
@pytest.mark.parametrize("value", [-np.inf, np.nan, -np.finfo(np.float32).max])
def test_a_maximum_is_never_below_the_lowest_number(ops, value, size):
    x = np.full((1, 1, size, size), value, np.float32)
    x[..., -1, -1] = 5
    out, mask = np.empty((1, 1, 2, 2), np.float32), np.empty((1, 1, 2, 2), np.int32)
    ops.max_pool(x, window((size // 2,) * 2, size // 2), out, mask)
    lowest = -np.finfo(np.float32).max
    assert out.tolist() == [[[[lowest, lowest], [lowest, 5]]]]
    assert mask.tolist() == [[[[-1, -1], [-1, size * size - 1]]]]


@pytest.mark.parametrize(("x_shape", "of", "windows"), POOLINGS)
def test_average_pool(x_shape, of, windows, threads):
    x, out_diff = random(*x_shape), random(*x_shape[:2], *windows)
    results = []
    for ops in (FAST, TWIN):
        out, x_diff = np.empty_like(out_diff), np.full_like(x, 7)
        ops.average_pool(x, of, out)
        ops.average_pool_backward(out_diff, of, x_diff)
        results.append((out, x_diff))
    for fast, twin in zip(*results, strict=True):
        np.testing.assert_allclose(fast, twin, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("x_shape", "of", "windows"), [case for case in POOLINGS if not any(case[1].pad)])
def test_stochastic_pool(x_shape, of, windows, threads):
    x = np.abs(random(*x_shape))
    x[x < 0.5] = 0
    numbers = np.empty((*x_shape[:2], *windows), np.float32)
    FAST.uniform(1, 2, numbers)
    results = []
    for ops in (FAST, TWIN):
        out, mask = np.empty_like(numbers), np.empty(numbers.shape, np.int32)
        ops.stochastic_pool(x, numbers, of, out, mask)
        results.append((out, mask))
    for fast, twin in zip(*results, strict=True):
        np.testing.assert_array_equal(fast, twin)


def test_uniform_numbers_depend_on_seed_and_step_alone():
    numbers = {}
    for ops in (FAST, TWIN, Ops(np, "float64")):
        for key in ((1, 0), (1, 1), (2, 0), (2**63 - 1, 5)):
            out = np.empty((30, 40), ops.dtype)
            ops.uniform(*key, out)
            assert 0 <= out.min() < 0.01 and 0.99 < out.max() < 1 and abs(out.mean() - 0.5) < 0.03
            assert (numbers.setdefault(key, out) == out).all()
    assert len({array.tobytes() for array in numbers.values()}) == len(numbers)


@pytest.mark.parametrize("shape", [(2, 7, 4, 3), (1, 3, 30, 20), (2, 70, 25, 41), (0, 3, 2, 2)])
@pytest.mark.parametrize("axes", [(1,), (2, 3)])
@pytest.mark.parametrize(("size", "beta"), [(5, 0.75), (3, 0.6), (1, 0.75)])
def test_lrn(shape, axes, size, beta, threads):
    x, out_diff = random(*shape), random(*shape)
    results = []
    for ops in (FAST, TWIN):
        scale, out, x_diff = np.empty_like(x), np.empty_like(x), np.empty_like(x)
        ops.lrn(x, size, 1.2, beta, 2.0, axes, scale, out)
        ops.lrn_backward(x, size, 1.2, beta, axes, scale, out, out_diff, x_diff)
        in_place = x.copy()
        ops.lrn(in_place, size, 1.2, beta, 2.0, axes, scale, in_place)
        np.testing.assert_array_equal(in_place, out)
        results.append((scale, out, x_diff))
    for fast, twin in zip(*results, strict=True):
        np.testing.assert_allclose(fast, twin, rtol=1e-5, atol=1e-6)
