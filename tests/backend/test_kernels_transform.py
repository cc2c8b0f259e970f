"""What transforms are made of, beside NumPy."""

import numba
import numpy as np
import pytest

from cafflite.backend.kernels_transform import combine, merge, split, window
from cafflite.backend.kernels_vector import WIDTH, settle
from cafflite.backend.scratch import aligned

ROOM = 5 * WIDTH


def numbers(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype("f")


@pytest.mark.parametrize("past_the_cache", [False, True])
def test_combine(past_the_cache):
    matrix = [[1, 0, -2], [0, 3.5, 1], [0, 0, 0]]
    function, x = combine(matrix, past_the_cache), numbers(3, ROOM)
    out = aligned(np.ones, 3 * ROOM).reshape(3, ROOM)

    @numba.njit
    def run(x, out):
        function(x, (2, ROOM + 3, 2 * ROOM), out, WIDTH, ROOM)
        settle()

    run(x.reshape(-1), out.reshape(-1))
    seen = np.stack([x[0, 2 : 2 + WIDTH], x[1, 3 : 3 + WIDTH], x[2, :WIDTH]])
    np.testing.assert_allclose(out[:, WIDTH : 2 * WIDTH], np.array(matrix, "f") @ seen, rtol=1e-6, atol=1e-6)
    assert (out[:, :WIDTH] == 1).all() and (out[:, 2 * WIDTH :] == 1).all()


def test_split_and_merge():
    @numba.njit
    def run(x, phases, out):
        split(x, 3, phases, 2, ROOM)
        merge(phases, 2, ROOM, out, 1)

    x, phases, out = numbers(ROOM), np.zeros((4, ROOM), "f"), np.zeros(ROOM, "f")
    run(x, phases.reshape(-1), out)
    np.testing.assert_array_equal(phases[:, 2 : 2 + WIDTH], x[3 : 3 + 4 * WIDTH].reshape(WIDTH, 4).T)
    np.testing.assert_array_equal(out[1 : 1 + 4 * WIDTH], x[3 : 3 + 4 * WIDTH])


@pytest.mark.parametrize("slope", [0, 0.1, 1])
@pytest.mark.parametrize("count", [1, WIDTH])
def test_window(slope, count):
    @numba.njit
    def run(x, taps, slope, count, out):
        window(x, (0, 1, 5), (taps[0], taps[1], taps[2]), (taps[3], taps[4], slope), out, 2, count)

    x, taps, out = numbers(ROOM), numbers(5), np.full(ROOM, 7, "f")
    run(x, taps, np.float32(slope), count, out)
    value = sum(taps[i] * x[at : at + count] for i, at in enumerate((0, 1, 5))) * taps[3] + taps[4]
    expected = np.full(ROOM, 7, "f")
    expected[2 : 2 + count] = np.where(value > 0, value, slope * value)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
