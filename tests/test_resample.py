"""Resizing and cropping of images as arrays. Figures without a formula were computed by the original."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafflite.errors import BackendError, ShapeError
from cafflite.resample import center_crop, oversample, resize_image

RAMP = np.arange(35, dtype=np.float32).reshape(5, 7, 1) ** 2
SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4))
SEEDS = st.integers(0, 2**32 - 1)


def random_image(shape, seed):
    return np.random.default_rng(seed).normal(scale=100, size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (3, [[0, 0.625, 1.875, 1.875], [2.25, 3.75, 5.25, 4.5], [3.75, 5.625, 6.875, 5.625]]),  # a dark border
        (2, [[0, 2 / 3, 4 / 3, 2], [2, 8 / 3, 10 / 3, 4], [4, 14 / 3, 16 / 3, 6]]),  # corners stay corners
    ],
)
def test_the_rule_goes_by_the_number_of_channels(channels, expected):
    image = np.arange(4 * channels).reshape(2, 2, channels)
    resized = resize_image(image, (3, 4))
    assert resized.dtype == np.float32
    np.testing.assert_allclose(resized[:, :, 0], expected, rtol=1e-6)


def test_nothing_is_smoothed_before_an_image_is_made_smaller():
    expected = [[44.416668, 77.25, 121.416664], [557.75, 672.25, 798.0833]]
    np.testing.assert_allclose(resize_image(RAMP, (2, 3))[:, :, 0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("order", "channels", "expected"),
    [
        (0, 1, [[64, 100, 144], [484, 576, 676]]),
        (3, 1, [[35.045063, 65.48872, 118.96055], [649.2671, 734.12573, 938.27]]),
        (3, 2, [[0, 9, 36], [784, 961, 1156]]),
    ],
)
def test_other_orders(order, channels, expected):
    pytest.importorskip("scipy", reason="other orders need the extra scipy")
    image = np.repeat(RAMP, channels, axis=2)
    np.testing.assert_allclose(resize_image(image, (2, 3), interp_order=order)[:, :, 0], expected, rtol=1e-5, atol=1e-4)


def test_other_orders_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    with pytest.raises(BackendError, match=r"interp_order 3 needs SciPy.*pip install 'cafflite\[scipy\]'"):
        resize_image(RAMP, (2, 3), interp_order=3)


@settings(deadline=None)
@given(SIZES, SIZES, st.integers(1, 4), st.floats(-1e6, 1e6, width=32))
def test_a_constant_image_stays_constant(size, new_size, channels, value):
    resized = resize_image(np.full((*size, channels), value), new_size)
    np.testing.assert_array_equal(resized, np.full((*new_size, channels), value, np.float32))


@settings(deadline=None)
@given(SHAPES, SEEDS)
def test_the_same_size_is_the_same_image(shape, seed):
    image = random_image(shape, seed)
    np.testing.assert_array_equal(resize_image(image, image.shape[:2]), image)


@settings(deadline=None)
@given(SHAPES, SEEDS, SIZES)
def test_values_stay_in_the_range_of_the_image(shape, seed, size):
    image = random_image(shape, seed)
    resized = resize_image(image, size)
    slack = 1e-6 * max(1, abs(image).max())
    assert resized.shape == (*size, image.shape[2])
    assert image.min() - slack <= resized.min() <= resized.max() <= image.max() + slack


@pytest.mark.parametrize(
    ("shape", "size", "order", "message"),
    [
        ((4, 4), (2, 2), 1, r"image has shape \(4, 4\), expected \(height, width, channels\)"),
        ((0, 4, 3), (2, 2), 1, r"image has shape \(0, 4, 3\)"),
        ((4, 4, 3), (2, 0), 1, r"new size of the image is \(2, 0\)"),
        ((4, 4, 3), (), 1, r"new size of the image is \(\)"),
        ((4, 4, 3), (2, 2), 6, "interp_order is 6, expected 0 to 5"),
    ],
)
def test_what_cannot_be_resized(shape, size, order, message):
    with pytest.raises(ShapeError, match=message):
        resize_image(np.arange(np.prod(shape)).reshape(shape), size, order)


@pytest.mark.parametrize(("crop", "center"), [((3, 3), (2, 2)), ((4, 2), (1, 3)), ((7, 8), (0, 0))])
def test_ten_crops(crop, center):
    images = [np.random.default_rng(seed).random((7, 8, 3)) for seed in (0, 1)]
    height, width = crop
    places = [(0, 0), (0, 8 - width), (7 - height, 0), (7 - height, 8 - width), center]
    expected = []
    for image in images:
        crops = [image[y : y + height, x : x + width] for y, x in places]
        expected += crops + [crop[:, ::-1] for crop in crops]
    found = oversample(images, crop)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array(expected, np.float32))
    np.testing.assert_array_equal(center_crop(images, crop), found[4::10])


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([], "there are no images"),
        ([(4, 4, 3), (4, 5, 3)], r"image 1 has shape \(4, 5, 3\)"),
        ([(4, 4)], r"image 0 has shape \(4, 4\)"),
        ([(4, 2, 3)], "images of 4 x 2 pixels are smaller than their crops of 3 x 3"),
    ],
)
@pytest.mark.parametrize("cut", [oversample, center_crop])
def test_what_cannot_be_cropped(shapes, message, cut):
    with pytest.raises(ShapeError, match=message):
        cut([np.zeros(shape) for shape in shapes], (3, 3))
