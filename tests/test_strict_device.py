"""The stand-in refuses what would be a copy between host and device, and nothing else."""

import numpy as np
import pytest

from tests.strict_device import Crossing, StrictOps

HOST = np.ones(3, "float32")
REFUSED = {
    "an operand": lambda xp, x: x + HOST,
    "an operand before it": lambda xp, x: HOST * x,
    "an output": lambda xp, x: xp.exp(x, out=HOST),
    "an assignment": lambda xp, x: x.__setitem__(slice(None), HOST),
    "an index": lambda xp, x: x[np.array([0, 1])],
    "a mask": lambda xp, x: x[x > 0],
    "a condition": lambda xp, x: 1 if x.any() else 0,
    "a number": lambda xp, x: float(x.sum()),
    "an item": lambda xp, x: x[0].item(),
    "a list": lambda xp, x: x.tolist(),
    "a function of NumPy": lambda xp, x: np.concatenate([x, x]),
    "an array of NumPy": lambda xp, x: np.asarray(x),
    "places": lambda xp, x: xp.flatnonzero(x),
    "a search": lambda xp, x: 1.0 in x,
}


@pytest.mark.parametrize("crosses", REFUSED.values(), ids=REFUSED)
def test_refused(crosses):
    ops = StrictOps()
    with pytest.raises(Crossing):
        crosses(ops.xp, ops.xp.ones(3, "float32"))


def test_arrays_of_the_device_are_computed_with_as_numpy_does():
    xp = StrictOps().xp
    x = xp.arange(6, dtype="float32").reshape(2, 3)
    x[:, 1] -= 2
    x *= np.float32(2)
    xp.add.at(x, xp.asarray([0, 0]), xp.ones((2, 3), "float32"))
    x[x > 9] = 0
    expected = [[2, 0, 6], [6, 4, 0]]
    np.testing.assert_array_equal(x.get(), expected)
    np.testing.assert_array_equal(sum(row for row in x).get(), np.sum(expected, axis=0))
    assert x.dtype == np.float32 and len(x) == 2 and x.T.shape == (3, 2)


def test_copies_that_are_asked_for_are_counted():
    ops = StrictOps()
    x = ops.xp.zeros(3, "float32")
    with ops.crossings(to_host=1, to_device=2):
        x.set(HOST)
        x[...] = ops.xp.asarray(HOST)
        np.testing.assert_array_equal(ops.to_host(x), HOST)
    with pytest.raises(AssertionError, match="'to_host': 1.*allowed"), ops.crossings(to_device=1):
        ops.to_host(x)
