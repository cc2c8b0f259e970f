import numpy as np
import pytest

from cafflite.errors import NetError
from tests.gradient_check import build, check

POSITIVE = np.random.default_rng(0).uniform(0.2, 3, (3, 4))


@pytest.mark.parametrize("text", ["", "base: 2", "base: 0.1 scale: 0.5 shift: 1.5", "scale: 3"])
def test_gradient(text):
    check(f'type: "Log" log_param {{ {text} }}', [POSITIVE])


@pytest.mark.parametrize(
    ("text", "y"), [("", np.log(4)), ("base: 10 scale: 20 shift: 20", 2), ("base: 2", 2), ("base: 0.5", -2)]
)
def test_base_scale_and_shift(text, y):
    layer, bottom, top = build(f'type: "Log" log_param {{ {text} }}', [np.array([4.0])])
    layer.forward(bottom, top)
    assert top[0].data == pytest.approx(y)


@pytest.mark.parametrize("base", ["0", "1", "-2", "inf", "nan"])
def test_a_base_that_is_none(base):
    with pytest.raises(NetError, match=f"base is {base}, expected a number above 0 other than 1"):
        build(f'type: "Log" log_param {{ base: {base} }}', [(3,)])
