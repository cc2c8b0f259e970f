import numpy as np
import pytest

from tests.gradient_check import build, check


@pytest.mark.parametrize("alpha", [0, 0.3, 1, 2, -0.5])
def test_gradient(alpha):
    check(f'type: "ELU" elu_param {{ alpha: {alpha} }}', [(3, 4)])


def test_it_does_not_overflow():
    layer, bottom, top = build('type: "ELU" elu_param { alpha: 2 }', [np.array([-1e4, 0, 1e4])])
    layer.forward(bottom, top)
    assert top[0].data.tolist() == [-2, 0, 1e4]
