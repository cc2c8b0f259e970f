"""Products by a matrix that is laid out once, beside NumPy's."""

import numpy as np
import pytest

from cafflite.backend import kernels_matmul
from cafflite.backend.numpy_matmul import by, by_transposed

COLUMNS, ROWS, BLOCK = kernels_matmul.COLUMNS, kernels_matmul.ROWS, kernels_matmul.BLOCK

# rows, depth, columns: whole tiles and panels, what is left over of each, and more rows than a block
SHAPES = [
    (ROWS, 8, COLUMNS),
    (1, 1, 1),
    (3, 5, COLUMNS - 1),
    *((ROWS + more, 7, COLUMNS + 1) for more in range(1, ROWS)),
    (BLOCK + 2, 3, 2 * COLUMNS + 5),
    (40, 1000, 20),
    (4, 0, 9),
]


def random(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype("f")


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
def test_by_transposes_one_above_the_other(depths, times):
    parts = [random(COLUMNS + 3, depth + 2)[:, 1:-1] for depth in depths]
    a, out = random(20, sum(depths)), random(20, COLUMNS + 3)
    expected = a.astype("d") @ np.concatenate(parts, axis=1).T
    by_transposed(*parts, times=times)(a, out, False)
    np.testing.assert_allclose(out, expected, atol=1e-4)


def test_rows_that_lie_apart():
    a, b, out = random(20, 30)[:, 4:20], random(16, COLUMNS + 9), random(20, 100)
    before = out.copy()
    by(b, times=100)(a, out[:, 7 : 7 + COLUMNS + 9], False)
    np.testing.assert_allclose(out[:, 7 : 7 + COLUMNS + 9], a.astype("d") @ b, atol=1e-4)
    out[:, 7 : 7 + COLUMNS + 9] = before[:, 7 : 7 + COLUMNS + 9]
    np.testing.assert_array_equal(out, before)


def test_what_is_not_a_number_stays_in_its_row_and_column():
    a, b, out = random(20, 30), random(30, COLUMNS + 9), random(20, COLUMNS + 9)
    a[3, 5], b[7, 2] = np.nan, np.inf
    by(b, times=100)(a, out, False)
    np.testing.assert_array_equal(np.isfinite(out), np.isfinite(a @ b))
