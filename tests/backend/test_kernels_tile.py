"""Sums in registers beside NumPy; tiles are tested by the products that are made of them."""

import numba
import numpy as np
import pytest

from cafflite.backend.kernels_tile import sum_of_rows
from cafflite.backend.kernels_vector import WIDTH

ROOM = 5 * WIDTH


def numbers(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype("f")


@pytest.mark.parametrize(("vectors", "parts"), [(4, 1), (1, 4), (2, 3)])
@pytest.mark.parametrize("count", [0, 5])
def test_sum_of_rows(vectors, parts, count):
    function = sum_of_rows(vectors, parts)

    @numba.njit
    def run(x, rows, count, out):
        function(x, 1, 8, rows, 6, count, 2, out, 3)

    x, rows, out = numbers(40), numbers(30, ROOM), numbers(ROOM)
    place = slice(3, 3 + vectors * WIDTH)
    expected = out.copy()
    for part in range(parts):
        factors = x[1 + 8 * part : 1 + 8 * part + count]
        expected[place] += factors @ rows[6 * part : 6 * part + count, 2 : 2 + vectors * WIDTH]
    run(x, rows, count, out)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
