import numpy as np
import pytest

from tests.gradient_check import build, check


def text(settings: str, specs: str = "") -> str:
    return f'type: "Convolution" convolution_param {{ {settings} }} {specs}'


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ("num_output: 2 kernel_size: 3 stride: 2 pad: 1", (2, 3, 5, 4)),
        ("num_output: 4 group: 2 kernel_h: 2 kernel_w: 3 pad_w: 1 bias_term: false", (2, 2, 4, 3)),
        ("num_output: 2 group: 2 kernel_size: 3 dilation: 2 pad: 2", (1, 2, 6, 5)),
        ("num_output: 2 kernel_size: 1", (2, 3, 2, 2)),
        ("num_output: 2 kernel_size: 1 stride: 2", (2, 3, 3, 3)),
        ("num_output: 2 kernel_size: 2 stride: 3", (2, 2, 6, 6)),
        ("num_output: 4 group: 2 kernel_size: 3 dilation: 2", (2, 4, 8)),
        ("num_output: 2 kernel_size: 2 stride: 2 stride: 1 stride: 2 pad: 1", (1, 2, 3, 3, 2)),
        ("num_output: 2 kernel_size: 2", (1, 2, 2, 3, 2, 3)),
        ("num_output: 2 kernel_size: 2 axis: 0", (3, 4, 3)),
        ("num_output: 2 axis: -1", (2, 3, 4)),
    ],
)
def test_gradient(settings, shape):
    check(text(settings), [shape])


def test_gradient_of_several_bottoms():
    check(text("num_output: 2 kernel_size: 2"), [(2, 2, 3, 3)] * 2)
    check(text("num_output: 2 kernel_size: 2"), [(2, 2, 3, 3)] * 2, propagate_down=[False, True])


@pytest.mark.parametrize("frozen", [(0, 1), (1, 0), (0, 0)])
def test_frozen_parameters(frozen):
    specs = " ".join(f"param {{ lr_mult: {rate} }}" for rate in frozen)
    check(text("num_output: 2 kernel_size: 2", specs), [(2, 2, 3, 3)])


@pytest.mark.parametrize(
    ("settings", "shape", "weight", "top"),
    [
        ("num_output: 6 group: 3 kernel_size: 3", (2, 3, 7, 6), (6, 1, 3, 3), (2, 6, 5, 4)),
        ("num_output: 4 kernel_size: 3 stride: 2", (2, 3, 8, 7), (4, 3, 3, 3), (2, 4, 3, 3)),
        ("num_output: 4 kernel_size: 3 dilation: 2 pad: 2", (2, 3, 8, 7), (4, 3, 3, 3), (2, 4, 8, 7)),
        ("num_output: 4 kernel_h: 1 kernel_w: 5", (2, 3, 8, 7), (4, 3, 1, 5), (2, 4, 8, 3)),
        ("num_output: 4 kernel_size: 3 stride: 2", (2, 3, 2, 9), (4, 3, 3, 3), (2, 4, 1, 4)),  # it overhangs
        ("num_output: 4 kernel_size: 3", (2, 3, 7), (4, 3, 3), (2, 4, 5)),
        ("num_output: 4 kernel_size: 2", (2, 3, 7, 6, 5), (4, 3, 2, 2, 2), (2, 4, 6, 5, 4)),
        ("num_output: 4", (2, 3), (4, 3), (2, 4)),
    ],
)
def test_shapes(settings, shape, weight, top):
    layer, _, tops = build(text(settings), [shape])
    assert [blob.shape for blob in layer.blobs] == [weight, weight[:1]]
    assert tops[0].shape == top


def test_values_of_a_grouped_dilated_convolution():
    layer, bottom, top = build(
        text("num_output: 2 group: 2 kernel_size: 2 stride: 2 pad: 1 dilation: 2"), [(1, 2, 3, 3)]
    )
    layer.forward(bottom, top)
    (x,) = np.pad(bottom[0].data, ((0, 0), (0, 0), (1, 1), (1, 1)))
    w, b = (blob.data for blob in layer.blobs)
    for m in range(2):
        for i, j in np.ndindex(2, 2):
            seen = x[m, 2 * i : 2 * i + 3 : 2, 2 * j : 2 * j + 3 : 2]
            assert np.isclose(top[0].data[0, m, i, j], (w[m, 0] * seen).sum() + b[m])


def test_force_nd_im2col_changes_nothing():
    results = []
    for flag in ("true", "false"):
        layer, bottom, top = build(text(f"num_output: 2 kernel_size: 3 pad: 1 force_nd_im2col: {flag}"), [(2, 3, 4, 4)])
        layer.forward(bottom, top)
        results.append(top[0].data.tobytes())
    assert results[0] == results[1]
