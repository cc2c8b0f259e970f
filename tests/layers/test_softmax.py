import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import ShapeError


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_gradient_and_sum(axis):
    text = f'type: "Softmax" softmax_param {{ axis: {axis} }}'
    check(text, [(2, 3, 4)])
    layer, bottom, top = build(text, [(2, 3, 4)])
    layer.forward(bottom, top)
    np.testing.assert_allclose(top[0].data.sum(axis=axis), 1)


def test_values():
    layer, bottom, top = build('type: "Softmax"', [np.array([[0, 0], [1000, 999], [-1e30, 1]])])
    layer.forward(bottom, top)
    e = np.exp(-1)
    np.testing.assert_allclose(top[0].data, [[0.5, 0.5], [1 / (1 + e), e / (1 + e)], [0, 1]])


def test_no_samples():
    layer, bottom, top = build('type: "Softmax"', [(0, 3)])
    layer.forward(bottom, top)
    layer.backward(top, [True], bottom)
    assert top[0].data.shape == bottom[0].diff.shape == (0, 3)


@pytest.mark.parametrize(
    ("shape", "axis", "message"),
    [((2, 3), 2, r"axis 2 is out of range.*\(2, 3\)"), ((2, 0), 1, r"\(2, 0\) has no values over axis 1")],
)
def test_refused(shape, axis, message):
    with pytest.raises(ShapeError, match=message):
        build(f'type: "Softmax" softmax_param {{ axis: {axis} }}', [shape])
