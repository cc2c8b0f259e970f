"""The operations over spatial axes on a CuPy device, held to their portable twins on NumPy."""

import threading

import numpy as np
import pytest

from cafflite.backend import cupy_convolution
from cafflite.backend.ops import Ops
from cafflite.backend.window import Window
from tests.device_twins import Twins, device_ops

pytestmark = pytest.mark.gpu


def window(kernel, stride=1, pad=0, dilation=1) -> Window:
    """A window whose settings are given once or for each axis of the kernel."""
    axes = len(kernel)
    return Window(
        kernel, *(value if isinstance(value, tuple) else (value,) * axes for value in (stride, pad, dilation))
    )


def random(*shape) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


CONVOLUTIONS = [  # input, outputs, window, group
    ((2, 3, 7, 6), 4, window((3, 3)), 1),
    ((3, 4, 9, 7), 6, window((3, 2), (2, 3), (1, 2), (2, 1)), 2),
    ((1, 2, 30, 25), 3, window((11, 11), 4), 1),
    ((1, 2, 2, 9), 3, window((3, 3), 2), 1),  # overhangs its input by less than a stride
    ((1, 1, 3, 3), 2, window((3, 3), 1, 4), 1),  # positions that see nothing
    ((2, 3, 8, 8), 2, window((2, 2), 3), 1),  # values that no position sees
    ((4, 3, 5, 1), 2, window((2, 1), 1, 1, 0), 1),
    ((5, 6, 4, 3), 4, window((1, 1)), 2),
    ((5, 6, 4, 3), 4, window((1, 1), 2), 2),
    ((2, 4, 13, 14), 8, window((5, 3), (2, 3), (2, 1), (1, 2)), 4),
    # other numbers of axes
    ((3, 4), 5, window(()), 1),
    ((2, 3, 9), 4, window((3,), 2, 1), 1),
    ((2, 2, 13), 6, window((3,), 1, 0, 2), 2),
    ((2, 2, 5, 6, 4), 3, window((3, 2, 3), (2, 1, 2), 1, (1, 2, 1)), 1),
    ((1, 2, 3, 4, 3, 4), 2, window((2, 2, 2, 2), 1, 1), 1),
    # nothing
    ((0, 3, 7, 6), 4, window((3, 3)), 1),
]


@pytest.mark.parametrize("most", [1, 300, 2**25])  # elements of the columns of a block: one image, some, all
@pytest.mark.parametrize(("x_shape", "outputs", "of", "group"), CONVOLUTIONS)
@pytest.mark.parametrize("has_bias", [True, False])
def test_convolution(x_shape, outputs, of, group, has_bias, most, monkeypatch):
    monkeypatch.setattr(cupy_convolution, "COLUMNS", most)
    x, w = random(*x_shape), random(outputs, x_shape[1] // group, *of.kernel)
    y = random(x_shape[0], outputs, *of.positions(x_shape[2:]))
    results = []
    for ops in (device_ops(), Ops(np, "float32")):
        a, b, c, bias, back = (ops.xp.asarray(array) for array in (x, y, w, random(outputs), random(x_shape[1])))
        convolution = ops.convolution(x_shape, outputs, of, group)
        made = [ops.xp.full_like(array, 0.5) for array in (b, a, c)]
        convolution.convolve(a, c, made[0], bias if has_bias else None)
        convolution.deconvolve(b, c, made[1], back if has_bias else None)
        convolution.add_weight_diff(a, b, made[2])
        results.append([ops.to_host(array) for array in made])
    for what, fast, twin in zip(("convolve", "deconvolve", "add_weight_diff"), *results, strict=True):
        scale = max(1.0, np.abs(twin).max(initial=0))
        np.testing.assert_allclose(fast / scale, twin / scale, rtol=0, atol=2e-6, err_msg=what)


@pytest.mark.parametrize(("x_shape", "of"), [(c[0], c[2]) for c in CONVOLUTIONS])
def test_columns(x_shape, of):
    x = random(*x_shape)
    positions = of.positions(x_shape[2:])
    columns = random(x_shape[0], x_shape[1] * of.taps, *positions)
    Twins()("im2col", x, of, np.full_like(columns, 7), rtol=0, atol=0)
    Twins()("col2im", columns, of, np.full_like(x, 7))


POOLINGS = [  # input, window, windows
    ((2, 3, 6, 6), window((2, 2), 2), (3, 3)),
    ((2, 3, 7, 8), window((3, 3), 2), (3, 4)),  # the last windows are cut off
    ((2, 2, 7, 9), window((3, 2), (1, 3), (1, 0)), (7, 3)),
    ((1, 2, 4, 5), window((2, 2), 3, 1), (2, 2)),
    ((1, 2, 8, 8), window((2, 2), 3), (3, 3)),  # values that are in no window
    ((2, 3, 5, 4), window((5, 4)), (1, 1)),
    ((2, 2, 16, 8), window((3, 3), 1, 1), (16, 8)),  # a block has 256 threads
    ((2, 2, 6, 7), window((5, 6), 1, 2), (6, 6)),
    ((0, 2, 6, 6), window((2, 2), 2), (3, 3)),
]
every_pooling = pytest.mark.parametrize(("x_shape", "of", "windows"), POOLINGS)


@every_pooling
@pytest.mark.parametrize("ties", [False, True])
def test_max_pool(x_shape, of, windows, ties):
    x = np.round(random(*x_shape)) if ties else random(*x_shape)
    out_diff, mask = random(*x_shape[:2], *windows), np.full((*x_shape[:2], *windows), 7, np.int32)
    Twins()("max_pool", x, of, np.full_like(out_diff, 7), mask, rtol=0, atol=0)
    Ops(np, "float32").max_pool(x, of, np.empty_like(out_diff), mask)
    Twins()("max_pool_backward", out_diff, mask, of, np.full_like(x, 7))


@pytest.mark.parametrize("value", [-np.inf, np.nan, -np.finfo(np.float32).max])
def test_a_maximum_is_never_below_the_lowest_number(value):
    x = np.full((1, 1, 4, 4), value, np.float32)
    x[..., -1, -1] = 5
    out, mask = np.empty((1, 1, 2, 2), np.float32), np.empty((1, 1, 2, 2), np.int32)
    Twins()("max_pool", x, window((2, 2), 2), out, mask, rtol=0, atol=0)
    Ops(np, "float32").max_pool(x, window((2, 2), 2), out, mask)
    Twins()("max_pool_backward", np.ones_like(out), mask, window((2, 2), 2), np.full_like(x, 7))


@every_pooling
def test_average_pool(x_shape, of, windows):
    x, out_diff = random(*x_shape), random(*x_shape[:2], *windows)
    Twins()("average_pool", x, of, np.full_like(out_diff, 7))
    Twins()("average_pool_backward", out_diff, of, np.full_like(x, 7))


@pytest.mark.parametrize(("x_shape", "of", "windows"), [case for case in POOLINGS if not any(case[1].pad)])
def test_stochastic_pool(x_shape, of, windows):
    x = np.abs(random(*x_shape))
    x[x < 0.5] = 0
    numbers = np.random.default_rng(0).random((*x_shape[:2], *windows), np.float32)
    out, mask = np.full_like(numbers, 7), np.full(numbers.shape, 7, np.int32)
    Twins()("stochastic_pool", x, numbers, of, out, mask, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 255, 256, 257, 5000])
@pytest.mark.parametrize(("seed", "step"), [(0, 0), (1, 2), (2**63 + 5, 7), (2**70, 2**32 + 1)])
def test_uniform_numbers_are_those_of_numpy_to_the_bit(count, seed, step, dtype):
    Twins(dtype)("uniform", seed, step, np.full(count, 7, dtype), rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(2, 7, 4, 3), (1, 3, 9, 10), (2, 4, 8, 8), (0, 3, 2, 2)])
@pytest.mark.parametrize("axes", [(1,), (2, 3)])
@pytest.mark.parametrize(("size", "beta"), [(5, 0.75), (3, 0.6), (1, 0.75)])
def test_lrn(shape, axes, size, beta):
    x, out, out_diff = random(*shape), random(*shape), random(*shape) + 1
    scale = 2 + np.abs(random(*shape))
    Twins()("lrn", x, size, 1.2, beta, 2.0, axes, np.full_like(x, 7), np.full_like(x, 7))
    Twins()("lrn", x, size, 1.2, beta, 2.0, axes, np.full_like(x, 7), x)
    Twins()("lrn_backward", x, size, 1.2, beta, axes, scale, out, out_diff, np.full_like(x, 7))
    Twins()("lrn_backward", x, size, 1.2, beta, axes, scale, out, out_diff, out_diff)


def test_nets_of_two_threads_do_not_work_in_the_same_memory():
    ops, found = device_ops("float32"), []
    for _ in range(2):
        thread = threading.Thread(target=lambda: found.append(ops.scratch("columns", 5)))
        thread.start()
        thread.join()
    assert found[0].data.ptr != found[1].data.ptr
    assert ops.scratch("columns", 5).data.ptr == ops.scratch("columns", 3).data.ptr
