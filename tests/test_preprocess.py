"""From images to inputs of a net and back."""

import json
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from cafflite.errors import ShapeError, UnknownNameError
from cafflite.preprocess import Transformer
from cafflite.resample import resize_image

GOLDEN = sorted(Path(__file__).parent.glob("golden/pycaffe/transformer_*"))


def transformer(shape, **settings) -> Transformer:
    """A Transformer of one input "data"; a setting of "mean" calls set_mean."""
    made = Transformer({"data": shape})
    for name, value in settings.items():
        getattr(made, f"set_{name}")("data", value)
    return made


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda folder: folder.name)
def test_golden(folder):
    meta = json.loads((folder / "meta.json").read_text())
    data = np.load(folder / "data.npz")
    names = {"transpose": "transpose", "swap": "channel_swap", "raw": "raw_scale", "scale": "input_scale"}
    settings = {names[key]: value for key, value in meta["options"].items() if key in names}
    if "mean" in data:
        settings["mean"] = data["mean"]
    made = transformer((1, *data["preprocessed"].shape), **settings)
    image = data["image"].copy()
    preprocessed = made.preprocess("data", image)
    tolerance = {"rtol": meta["rtol"], "atol": meta["atol"]}
    np.testing.assert_allclose(preprocessed, data["preprocessed"], **tolerance)
    np.testing.assert_allclose(made.deprocess("data", preprocessed), data["deprocessed"], **tolerance)
    np.testing.assert_array_equal(image, data["image"])  # left as it was


def test_the_order_of_the_steps():
    scales = {"input_scale": 10, "raw_scale": 255}
    made = transformer((1, 3, 1, 1), mean=np.array([1, 2, 3]), channel_swap=(2, 1, 0), transpose=(2, 0, 1), **scales)
    found = made.preprocess("data", np.array([[[0.0, 0.2, 1.0]]]))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.ravel(), [(255 - 1) * 10, (51 - 2) * 10, (0 - 3) * 10], rtol=1e-6)


@hypothesis.settings(deadline=None)
@hypothesis.given(
    st.integers(1, 4).flatmap(lambda k: st.tuples(st.just(k), st.permutations(range(k)))),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_deprocess_undoes_preprocess(channels_and_swap, size, with_batch_axis, seed):
    channels, swap = channels_and_swap
    random = np.random.default_rng(seed)
    made = transformer(
        (10, channels, *size),
        transpose=(2, 0, 1),
        channel_swap=swap,
        raw_scale=255,
        mean=random.random((channels, *size)) * 200,
        input_scale=0.017,
    )
    image = random.random((*size, channels), np.float32)
    found = made.preprocess("data", image)
    np.testing.assert_allclose(made.deprocess("data", found[None] if with_batch_axis else found), image, atol=1e-5)


@pytest.mark.parametrize(
    ("mean", "expected"),
    [
        (np.array([1.0, 2.0]), np.array([1.0, 2.0])[:, None, None]),
        (np.arange(24.0).reshape(2, 3, 4), np.arange(24.0).reshape(2, 3, 4)),
        (np.arange(12).reshape(3, 4), np.arange(12).reshape(1, 3, 4)),
        (
            np.arange(60.0).reshape(2, 5, 6),
            resize_image(np.arange(60.0).reshape(2, 5, 6).transpose(1, 2, 0), (3, 4)).transpose(2, 0, 1),
        ),
        (np.full((2, 9, 9), 7.0), np.full((2, 3, 4), 7.0)),
    ],
    ids=["a number a channel", "an image", "a grey image", "an image of another size", "a constant one"],
)
def test_means(mean, expected):
    found = transformer((1, 2, 3, 4), transpose=(2, 0, 1), mean=mean).preprocess("data", np.ones((3, 4, 2)))
    np.testing.assert_allclose(found, np.broadcast_to(1 - expected, (2, 3, 4)), rtol=1e-6)


def test_without_a_transpose_axes_of_length_one_are_left_out():
    made = transformer((1, 1, 3, 4), raw_scale=2)
    assert made.deprocess("data", np.ones((1, 1, 3, 4))).shape == (3, 4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"transpose": (2, 0)}, r"transpose of input 'data' is \(2, 0\), expected an order of 0 to 2"),
        ({"transpose": (2, 0, 0)}, "expected an order of 0 to 2"),
        ({"channel_swap": (1, 0)}, r"channel swap of input 'data' is \(1, 0\), expected 3 channels"),
        ({"channel_swap": (3, 1, 0)}, "expected 3 channels"),
        ({"mean": np.zeros(2)}, r"mean of input 'data' has shape \(2,\), expected \(3,\)"),
        ({"mean": np.zeros((2, 4, 5))}, r"has shape \(2, 4, 5\), expected"),
        ({"mean": np.zeros((1, 3, 4, 5))}, r"has shape \(1, 3, 4, 5\), expected"),
    ],
)
def test_settings_that_do_not_fit_the_input(settings, message):
    with pytest.raises(ShapeError, match=message) as caught:
        transformer((1, 3, 4, 5), **settings)
    assert isinstance(caught.value, ValueError)  # as the original's


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        ({"transpose": (2, 0, 1)}, (4, 5), r"has shape \(4, 5\), expected 3 axes"),
        ({"transpose": (2, 0, 1), "channel_swap": (2, 1, 0)}, (4, 5, 1), "has 1 channels, expected 3"),
        ({"transpose": (2, 0, 1), "mean": np.zeros(3)}, (4, 5, 2), r"shape \(3, 1, 1\), and the data has \(2, 4, 5\)"),
        ({}, (6, 7), r"image has shape \(6, 7\)"),
    ],
)
def test_images_that_do_not_fit_the_input(settings, shape, message):
    with pytest.raises(ShapeError, match=message):
        transformer((1, 3, 4, 5), **settings).preprocess("data", np.zeros(shape))


def test_a_batch_is_not_deprocessed():
    with pytest.raises(ShapeError, match=r"data of input 'data' has shape \(2, 3, 4, 5\), expected 3 axes"):
        transformer((2, 3, 4, 5)).deprocess("data", np.zeros((2, 3, 4, 5)))


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("preprocess", np.zeros((4, 5, 3))),
        ("deprocess", np.zeros((3, 4, 5))),
        ("set_transpose", (2, 0, 1)),
        ("set_channel_swap", (2, 1, 0)),
        ("set_raw_scale", 255),
        ("set_mean", np.zeros(3)),
        ("set_input_scale", 1),
    ],
)
def test_an_input_that_is_not_there(method, value):
    with pytest.raises(UnknownNameError, match="'image' is none of the inputs that there are shapes for: data"):
        getattr(transformer((1, 3, 4, 5)), method)("image", value)
