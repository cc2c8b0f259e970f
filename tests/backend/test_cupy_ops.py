"""Products, sums and rows of tables on a CuPy device, held to their portable twins on NumPy."""

import numpy as np
import pytest

from tests.device_twins import Twins, device_ops

pytestmark = pytest.mark.gpu
PRODUCTS = [(1, 1, 1), (3, 5, 2), (0, 4, 3), (4, 0, 3), (4, 3, 0), (70, 40, 90), (1, 300, 7)]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(("rows", "columns", "inner"), PRODUCTS)
@pytest.mark.parametrize("name", ["matmul", "add_matmul"])
def test_products(name, rows, columns, inner):
    a, b, out = normal(rows, inner), normal(inner, columns, seed=1), normal(rows, columns, seed=2)
    Twins()(name, a, b, out, rtol=1e-4, atol=1e-4)
    Twins()(name, np.asfortranarray(a), np.asfortranarray(b), out, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (0, 3), (3, 0), (1250, 47), (5, 400)])
def test_row_sum(rows, columns):
    Twins()("add_row_sum", normal(rows, columns), np.ones(columns, np.float32), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("rows", "width", "size"), [(0, 3, 5), (1, 1, 1), (7, 1, 3), (300, 33, 47), (90, 128, 2000)])
def test_rows_of_a_table(rows, width, size):
    index = np.random.default_rng(3).integers(size, size=rows)
    table, dy, twins = normal(size, width), normal(rows, width, seed=1), Twins()
    twins("take_rows", table, index, np.full_like(dy, 7), rtol=0, atol=0)
    twins("add_to_rows", dy, index, table, rtol=0, atol=0)  # both add in the order of the rows


def test_an_index_that_is_no_row_changes_nothing():
    """What is wrong with it is told later; until then nothing is written beyond the table."""
    ops = device_ops()
    table = ops.xp.zeros((3, 2), "f")
    ops.add_to_rows(ops.xp.ones((5, 2), "f"), ops.xp.asarray([1, -1, 3, 1, -1000]), table)
    assert table.get().tolist() == [[0, 0], [2, 2], [0, 0]]
