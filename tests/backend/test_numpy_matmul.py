"""Compiled products of matrices beside NumPy's."""

import numpy as np
import pytest

from cafflite.backend import kernels_matmul
from cafflite.backend.numpy_matmul import by, multiply

COLUMNS, ROWS, DEPTH = kernels_matmul.COLUMNS, kernels_matmul.ROWS, kernels_matmul.DEPTH
BLOCK, WIDE = kernels_matmul.TILES * ROWS, kernels_matmul.PANELS * COLUMNS  # rows and columns of a block

# rows, depth, columns: whole tiles and panels, what is left over of each, and more rows than a block
SHAPES = [
    (ROWS, 8, COLUMNS),
    (1, 1, 1),
    (3, 5, COLUMNS - 1),
    *((ROWS + more, 7, COLUMNS + 1) for more in range(1, ROWS)),
    (BLOCK + 2, 3, 2 * COLUMNS + 5),
    (40, DEPTH + 17, 20),
    (20, 9, WIDE + 1),
    (3, 2 * DEPTH + 1, WIDE + COLUMNS // 2),
    (4, 0, 9),
]


def random(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype("f")


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize(("rows", "depth", "columns"), SHAPES)
@pytest.mark.parametrize("turned", [(False, False), (False, True), (True, False), (True, True)])
def test_multiply(rows, depth, columns, turned, add):
    a, b, out = random(rows, depth), random(depth, columns), random(rows, columns)
    expected = a.astype("d") @ b + (out if add else 0)
    a, b = (np.asfortranarray(x) if of else x for x, of in zip((a, b), turned, strict=True))
    multiply(a, b, out, add)
    np.testing.assert_allclose(out, expected, atol=1e-5 * max(1, depth) ** 0.5)


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize(("rows", "depth", "columns"), SHAPES)
@pytest.mark.parametrize("times", [1, 100])
def test_by(rows, depth, columns, times, add):
    a, b, out = random(rows, depth), random(depth, columns), random(rows, columns)
    expected = a.astype("d") @ b + (out if add else 0)
    by(b, times=times)(a, out, add)
    np.testing.assert_allclose(out, expected, atol=1e-5 * max(1, depth) ** 0.5)


@pytest.mark.parametrize("times", [1, 100])
@pytest.mark.parametrize("depths", [(6,), (6, 40), (1, 2, 3)])
def test_by_several_one_above_the_other(depths, times):
    parts = [random(COLUMNS + 3, depth + 2)[:, 1:-1] for depth in depths]
    a, out = random(20, sum(depths)), random(20, COLUMNS + 3)
    expected = a.astype("d") @ np.concatenate(parts, axis=1).T
    by(*[part.T for part in parts], times=times)(a, out, False)
    np.testing.assert_allclose(out, expected, atol=1e-4)


def test_rows_that_lie_apart():
    a, b, out = random(20, 30)[:, 4:20], random(16, COLUMNS + 9), random(20, 100)
    before = out.copy()
    place = slice(7, 7 + COLUMNS + 9)
    for product in (by(b, times=100), lambda *given: multiply(given[0], b, *given[1:])):
        product(a, out[:, place], False)
        np.testing.assert_allclose(out[:, place], a.astype("d") @ b, atol=1e-4)
        out[:, place] = before[:, place]
        np.testing.assert_array_equal(out, before)


def test_what_is_not_a_number_stays_in_its_row_and_column():
    a, b, out = random(20, 30), random(30, COLUMNS + 9), random(20, COLUMNS + 9)
    a[3, 5], b[7, 2] = np.nan, np.inf
    by(b, times=100)(a, out, False)
    np.testing.assert_array_equal(np.isfinite(out), np.isfinite(a @ b))


@pytest.mark.parametrize(("rows", "depth", "columns"), [(5, 1, 20), (1, 40, 20), (5, 40, 1)])
def test_a_single_row_or_column_may_lie_anywhere(rows, depth, columns):
    """The step along an axis of one says nothing: here it is that of every other value."""
    a, b, out = random(rows, 2 * depth)[:, ::2], random(depth, 2 * columns)[:, ::2], random(rows, columns)
    a, b = (x if 1 in x.shape else np.ascontiguousarray(x) for x in (a, b))
    for one, other in ((a, b), (a.copy(), b.copy()), (a.T.copy().T, b.T.copy().T)):
        multiply(one, other, out)
        np.testing.assert_allclose(out, a @ b, atol=1e-4)
