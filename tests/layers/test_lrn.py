import numpy as np
import pytest

from cafflite.errors import NetError, ShapeError
from tests.gradient_check import build, check


def text(settings: str) -> str:
    return f'type: "LRN" lrn_param {{ {settings} }}'


@pytest.mark.parametrize("region", ["ACROSS_CHANNELS", "WITHIN_CHANNEL"])
@pytest.mark.parametrize("settings", ["local_size: 3", "local_size: 5 alpha: 0.7 beta: 0.5 k: 2", "local_size: 1"])
def test_gradient(settings, region):
    check(text(f"{settings} norm_region: {region}"), [(2, 4, 3, 5)])


def test_across_channels():
    layer, bottom, top = build(text("local_size: 3 alpha: 0.6 beta: 2 k: 3"), [(1, 4, 1, 1)])
    layer.forward(bottom, top)
    x = bottom[0].data.ravel()
    squares = np.convolve(x * x, np.ones(3), "same")
    np.testing.assert_allclose(top[0].data.ravel(), x / (3 + np.float32(0.6) / 3 * squares) ** 2)


def test_within_a_channel_the_mean_is_over_the_square_and_k_is_1():
    layer, bottom, top = build(
        text("norm_region: WITHIN_CHANNEL local_size: 3 alpha: 9 beta: 1 k: 5"), [np.full((1, 2, 3, 3), 2.0)]
    )
    layer.forward(bottom, top)
    near = np.array([[4, 6, 4], [6, 9, 6], [4, 6, 4]])  # neighbours in the plane
    np.testing.assert_allclose(top[0].data, np.broadcast_to(2 / (1 + 4 * near), (1, 2, 3, 3)))


@pytest.mark.parametrize(("region", "shared"), [("ACROSS_CHANNELS", 1), ("WITHIN_CHANNEL", 2)])
@pytest.mark.parametrize("size", [9, 21, 2**31 - 1])
def test_windows_larger_than_the_input_cost_no_more(region, shared, size):
    settings = f"norm_region: {region} local_size: {size} alpha: {0.5 * size**shared} beta: 1"
    layer, bottom, top = build(text(settings), [(2, 4, 3, 5)])
    layer.forward(bottom, top)
    x = bottom[0].data
    squares = (x * x).sum(axis=1 if shared == 1 else (2, 3), keepdims=True)
    np.testing.assert_allclose(top[0].data, x / (1 + 0.5 * squares), rtol=1e-6)
    check(text(f"norm_region: {region} local_size: {size} alpha: 0.5"), [(2, 4, 3, 5)])


def test_an_even_size():
    with pytest.raises(NetError, match="local_size is 4, expected an odd number"):
        build(text("local_size: 4"), [(1, 2, 3, 3)])


def test_another_number_of_axes():
    with pytest.raises(ShapeError, match=r"its input has shape \(2, 3\), expected \(N, C, H, W\)"):
        build(text(""), [(2, 3)])
