"""Windows of images to predictions. The figures of the crops were computed by the original."""

import numpy as np
import pytest
from PIL import Image

import cafflite
from cafflite.errors import BackendError, DataError, ShapeError

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: CHANNELS dim: 5 dim: 5 } } }
layer { name: "pool" type: "Pooling" bottom: "data" top: "pool" pooling_param { pool: AVE global_pooling: true } }
"""
SETTINGS = {"mean": np.array([50.0, 100.0, 150.0]), "raw_scale": 200, "channel_swap": (2, 1, 0)}
RAMP = ((10 * np.arange(7)[:, None, None] + np.arange(8)[:, None] + np.arange(3) / 4) / 100).astype(np.float32)


@pytest.fixture
def detector(tmp_path):
    """Makes a Detector of a net that gives the mean of each channel."""

    def make(channels=3, **settings):
        (tmp_path / "deploy.prototxt").write_text(NET.replace("CHANNELS", str(channels)))
        cafflite.Net(tmp_path / "deploy.prototxt", cafflite.TEST).save(tmp_path / "net.caffemodel")
        return cafflite.Detector(tmp_path / "deploy.prototxt", tmp_path / "net.caffemodel", **settings)

    return make


@pytest.mark.parametrize(
    ("window", "rows", "columns"),
    [
        ((2, 3, 5, 6), [0.131, 0.251, 0.371, 0.491, 0.611], [0, 0.012, 0.024, 0.036, 0.048]),
        ((0, 5, 4, 8), [None, 0.0775, 0.2525, 0.4275, 0.6025], [0, 0.01, 0.02, 0.03, None]),  # None: outside
        ((1, 1, 6, 3), [0.0375, 0.2125, 0.3875, 0.5625, None], [0, 0.01, 0.02, 0.03, 0.04]),
    ],
)
def test_crops_with_context(detector, window, rows, columns):
    crop = detector(context_pad=1, **SETTINGS).crop(RAMP, window)
    mean = [0.75, 0.5, 0.25]  # in the colors of the image
    for channel in range(3):
        expected = [
            [mean[channel] if None in (row, column) else row + column + channel / 400 for column in columns]
            for row in rows
        ]
        np.testing.assert_allclose(crop[:, :, channel], expected, rtol=1e-5)


def test_crops_without_context(detector):
    np.testing.assert_array_equal(detector().crop(RAMP, np.array([1.0, 2.0, 4.0, 7.0])), RAMP[1:4, 2:7])


def test_context_of_a_net_without_mean_is_black(detector):
    crop = detector(context_pad=1).crop(RAMP + 1, (0, 0, 3, 3))
    assert not crop[0].any()
    assert crop[-1, -1].all()


def test_detect_windows(detector, tmp_path):
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (7, 8, 3), dtype=np.uint8) for _ in range(2)]
    paths = [str(tmp_path / f"{i}.png") for i in range(2)]
    for image, path in zip(images, paths, strict=True):
        Image.fromarray(image).save(path)
    windows = [np.array([[0, 0, 5, 5], [2, 3, 7, 8]]), [[1, 2, 6, 7]]]
    found = detector(**SETTINGS).detect_windows(zip(paths, windows, strict=True))
    assert [detection["filename"] for detection in found] == [paths[0], paths[0], paths[1]]
    assert [list(detection["window"]) for detection in found] == [[0, 0, 5, 5], [2, 3, 7, 8], [1, 2, 6, 7]]
    for detection in found:
        top, left, bottom, right = detection["window"]
        image = images[paths.index(detection["filename"])]
        mean_color = image[top:bottom, left:right].mean(axis=(0, 1))[::-1] / 255 * 200
        np.testing.assert_allclose(detection["prediction"].ravel(), mean_color - SETTINGS["mean"], rtol=1e-4, atol=1e-3)
    assert detector().detect_windows([(paths[0], [])]) == []


def test_a_net_of_one_channel_sees_grey(detector, tmp_path):
    Image.new("RGB", (8, 8), (255, 0, 0)).save(tmp_path / "red.png")
    (found,) = detector(channels=1, context_pad=1).detect_windows([(tmp_path / "red.png", [(2, 2, 5, 5)])])
    np.testing.assert_allclose(found["prediction"].ravel(), 0.2125, rtol=1e-5)


@pytest.mark.parametrize("context_pad", [None, 1])
@pytest.mark.parametrize(
    ("window", "message"),
    [
        ((9, 9, 12, 12), r"window \[9.0, 9.0, 12.0, 12.0\] lies outside of its image of 7 x 8 pixels"),
        ((-9, -9, -6, -6), "lies outside of its image"),
        ((0, 0, 5), r"window is \(0, 0, 5\), expected ymin, xmin, ymax, xmax"),
        ((0, 0, 5, float("nan")), "expected ymin, xmin, ymax, xmax"),
    ],
)
def test_windows_that_cannot_be_cropped(detector, context_pad, window, message):
    with pytest.raises(ShapeError, match=message):
        detector(context_pad=context_pad).crop(RAMP, window)


def test_a_window_that_begins_outside_needs_context(detector):
    with pytest.raises(ShapeError, match="lies outside"):
        detector().crop(RAMP, (-1, 0, 4, 4))
    assert detector(context_pad=1).crop(RAMP, (-1, 0, 4, 4)).shape == (5, 5, 3)


@pytest.mark.parametrize("context_pad", [3, -1])
def test_context_that_leaves_no_window(detector, context_pad):
    with pytest.raises(ShapeError, match=f"context_pad is {context_pad}, and the net's input has 5 x 5 pixels"):
        detector(context_pad=context_pad)


def test_what_is_not_there(detector):
    with pytest.raises(BackendError, match="selective search is a MATLAB program"):
        detector().detect_selective_search(["image.png"])
    with pytest.raises(DataError, match=r"none.png: the image cannot be read"):
        detector().detect_windows([("none.png", [(0, 0, 1, 1)])])
