import numpy as np
from gradient_check import build, check


def test_gradient():
    check('type: "Sigmoid"', [(3, 4)])


def test_values():
    layer, bottom, top = build('type: "Sigmoid"', [np.array([-1e4, -1, 0, 1, 1e4])])
    layer.forward(bottom, top)
    np.testing.assert_allclose(top[0].data, [0, 0.26894142, 0.5, 0.73105858, 1], rtol=1e-7)
