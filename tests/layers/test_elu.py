import numpy as np
import pytest

from tests.gradient_check import build, check


@pytest.mark.parametrize("alpha", [0, 0.3, 1, 2])
def test_gradient(alpha):
    check(f'type: "ELU" elu_param {{ alpha: {alpha} }}', [(3, 4)])


def test_small_negative_values_are_exact():
    layer, bottom, top = build('type: "ELU"', [np.array([-1e-12, 1e-12, -1000.0])])
    layer.forward(bottom, top)
    assert top[0].data.tolist() == pytest.approx([-1e-12, 1e-12, -1])
