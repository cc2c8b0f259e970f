import numpy as np
import pytest

from cafflite.errors import NetError, ShapeError
from tests.gradient_check import build, check

SHAPE = (2, 3, 4)
FITS = [  # settings, and the shape of what is added
    ("", (3,)),
    ("axis: 0", (2,)),
    ("axis: -1", (4,)),
    ("num_axes: 2", (3, 4)),
    ("axis: 0 num_axes: 2", (2, 3)),
    ("axis: 0 num_axes: -1", (2, 3, 4)),
    ("num_axes: -1", (3, 4)),
    ("num_axes: 0", ()),
]


@pytest.mark.parametrize(("text", "shape"), FITS)
def test_a_parameter(text, shape):
    text = f'type: "Bias" bias_param {{ {text} }}'
    check(text, [SHAPE])
    layer, bottom, top = build(text, [SHAPE])
    assert layer.blobs[0].shape == shape


@pytest.mark.parametrize(("text", "shape"), FITS)
def test_a_second_bottom(text, shape):
    text = f'type: "Bias" bias_param {{ {text} }}'
    check(text, [SHAPE, shape])
    layer, _, _ = build(text, [SHAPE, shape])
    assert not layer.blobs


def test_it_adds_along_its_axis():
    layer, bottom, top = build('type: "Bias"', [np.zeros(SHAPE), np.arange(3.0)])
    layer.forward(bottom, top)
    assert (top[0].data == np.arange(3)[:, None]).all()


def test_a_frozen_parameter():
    check('type: "Bias" param { lr_mult: 0 }', [SHAPE])


@pytest.mark.parametrize(
    ("text", "bottoms", "error", "message"),
    [
        ("axis: 3", [SHAPE], ShapeError, r"axis 3 is out of range for a blob of shape \(2, 3, 4\)"),
        ("axis: 2 num_axes: 2", [SHAPE], ShapeError, r"\(2, 3, 4\) has no 2 axes from axis 2 on"),
        ("num_axes: -2", [SHAPE], NetError, "num_axes is -2, expected 0 or more, or -1"),
        ("", [SHAPE, (4,)], ShapeError, r"second bottom \(4,\) does not fit its input \(2, 3, 4\) from axis 1 on"),
        ("axis: 2", [SHAPE, (4, 5)], ShapeError, r"second bottom \(4, 5\) does not fit its input \(2, 3, 4\)"),
    ],
)
def test_what_does_not_fit(text, bottoms, error, message):
    with pytest.raises(error, match=message):
        build(f'type: "Bias" bias_param {{ {text} }}', bottoms)


def test_an_input_that_grows_out_of_its_parameter():
    layer, bottom, top = build('type: "Bias"', [SHAPE])
    bottom[0].reshape(5, 3, 1)
    layer.reshape(bottom, top)
    assert top[0].shape == (5, 3, 1)
    bottom[0].reshape(2, 4, 4)
    with pytest.raises(ShapeError, match=r"parameter \(3,\) does not fit its input \(2, 4, 4\) from axis 1 on"):
        layer.reshape(bottom, top)
