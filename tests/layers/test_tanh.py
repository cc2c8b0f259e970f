import numpy as np
from gradient_check import build, check


def test_gradient():
    check('type: "TanH"', [(3, 4)])


def test_values():
    layer, bottom, top = build('type: "TanH"', [np.array([-1e4, -0.5, 0, 1e-5, 20])])
    layer.forward(bottom, top)
    np.testing.assert_allclose(top[0].data, [-1, -0.46211716, 0, 1e-5, 1], rtol=1e-7)
