"""Products by cuBLAS of matrices however they lie in memory."""

import itertools

import numpy as np
import pytest

from tests.device_twins import device_ops

pytestmark = pytest.mark.gpu

LAYOUTS = {
    "rows": lambda x, xp: xp.asarray(x),
    "columns": lambda x, xp: xp.asarray(x.T.copy()).T,
    "part of rows": lambda x, xp: xp.asarray(np.pad(x, ((1, 2), (3, 1))))[1:-2, 3:-1],
    "part of columns": lambda x, xp: xp.asarray(np.pad(x.T, ((1, 2), (3, 1))))[1:-2, 3:-1].T,
    "every other value": lambda x, xp: xp.asarray(x.repeat(2, axis=1))[:, ::2],
    "one row again and again": lambda x, xp: xp.broadcast_to(xp.asarray(x[:1]), x.shape),
}
OUTS = ["rows", "columns", "part of rows", "part of columns"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 4, 5), (3, 1, 5), (3, 4, 1), (1, 1, 1), (3, 0, 5), (0, 4, 5)])
def test_every_layout(shape, dtype):
    ops, rng = device_ops(dtype), np.random.default_rng(1)
    m, k, n = shape
    a, b, before = (rng.standard_normal(size).astype(dtype) for size in ((m, k), (k, n), (m, n)))
    layouts = list(LAYOUTS) if m and k else ["rows"]
    for of_a, of_b, of_out in itertools.product(layouts, layouts, OUTS):
        given = LAYOUTS[of_a](a, ops.xp), LAYOUTS[of_b](b, ops.xp)
        product, out = ops.to_host(given[0]) @ ops.to_host(given[1]), LAYOUTS[of_out](before, ops.xp)
        ops.matmul(*given, out)
        np.testing.assert_allclose(ops.to_host(out), product, rtol=1e-5, atol=1e-5)
        ops.add_matmul(*given, out)
        np.testing.assert_allclose(ops.to_host(out), 2 * product, rtol=1e-5, atol=1e-5)


def test_what_lies_around_the_product_stays():
    ops = device_ops()
    out = ops.xp.full((4, 6), 7, "float32")
    ops.matmul(ops.xp.ones((2, 3), "float32"), ops.xp.ones((3, 2), "float32"), out[1:3, 2:4])
    expected = np.full((4, 6), 7)
    expected[1:3, 2:4] = 3
    np.testing.assert_array_equal(ops.to_host(out), expected)
