import numpy as np
import pytest

from tests.gradient_check import build, check

POSITIVE = np.random.default_rng(0).uniform(0.2, 3, (3, 4))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shift: 2",
        "scale: -3 shift: 1",
        "power: 2",
        "power: 3 scale: 0.5 shift: -1",
        "power: 0",
        "power: 2 scale: 0 shift: 3",
        "power: 0.5",
        "power: -1.5 scale: 2 shift: 0.5",
    ],
)
def test_gradient(text):
    check(f'type: "Power" power_param {{ {text} }}', [POSITIVE])


@pytest.mark.parametrize(
    ("text", "y", "dx"),
    [
        ("power: 0", 1, 0),
        ("power: 0 scale: 0", 1, 0),
        ("scale: 0 shift: -2 power: 3", -8, 0),
        ("power: 3", 0, 0),
        ("power: 1 shift: 4", 4, 1),
        ("power: 2 scale: 3", 0, 0),
    ],
)
def test_zero_in(text, y, dx):
    layer, bottom, top = build(f'type: "Power" power_param {{ {text} }}', [np.zeros(2)])
    layer.forward(bottom, top)
    top[0].diff[...] = 1
    layer.backward(top, [True], bottom)
    assert top[0].data.tolist() == [y, y]
    assert bottom[0].diff.tolist() == [dx, dx]
