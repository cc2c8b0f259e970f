"""What moves vectors, beside NumPy."""

import numba
import numpy as np
import pytest

from cafflite.backend.kernels_vector import WIDTH, copy_some, move_some, turn

ROOM = 5 * WIDTH


def numbers(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype("f")


@pytest.mark.parametrize("rows", [1, WIDTH - 1, WIDTH])
def test_turn_takes_the_last_row_for_those_behind_it(rows):
    @numba.njit
    def run(x, last, out):
        turn(x, 1, last, 2, out, 3, 0)

    x, out = numbers(WIDTH + 2, WIDTH + 4), np.zeros((WIDTH + 3, WIDTH), "f")
    run(x, rows, out)
    seen = np.minimum(np.arange(1, WIDTH + 1), rows)
    np.testing.assert_array_equal(out[3:], x[seen, 2 : 2 + WIDTH].T)


@pytest.mark.parametrize("count", [0, 1, WIDTH - 1, WIDTH, WIDTH + 9])
def test_the_first_values_of_a_vector(count):
    @numba.njit
    def run(x, count, row, flat):
        move_some(x, 1, 2, count, row, 0, 1)
        copy_some(x[1], 2, count, flat, 1)

    x, row, flat = numbers(2, ROOM), np.full((1, ROOM), 7, "f"), np.full(ROOM, 7, "f")
    run(x, count, row, flat)
    count = min(count, WIDTH)
    expected = np.full(ROOM, 7, "f")
    expected[1 : 1 + count] = x[1, 2 : 2 + count]
    np.testing.assert_array_equal(flat, expected)
    expected[1 + count : 1 + WIDTH] = 0
    np.testing.assert_array_equal(row[0], expected)
