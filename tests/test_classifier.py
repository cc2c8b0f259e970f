"""Images to probabilities, held to the same steps written out."""

import numpy as np
import pytest

import cafflite
from cafflite.errors import NetError, ShapeError
from cafflite.resample import resize_image

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 4 dim: 3 dim: 5 dim: 6 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 4 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""
SETTINGS = {"mean": np.array([1.0, 2.0, 3.0]), "input_scale": 0.5, "raw_scale": 255, "channel_swap": (2, 1, 0)}
RANDOM = np.random.default_rng(0)
IMAGES = [RANDOM.random((8, 9, 3), np.float32), RANDOM.random((12, 7, 3), np.float32)]


@pytest.fixture
def files(tmp_path):
    """The paths of a net and of its weights."""
    (tmp_path / "deploy.prototxt").write_text(NET)
    cafflite.Net(tmp_path / "deploy.prototxt", cafflite.TEST).save(tmp_path / "net.caffemodel")
    return str(tmp_path / "deploy.prototxt"), str(tmp_path / "net.caffemodel")


def probabilities(classifier, image):
    """What the net makes of an image (5, 6, 3)."""
    x = ((255 * image[:, :, ::-1] - [1, 2, 3]) * 0.5).transpose(2, 0, 1)
    scores = np.exp(classifier.params["ip"][0].data @ x.ravel())
    return scores / scores.sum()


@pytest.mark.parametrize(
    ("image_dims", "center"), [(None, (0, 0)), ((5, 6), (0, 0)), ((8, 9), (1, 1)), (np.array([10, 6]), (2, 0))]
)
def test_predict(files, image_dims, center):
    classifier = cafflite.Classifier(*files, image_dims=image_dims, **SETTINGS)
    height, width = (5, 6) if image_dims is None else image_dims
    images = [resize_image(image, (height, width)) for image in IMAGES]
    corners = [(0, 0), (0, width - 6), (height - 5, 0), (height - 5, width - 6), center]
    crops = np.array([[image[y : y + 5, x : x + 6] for y, x in corners] for image in images])
    expected = np.array([[probabilities(classifier, crop) for crop in row] for row in crops])
    mirrored = np.array([[probabilities(classifier, crop[:, ::-1]) for crop in row] for row in crops])
    tolerance = {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(classifier.predict(IMAGES, oversample=False), expected[:, 4], **tolerance)
    ten = np.concatenate([expected, mirrored], axis=1).mean(axis=1)
    np.testing.assert_allclose(classifier.predict(IMAGES), ten, **tolerance)


def test_a_classifier_is_a_net(files):
    classifier = cafflite.Classifier(*files)
    assert isinstance(classifier, cafflite.Net)
    assert (classifier.crop_dims == (5, 6)).all()
    image = np.zeros((5, 6, 3), np.float32)
    np.testing.assert_array_equal(classifier.transformer.preprocess("data", image), image.transpose(2, 0, 1))


def test_more_images_than_a_batch(files):
    classifier = cafflite.Classifier(*files, **SETTINGS)
    found = classifier.predict(IMAGES * 3, oversample=False)
    np.testing.assert_array_equal(found, np.tile(classifier.predict(IMAGES, oversample=False), (3, 1)))


@pytest.mark.parametrize(
    ("image_dims", "inputs", "message"),
    [
        (None, [], "there are no images"),
        ((4, 6), IMAGES, "images of 4 x 6 pixels are smaller than their crops of 5 x 6"),
        (None, [IMAGES[0], IMAGES[1][:, :, :1]], r"image 1 has shape \(5, 6, 1\)"),
        (None, [IMAGES[0][:, :, 0]], r"image has shape \(8, 9\), expected \(height, width, channels\)"),
        (None, [IMAGES[0][:, :, :1]], r"has 1 channels, expected 3"),
    ],
)
def test_images_that_cannot_be_classified(files, image_dims, inputs, message):
    with pytest.raises(ShapeError, match=message):
        cafflite.Classifier(*files, image_dims=image_dims, **SETTINGS).predict(inputs)


@pytest.mark.parametrize("kind", ['type: "DummyData" dummy_data_param', 'type: "Input" input_param'])
def test_a_net_without_images(files, tmp_path, kind):
    (tmp_path / "other.prototxt").write_text('layer { name: "x" top: "x" ' + kind + " { shape { dim: 2 } } }")
    with pytest.raises(NetError, match="the net has no input for images"):
        cafflite.Classifier(tmp_path / "other.prototxt", files[1])
