import numpy as np
import pytest
from gradient_check import build, check


@pytest.mark.parametrize("slope", [0, 0.1, 1, -0.5])
def test_gradient(slope):
    check(f'type: "ReLU" relu_param {{ negative_slope: {slope} }}', [(3, 4)])


def test_at_zero_the_slope_counts():
    layer, bottom, top = build('type: "ReLU" relu_param { negative_slope: 0.25 }', [np.array([-4.0, 0, 4])])
    layer.forward(bottom, top)
    top[0].diff[...] = 1
    layer.backward(top, [True], bottom)
    assert top[0].data.tolist() == [-1, 0, 4]
    assert bottom[0].diff.tolist() == [0.25, 0.25, 1]
