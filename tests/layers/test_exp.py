import numpy as np
import pytest

from cafflite.errors import NetError
from tests.gradient_check import build, check


@pytest.mark.parametrize("text", ["", "base: 2", "base: 3 scale: -0.5 shift: 1.5", "base: 1 shift: 2", "scale: 0"])
def test_gradient(text):
    check(f'type: "Exp" exp_param {{ {text} }}', [(3, 4)])


@pytest.mark.parametrize(
    ("text", "y"),
    [("", np.e**2), ("scale: 3 shift: -1", np.e**5), ("base: 2 scale: 2 shift: 1", 2**5), ("base: 0.5", 0.25)],
)
def test_base_scale_and_shift(text, y):
    layer, bottom, top = build(f'type: "Exp" exp_param {{ {text} }}', [np.array([2.0])])
    layer.forward(bottom, top)
    assert top[0].data == pytest.approx(y)


@pytest.mark.parametrize("base", ["0", "-2", "inf", "nan"])
def test_a_base_that_is_none(base):
    with pytest.raises(NetError, match=f"base is {base}, expected a number above 0"):
        build(f'type: "Exp" exp_param {{ base: {base} }}', [(3,)])
