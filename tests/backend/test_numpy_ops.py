"""Matrix products and sums on threads and in blocks, held to their plain twins."""

import numpy as np
import pytest

from cafflite.backend import numpy_ops
from cafflite.backend.numpy_ops import NumpyOps
from cafflite.backend.ops import Ops

TWIN, KERNEL = Ops(np, "float32"), NumpyOps()
SHAPES = [(1, 1, 1), (3, 5, 2), (0, 4, 3), (4, 0, 3), (4, 3, 0), (700, 40, 900), (900, 700, 30), (2, 300000, 3)]


def arrays(rows, columns, inner):
    rng = np.random.default_rng(0)
    a, b, out = ((rng.standard_normal(s).astype("f")) for s in ((rows, inner), (inner, columns), (rows, columns)))
    return a, b, out


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(("rows", "columns", "inner"), SHAPES)
@pytest.mark.parametrize("name", ["matmul", "add_matmul"])
def test_products(monkeypatch, threads, name, rows, columns, inner):
    monkeypatch.setattr(numpy_ops.pool, "threads", lambda: threads)
    a, b, out = arrays(rows, columns, inner)
    expected = out.copy()
    getattr(TWIN, name)(a, b, out=expected)
    getattr(KERNEL, name)(a, b, out=out)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)


# Few rows: a kernel of whole stretches and groups of four, and what is left of them.
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(
    ("rows", "columns", "inner"), [(2, 1031, 509), (3, 403, 2050), (10, 2048, 1024), (12, 30, 5001)]
)
def test_products_with_few_rows(monkeypatch, threads, rows, columns, inner):
    monkeypatch.setattr(numpy_ops.pool, "threads", lambda: threads)
    a, b, out = arrays(rows, columns, inner)
    for other in (b, np.asfortranarray(b)):
        found = np.ones_like(out)
        KERNEL.matmul(a, other, out=found)
        np.testing.assert_allclose(found, a.astype("d") @ b, rtol=0, atol=1e-4 * inner**0.5)
    for left in (a.T, np.ascontiguousarray(a.T)):
        found = np.ones((inner, columns), "f")
        KERNEL.add_matmul(left, out, out=found)
        np.testing.assert_allclose(found, 1 + a.T.astype("d") @ out, rtol=0, atol=1e-4)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (3, 200, 401)])
def test_element_by_element(monkeypatch, threads, shape):
    monkeypatch.setattr(numpy_ops.pool, "threads", lambda: threads)
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype("f") if shape else np.array(2, "f") for _ in range(2))
    out = np.ones(shape, "f")
    KERNEL.add(a, b, out=out)
    np.testing.assert_array_equal(out, a + b)
    KERNEL.copy(a, out=out)
    np.testing.assert_array_equal(out, a)
    part = np.ones((*shape, 2), "f")
    KERNEL.copy(a, out=part[..., 0])  # not in order
    np.testing.assert_array_equal(part[..., 0], a)
    assert (part[..., 1] == 1).all()
    KERNEL.clear(out)
    assert not out.any()


def test_a_product_into_a_part_of_an_array():
    a, b, _ = arrays(600, 500, 20)
    whole = np.zeros((700, 600), "f")
    KERNEL.matmul(a, b, out=whole[50:650, 60:560])
    np.testing.assert_allclose(whole[50:650, 60:560], a @ b, rtol=1e-5, atol=1e-5)
    assert not whole[:50].any()
    assert not whole[:, :60].any()


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (0, 3), (3, 0), (12500, 47), (5, 4000), (700, 1024)])
def test_row_sum(rows, columns):
    x, _, _ = arrays(rows, 1, columns)
    expected, found = np.ones(columns, "f"), np.ones(columns, "f")
    TWIN.add_row_sum(x, out=expected)
    KERNEL.add_row_sum(x, out=found)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    KERNEL.add_row_sum(x[:, ::2], out=expected[::2])
    np.testing.assert_allclose(expected[::2], found[::2] + x[:, ::2].sum(axis=0), rtol=1e-4, atol=1e-2)
