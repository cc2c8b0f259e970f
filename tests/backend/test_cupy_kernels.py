"""How kernels are launched: what they refuse, wide indices, and double precision."""

import re

import numpy as np
import pytest

from cafflite.backend import cupy_kernels
from cafflite.backend.cupy_kernels import launch
from cafflite.backend.window import Window
from tests.device_twins import Twins, device_ops

WINDOW = Window((3, 2), (2, 1), (1, 0), (1, 1))


def call_some(twins: Twins) -> None:
    """One operation of each kind: by elements, by rows, by blocks, with a window, with a table."""
    rng, dtype = np.random.default_rng(0), twins.host.dtype

    def random(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(dtype)

    x, y = random(2, 3, 30, 7), random(2, 3, 15, 6)
    twins("dropout", x, 0.3, 1, 2, np.empty_like(x), rtol=0, atol=0)
    twins("sigmoid", x, np.empty_like(x))
    twins("softmax", x.reshape(6, 210, 1), np.empty((6, 210, 1), dtype))
    twins("softmax", x.reshape(6, 30, 7), np.empty((6, 30, 7), dtype))
    twins("softmax_loss", random(4, 5, 1), np.ones((4, 1), dtype), None, np.empty((4, 5, 1), dtype))
    twins("add_channel_sum", x, random(3))
    twins("channel_moments", x.reshape(2, 3, 210), np.empty(3, dtype), np.empty(3, dtype))
    twins("max_pool", x, WINDOW, np.empty_like(y), np.empty(y.shape, np.int32))
    twins("average_pool_backward", y, WINDOW, np.empty_like(x))
    twins("im2col", x, WINDOW, np.empty((2, 18, 15, 6), dtype))
    twins("col2im", random(2, 18, 15, 6), WINDOW, np.empty_like(x))
    twins("lrn", x, 3, 1.2, 0.75, 2.0, (1,), np.empty_like(x), np.empty_like(x))
    twins("uniform", 3, 4, np.empty_like(x), rtol=0, atol=0)
    twins("add_to_rows", random(9, 5), np.array([3, 1, 3, 0, 2, 2, 3, 1, 0]), random(4, 5))


@pytest.mark.gpu
def test_in_double_precision():
    call_some(Twins("float64"))


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_with_indices_of_64_bits(monkeypatch, dtype):
    wide = []
    module = cupy_kernels._kernel
    monkeypatch.setattr(cupy_kernels, "NARROW", 3)
    monkeypatch.setattr(cupy_kernels, "_kernel", lambda *key: (wide.append(key[2]), module(*key))[1])
    call_some(Twins(dtype))
    assert len(wide) > 10 and all(wide)


@pytest.mark.gpu
def test_what_a_kernel_does_not_expect_is_refused():
    xp = device_ops().xp
    x, double, turned = xp.ones((4, 5), "f"), xp.ones((4, 5), "d"), xp.ones((5, 4), "f").T
    with pytest.raises(TypeError, match="sigmoid is given float64 in order, expected float32 in order"):
        launch("sigmoid", 20, x, double)
    with pytest.raises(TypeError, match="sigmoid is given float32 out of order"):
        launch("sigmoid", 20, turned, x)
    with pytest.raises(TypeError, match="add_to_rows is given int32 in order, expected int64"):
        launch("add_to_rows", 20, x, xp.zeros(4, "i"), xp.zeros(4, "i"), 4, 5, x, 4)
    with pytest.raises(ValueError, match="argument"):
        launch("sigmoid", 20, x)
    launch("sigmoid", 0, x)  # nothing to do, nothing looked at


def test_every_kernel_is_launched_by_some_operation():
    folder = cupy_kernels.Path(cupy_kernels.__file__).parent
    kernels = set(re.findall(r"__global__ void (\w+)\(", cupy_kernels.source()))
    launched = set()
    for file in folder.glob("cupy_*.py"):
        launched |= set(re.findall(r'"(\w+)"', file.read_text(encoding="utf-8")))
    assert kernels and kernels <= launched
