"""Reverse, without lengths as in the original forks, and within lengths."""

import numpy as np
import pytest

from cafflite.errors import DataError, NetError, ShapeError
from tests.gradient_check import build, check

X = np.arange(24.0).reshape(4, 3, 2)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_an_axis(axis):
    layer, bottom, top = build(f'type: "Reverse" reverse_param {{ axis: {axis} }}', [X])
    layer.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, np.flip(X, axis))


def test_the_first_axis_by_default():
    layer, bottom, top = build('type: "Reverse"', [X])
    layer.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, X[::-1])


@pytest.mark.parametrize("axis", [0, 1])
def test_within_lengths(axis):
    lengths = [4, 0, 3]
    expected = X.copy()
    for n, length in enumerate(lengths):
        expected[:length, n] = X[:length, n][::-1]
    x = X if axis == 0 else X.swapaxes(0, 1).copy()
    layer, bottom, top = build(f'type: "Reverse" reverse_param {{ axis: {axis} }}', [x, np.array(lengths)])
    layer.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, expected if axis == 0 else expected.swapaxes(0, 1))
    check(f'type: "Reverse" reverse_param {{ axis: {axis} }}', [x, np.array(lengths)])


@pytest.mark.parametrize("length", [5, -1, 1.5, np.nan])
def test_lengths_that_are_none(length):
    layer, bottom, top = build('type: "Reverse"', [X, np.array([1, length, 2])])
    with pytest.raises(DataError, match=rf"the length of sequence 1 is {length:g}, expected a whole .* from 0 to 4"):
        layer.forward(bottom, top)


@pytest.mark.parametrize(("axis", "shape"), [(0, (4,)), (0, (3, 1)), (1, (3,)), (2, (3,)), (2, (4,))])
def test_lengths_that_do_not_fit(axis, shape):
    with pytest.raises(ShapeError, match=r"its input is \(4, 3, 2\), its axis .* a length for each stream"):
        build(f'type: "Reverse" reverse_param {{ axis: {axis} }}', [X, shape])


def test_lengths_have_no_gradient():
    layer, bottom, top = build('type: "Reverse"', [X, np.array([1, 2, 3])])
    layer.forward(bottom, top)
    with pytest.raises(NetError, match="its lengths have no gradient"):
        layer.backward(top, [True, True], bottom)


def test_in_place():
    layer, bottom, _ = build('type: "Reverse"', [X])
    with pytest.raises(NetError, match="it cannot work in place"):
        layer.reshape(bottom, bottom)
