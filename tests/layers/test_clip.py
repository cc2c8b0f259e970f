import numpy as np
import pytest

from cafflite.errors import NetError
from tests.gradient_check import build, check


def test_gradient():
    check('type: "Clip" clip_param { min: -0.5 max: 0.7 }', [(3, 4)])


def test_the_gradient_passes_at_both_ends():
    layer, bottom, top = build('type: "Clip" clip_param { min: -1 max: 2 }', [np.array([-1.5, -1, 0, 2, 2.5])])
    layer.forward(bottom, top)
    top[0].diff[...] = 3
    layer.backward(top, [True], bottom)
    assert top[0].data.tolist() == [-1, -1, 0, 2, 2]
    assert bottom[0].diff.tolist() == [0, 3, 3, 3, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no clip_param"),
        ("clip_param { min: 2 max: 1 }", "min is 2 and max 1, expected min to be no more than max"),
        ("clip_param { min: 0 max: nan }", "min is 0 and max nan, expected"),
    ],
)
def test_bounds_that_make_no_sense(text, message):
    with pytest.raises(NetError, match=message):
        build(f'type: "Clip" {text}', [(3,)])
