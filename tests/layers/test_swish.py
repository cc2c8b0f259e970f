import numpy as np
import pytest

from tests.gradient_check import build, check


@pytest.mark.parametrize("beta", [1, 0, -1.5, 4])
def test_gradient(beta):
    check(f'type: "Swish" swish_param {{ beta: {beta} }}', [(3, 4)])


def test_it_does_not_overflow():
    layer, bottom, top = build('type: "Swish"', [np.array([-1e4, 0, 1e4])])
    layer.forward(bottom, top)
    top[0].diff[...] = 1
    layer.backward(top, [True], bottom)
    assert top[0].data.tolist() == pytest.approx([0, 0, 1e4])
    assert bottom[0].diff.tolist() == pytest.approx([0, 0.5, 1])
