"""What Convolution, Deconvolution and Im2col share."""

import re

import pytest
from google.protobuf import text_format

from cafflite.backend.window import Window
from cafflite.errors import NetError, ShapeError
from cafflite.layers._conv import read_window
from cafflite.proto.caffe_pb2 import ConvolutionParameter
from tests.gradient_check import build


@pytest.mark.parametrize(
    ("text", "axes", "window"),
    [
        ("kernel_size: 3", 2, Window((3, 3), (1, 1), (0, 0), (1, 1))),
        ("kernel_size: 3 stride: 2 pad: 1 dilation: 4", 1, Window((3,), (2,), (1,), (4,))),
        ("kernel_size: 3 kernel_size: 5 stride: 2 stride: 1", 2, Window((3, 5), (2, 1), (0, 0), (1, 1))),
        ("kernel_h: 3 kernel_w: 5 stride_h: 2 stride_w: 4 pad_w: 1", 2, Window((3, 5), (2, 4), (0, 1), (1, 1))),
        ("kernel_size: 2 pad: 1 pad: 2 pad: 3", 3, Window((2,) * 3, (1,) * 3, (1, 2, 3), (1,) * 3)),
        ("", 0, Window((), (), (), ())),
    ],
)
def test_window(text, axes, window):
    assert read_window(text_format.Parse(text, ConvolutionParameter()), axes) == window


@pytest.mark.parametrize(
    ("text", "axes", "message"),
    [
        ("", 2, "kernel_size is given 0 times, expected once or for each of 2 spatial axes"),
        ("kernel_size: 2 pad: 1 pad: 1", 3, "pad is given 2 times, expected once or for each of 3 spatial axes"),
        ("kernel_size: 2 kernel_h: 2 kernel_w: 2", 2, "kernel_size is given beside kernel_h and kernel_w"),
        ("kernel_size: 2 pad: 0 pad_h: 1", 2, "pad is given beside pad_h and pad_w, expected one or the other"),
        ("kernel_h: 2 kernel_w: 2", 3, "for two spatial axes, and its input has 3: use kernel_size"),
        ("kernel_h: 2", 2, "kernel_size is 2, 0, expected 1 or more along each axis"),
        ("kernel_size: 2 stride: 0", 2, "stride is 0, expected 1 or more"),
    ],
)
def test_windows_that_do_not_say_enough(text, axes, message):
    with pytest.raises(NetError, match=re.escape(message)):
        read_window(text_format.Parse(text, ConvolutionParameter()), axes)


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution", "Im2col"])
class TestEveryKind:
    def build(self, kind, text, shape):
        return build(f'type: "{kind}" convolution_param {{ num_output: 2 {text} }}', [shape])

    @pytest.mark.parametrize(
        ("axis", "shape"), [(0, (3, 6, 5)), (2, (2, 4, 3, 6, 5)), (-3, (2, 4, 3, 6, 5)), (-3, (3, 6, 5))]
    )
    def test_all_before_the_axis_is_the_batch(self, kind, axis, shape):
        layer, bottom, top = self.build(kind, f"kernel_size: 3 axis: {axis}", shape)
        same, one, expected = self.build(kind, "kernel_size: 3", (bottom[0].count // 90, 3, 6, 5))
        for blob, other in zip(layer.blobs, same.blobs, strict=True):
            other.data[...] = blob.data
        one[0].data[...] = bottom[0].data.reshape(one[0].shape)
        layer.forward(bottom, top)
        same.forward(one, expected)
        assert top[0].shape == (*shape[:-3], *expected[0].shape[1:])
        assert (top[0].data.reshape(expected[0].shape) == expected[0].data).all()

    def test_an_axis_that_is_not_there(self, kind):
        with pytest.raises(ShapeError, match=r"axis 3 is out of range for a blob of shape \(2, 3, 4\)"):
            self.build(kind, "kernel_size: 1 axis: 3", (2, 3, 4))

    def test_an_output_of_no_size(self, kind):
        message = r"kernel of \(2, 2\) on its input \(2, 3, 1, 9\) leaves an output of \((0|-1), \d+\)"
        with pytest.raises(ShapeError, match=message):
            self.build(kind, "kernel_size: 2" + (" pad: 1 stride: 3" if kind == "Deconvolution" else ""), (2, 3, 1, 9))

    def test_another_number_of_axes(self, kind):
        layer, bottom, top = self.build(kind, "kernel_size: 1", (2, 3, 4))
        bottom[0].reshape(2, 3, 2, 2)
        with pytest.raises(ShapeError, match=r"shape \(2, 3, 2, 2\), and it was made for 3 axes"):
            layer.reshape(bottom, top)


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
class TestEveryConvolution:
    def build(self, kind, text, *shapes):
        return build(f'type: "{kind}" convolution_param {{ {text} }}', shapes)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("kernel_size: 1", "num_output is 0, expected 1 or more"),
            ("kernel_size: 1 num_output: 4 group: 2", "group is 2, expected a divisor of its 3 input channels"),
            ("kernel_size: 1 num_output: 4 group: 3", "group is 3, expected a divisor of its 4 outputs"),
            ("kernel_size: 1 num_output: 4 group: 0", "group is 0, expected a divisor of its 3 input channels"),
        ],
    )
    def test_settings_that_cannot_be(self, kind, text, message):
        with pytest.raises(NetError, match=message):
            self.build(kind, text, (2, 3, 4, 4))

    def test_another_number_of_channels(self, kind):
        layer, bottom, top = self.build(kind, "num_output: 2 kernel_size: 1", (2, 3, 4))
        bottom[0].reshape(2, 4, 4)
        with pytest.raises(ShapeError, match=r"shape \(2, 4, 4\), and its weights were made for 3 channels"):
            layer.reshape(bottom, top)

    def test_bottoms_of_different_shapes(self, kind):
        with pytest.raises(ShapeError, match=r"shapes \(2, 3, 4\) and \(1, 3, 4\), expected all the same"):
            self.build(kind, "num_output: 2 kernel_size: 1", (2, 3, 4), (1, 3, 4))

    def test_bottoms_share_the_weights(self, kind):
        layer, bottom, top = self.build(kind, "num_output: 2 kernel_size: 2", (2, 3, 4), (2, 3, 4))
        bottom[1].data[...] = 2 * bottom[0].data
        layer.blobs[1].data[...] = 0
        layer.forward(bottom, top)
        assert (top[1].data == 2 * top[0].data).all()
