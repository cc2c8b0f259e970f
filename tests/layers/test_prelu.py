import numpy as np
import pytest

from cafflite.errors import ShapeError
from cafflite.proto import caffe_pb2
from tests.gradient_check import build, check


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 4), (2, 3, 2, 2), (2, 3, 2, 1, 2)])
@pytest.mark.parametrize("shared", ["true", "false"])
def test_gradient(shape, shared):
    check(f'type: "PReLU" prelu_param {{ channel_shared: {shared} }}', [shape])


def test_a_frozen_slope():
    check('type: "PReLU" param { lr_mult: 0 }', [(2, 3)])


@pytest.mark.parametrize(
    ("text", "slopes"),
    [
        ("", [0.25] * 3),
        ("channel_shared: true", 0.25),
        ('filler { type: "constant" value: 0.1 }', [0.1] * 3),
        ("filler {}", [0] * 3),  # a filler's own default
    ],
)
def test_first_slopes(text, slopes):
    layer, _, _ = build(f'type: "PReLU" prelu_param {{ {text} }} param {{ lr_mult: 0 }}', [(2, 3, 2)])
    assert layer.blobs[0].data.tolist() == pytest.approx(slopes)


def test_at_zero_the_slope_counts():
    layer, bottom, top = build('type: "PReLU"', [np.zeros((1, 1))], caffe_pb2.TEST)
    layer.blobs[0].data[...] = 0.3
    layer.forward(bottom, top)
    top[0].diff[...] = 2
    layer.backward(top, [True], bottom)
    assert bottom[0].diff.item() == pytest.approx(0.6)


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"shape \(4,\), expected \(N, C, ...\)"):
        build('type: "PReLU"', [(4,)])
    layer, bottom, top = build('type: "PReLU"', [(2, 3)])
    bottom[0].reshape(2, 4)
    with pytest.raises(ShapeError, match=r"shape \(2, 4\), and it has slopes for 3 channels"):
        layer.reshape(bottom, top)
