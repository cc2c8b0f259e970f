import numpy as np
import pytest

from tests.gradient_check import build, check


def test_gradient():
    check('type: "BNLL"', [(3, 4)])


@pytest.mark.parametrize(
    ("x", "y", "slope"), [(0, np.log(2), 0.5), (1000, 1000, 1), (-1000, 0, 0), (-30, 9.4e-14, 9.4e-14)]
)
def test_it_neither_overflows_nor_loses_small_values(x, y, slope):
    layer, bottom, top = build('type: "BNLL"', [np.array([float(x)])])
    layer.forward(bottom, top)
    top[0].diff[...] = 1
    layer.backward(top, [True], bottom)
    assert top[0].data == pytest.approx(y, rel=0.01, abs=1e-300)
    assert bottom[0].diff == pytest.approx(slope, rel=0.01, abs=1e-16)
