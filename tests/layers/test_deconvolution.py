import numpy as np
import pytest

from tests.gradient_check import build, check


def text(settings: str, kind: str = "Deconvolution") -> str:
    return f'type: "{kind}" convolution_param {{ {settings} }}'


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ("num_output: 2 kernel_size: 3 stride: 2 pad: 1", (2, 3, 3, 2)),
        ("num_output: 4 group: 2 kernel_h: 2 kernel_w: 3 pad_w: 1 bias_term: false", (2, 2, 4, 3)),
        ("num_output: 3 group: 3 kernel_size: 4 stride: 2 pad: 1", (1, 3, 2, 3)),
        ("num_output: 2 kernel_size: 1", (2, 3, 2, 2)),
        ("num_output: 2 kernel_size: 2 stride: 3 dilation: 2", (2, 2, 2, 2)),
        ("num_output: 2 kernel_size: 3 stride: 2", (2, 3, 4)),
        ("num_output: 2 kernel_size: 2 stride: 2", (1, 2, 2, 3, 2)),
        ("num_output: 2 kernel_size: 2 axis: 0", (3, 4, 3)),
    ],
)
def test_gradient(settings, shape):
    check(text(settings), [shape])


def test_gradient_of_several_bottoms():
    check(text("num_output: 2 kernel_size: 2"), [(2, 2, 3, 3)] * 2)


@pytest.mark.parametrize(
    ("settings", "shape", "weight", "top"),
    [
        ("num_output: 6 group: 3 kernel_size: 3", (2, 3, 5, 4), (3, 2, 3, 3), (2, 6, 7, 6)),
        ("num_output: 4 kernel_size: 4 stride: 2 pad: 1", (2, 3, 5, 4), (3, 4, 4, 4), (2, 4, 10, 8)),
        ("num_output: 4 kernel_size: 3 dilation: 2", (2, 3, 5, 4), (3, 4, 3, 3), (2, 4, 9, 8)),
        ("num_output: 4 kernel_size: 3 stride: 2", (2, 3, 5), (3, 4, 3), (2, 4, 11)),
    ],
)
def test_shapes(settings, shape, weight, top):
    layer, _, tops = build(text(settings), [shape])
    assert [blob.shape for blob in layer.blobs] == [weight, (tops[0].shape[1],)]
    assert tops[0].shape == top


def test_it_is_the_transpose_of_a_convolution():
    settings = "kernel_size: 3 stride: 2 pad: 1 group: 2 bias_term: false"
    up, x, y = build(text(f"num_output: 4 {settings}"), [(2, 6, 3, 4)])
    down, a, b = build(text(f"num_output: 6 {settings}", "Convolution"), [y[0].shape])
    down.blobs[0].data[...] = up.blobs[0].data
    up.forward(x, y)
    down.forward(a, b)
    assert b[0].shape == x[0].shape
    assert np.isclose((y[0].data * a[0].data).sum(), (x[0].data * b[0].data).sum())


def test_each_channel_enlarged():
    """With a group for each channel and a bilinear kernel it enlarges, as in fully convolutional nets."""
    layer, bottom, top = build(
        text("num_output: 3 group: 3 kernel_size: 4 stride: 2 pad: 1 bias_term: false"), [np.full((1, 3, 4, 5), 2.0)]
    )
    slope = np.array([0.25, 0.75, 0.75, 0.25])
    layer.blobs[0].data[...] = np.outer(slope, slope)
    layer.forward(bottom, top)
    assert top[0].shape == (1, 3, 8, 10)
    assert np.allclose(top[0].data[:, :, 1:-1, 1:-1], 2)
