import numpy as np
import pytest

from cafflite.errors import NetError
from tests.gradient_check import build

X = np.array([-3.0, -1, -0.25, 0.5, 1, 2])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", [-1, -1, -0.25, 0.5, 1, 1]),
        ("hard_tanh_param { max: 0.5 }", [-1, -1, -0.25, 0.5, 0.5, 0.5]),
        ("hard_tanh_param { min: -2 max: 0 }", [-2, -1, -0.25, 0, 0, 0]),
    ],
)
def test_values(settings, expected):
    layer, bottom, top = build(f'type: "HardTanh" {settings}', [X])
    layer.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, expected)


def test_the_gradient_passes_between_the_bounds():
    layer, bottom, top = build('type: "HardTanh"', [X])
    layer.forward(bottom, top)
    top[0].diff[...] = 3
    layer.backward(top, [True], bottom)
    np.testing.assert_array_equal(bottom[0].diff, [0, 3, 3, 3, 3, 0])


@pytest.mark.parametrize("bound", ["min: 2", "max: -2", "min: nan", "max: nan"])
def test_bounds_that_are_no_range(bound):
    with pytest.raises(NetError, match="min is .* and max .*, expected min to be no more than max"):
        build(f'type: "HardTanh" hard_tanh_param {{ {bound} }}', [X])
