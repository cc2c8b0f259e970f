import numpy as np
import pytest

from cafflite.errors import NetError
from tests.gradient_check import build


def test_only_what_is_above_gives_1():
    layer, bottom, top = build('type: "Threshold" threshold_param { threshold: 0.5 }', [np.array([0.4, 0.5, 0.6])])
    layer.forward(bottom, top)
    assert top[0].data.tolist() == [0, 0, 1]


def test_it_has_no_gradient():
    layer, bottom, top = build('type: "Threshold"', [(3,)])
    assert not layer.allow_force_backward(0)
    layer.backward(top, [False], bottom)
    with pytest.raises(NetError, match="no gradient.*propagate_down: false"):
        layer.backward(top, [True], bottom)
