import numpy as np
import pytest

from cafflite.errors import NetError, ShapeError
from cafflite.proto.caffe_pb2 import TEST
from tests.gradient_check import build, check


def text(settings: str) -> str:
    return f'type: "SPP" spp_param {{ {settings} }}'


@pytest.mark.parametrize(
    ("settings", "shape", "top"),
    [
        ("pyramid_height: 1", (2, 3, 5, 6), (2, 3, 1, 1)),
        ("pyramid_height: 2", (2, 3, 7, 9), (2, 3 * 5)),
        ("pyramid_height: 3 pool: AVE", (2, 2, 8, 11), (2, 2 * 21)),
        ("pyramid_height: 3 pool: AVE", (1, 2, 4, 6), (1, 2 * 21)),
    ],
)
def test_gradient_and_shape(settings, shape, top):
    check(text(settings), [shape])
    assert build(text(settings), [shape])[2][0].shape == top


def test_levels_lie_one_after_the_other_each_channel_by_channel():
    layer, bottom, top = build(text("pyramid_height: 2"), [(2, 3, 4, 6)])
    layer.forward(bottom, top)
    x = bottom[0].data
    fine = x.reshape(2, 3, 2, 2, 2, 3).max(axis=(3, 5))
    assert np.array_equal(top[0].data, np.hstack([x.max(axis=(2, 3)), fine.reshape(2, 12)]))


@pytest.mark.parametrize("phase", [0, TEST])
def test_gradient_of_stochastic_pooling(phase):
    check(text("pyramid_height: 2 pool: STOCHASTIC"), [np.random.default_rng(3).uniform(0.1, 1, (2, 2, 4, 6))], phase)


def test_planes_of_any_size():
    layer, bottom, top = build(text("pyramid_height: 2"), [(2, 3, 7, 9)])
    bottom[0].reshape(1, 3, 16, 5)
    layer.reshape(bottom, top)
    layer.forward(bottom, top)
    assert top[0].shape == (1, 15)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ("", NetError, "pyramid_height is 0, expected 1 or more"),
        (
            "pyramid_height: 3",
            ShapeError,
            r"its input \(2, 3, 5, 6\) cannot be divided into the 4 by 4 windows of level 2",
        ),
        (
            "pyramid_height: 2 pool: STOCHASTIC",
            ShapeError,
            r"\(2, 3, 5, 6\) .* without padding, and STOCHASTIC .* none",
        ),
    ],
)
def test_pyramids_that_cannot_be(settings, error, message):
    with pytest.raises(error, match=message):
        build(text(settings), [(2, 3, 5, 6)])


def test_another_number_of_axes():
    with pytest.raises(ShapeError, match=r"its input has shape \(2, 3\), expected \(N, C, H, W\)"):
        build(text("pyramid_height: 1"), [(2, 3)])
