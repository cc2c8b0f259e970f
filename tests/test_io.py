"""Caffe's module caffe.io: image files, and arrays in Caffe's messages."""

import io as streams

import numpy as np
import pytest
from PIL import Image

from cafflite import io
from cafflite.errors import DataError, ShapeError, WeightsError
from cafflite.proto import caffe_pb2

RGB = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
GREY = RGB[:, :, 0]
DEEP = GREY.astype(np.uint16) * 257 - (GREY > 100)


def rgba(pixels):
    return np.dstack([pixels, np.arange(20, dtype=np.uint8).reshape(5, 4)])


def palette_with_transparency():
    image = Image.fromarray(RGB).quantize(20)
    image.info["transparency"] = bytes(range(20))
    return image


@pytest.mark.parametrize(
    ("picture", "kind", "expected"),
    [
        (Image.fromarray(RGB), "png", RGB / 255),
        (Image.fromarray(rgba(RGB)), "png", RGB / 255),
        (Image.fromarray(GREY), "png", GREY[:, :, None] / 255),
        (Image.fromarray(np.dstack([GREY, GREY])).convert("LA"), "png", np.repeat(GREY[:, :, None], 3, 2) / 255),
        (Image.fromarray(GREY > 100), "png", (GREY > 100)[:, :, None]),
        (Image.fromarray(DEEP), "png", DEEP[:, :, None] / 65535),
        (Image.fromarray(GREY.astype(np.float32)), "tiff", GREY[:, :, None]),
        (palette_with_transparency(), "png", RGB / 255),
    ],
    ids=["RGB", "RGBA", "grey", "grey with alpha", "1 bit", "16 bits", "float", "palette with transparency"],
)
def test_load_image(tmp_path, picture, kind, expected):
    picture.save(tmp_path / f"image.{kind}")
    colors = io.load_image(str(tmp_path / f"image.{kind}"))
    assert colors.dtype == np.float32
    np.testing.assert_allclose(colors, np.broadcast_to(expected, (5, 4, 3)), rtol=1e-6)
    grey = io.load_image(tmp_path / f"image.{kind}", color=False)
    assert (grey.dtype, grey.shape) == (np.float32, (5, 4, 1))
    shares = [1] if expected.shape[2] == 1 else [0.2125, 0.7154, 0.0721]
    np.testing.assert_allclose(grey[:, :, 0], expected @ np.array(shares), rtol=1e-6)


def test_load_image_from_an_open_file():
    stream = streams.BytesIO()
    Image.fromarray(RGB).save(stream, "png")
    stream.seek(0)
    np.testing.assert_allclose(io.load_image(stream), RGB / 255, rtol=1e-6)


@pytest.mark.parametrize("color", [True, False])
def test_an_image_can_be_written_to(tmp_path, color):
    Image.fromarray(GREY.astype(np.float32)).save(tmp_path / "image.tiff")
    io.load_image(tmp_path / "image.tiff", color)[0, 0] = 7


def test_images_that_cannot_be_loaded(tmp_path):
    with pytest.raises(DataError, match=r"none.png: the image cannot be read: No such file"):
        io.load_image(tmp_path / "none.png")
    with pytest.raises(DataError, match=r"^<image>: this is no image"):
        io.load_image(streams.BytesIO(b"text"))


@pytest.mark.parametrize("shape", [(), (10,), (3, 4), (2, 1, 3, 4)])
def test_blobproto_round_trip(shape):
    data, diff = np.random.default_rng(0).random((2, *shape))
    blob = io.array_to_blobproto(data, diff)
    assert (list(blob.shape.dim), len(blob.data), len(blob.diff)) == (list(shape), data.size, data.size)
    for found, expected in ((io.blobproto_to_array(blob), data), (io.blobproto_to_array(blob, True), diff)):
        assert (found.dtype, found.shape) == (np.float64, shape)
        np.testing.assert_array_equal(found, expected.astype(np.float32))
    assert not io.array_to_blobproto(data).diff


def test_a_blob_of_the_first_years():
    blob = caffe_pb2.BlobProto(num=1, channels=2, height=1, width=3, data=range(6))
    found = io.blobproto_to_array(blob)
    found += 0  # it is the caller's own
    np.testing.assert_array_equal(found, np.arange(6).reshape(1, 2, 1, 3))


def test_a_scalar_has_no_shape():
    assert io.blobproto_to_array(caffe_pb2.BlobProto(data=[123])) == 123


@pytest.mark.parametrize(
    ("blob", "return_diff", "message"),
    [
        (caffe_pb2.BlobProto(data=range(6)), False, r"blob of shape \(\) holds 6 numbers in its data"),
        (io.array_to_blobproto(np.zeros((2, 3))), True, r"blob of shape \(2, 3\) holds 0 numbers in its diff"),
    ],
)
def test_blobs_without_their_numbers(blob, return_diff, message):
    with pytest.raises(WeightsError, match=message) as caught:
        io.blobproto_to_array(blob, return_diff)
    assert isinstance(caught.value, ValueError)  # as the original's


def test_a_diff_has_as_many_numbers_as_its_data():
    with pytest.raises(ShapeError, match=r"diff has shape \(2,\), expected as many numbers as the data, \(3,\)"):
        io.array_to_blobproto(np.zeros(3), np.zeros(2))


def test_blobprotovector_round_trip():
    arrays = [np.arange(6.0).reshape(2, 3), np.float64(7)]
    found = io.blobprotovector_str_to_arraylist(io.arraylist_to_blobprotovector_str(arrays))
    assert [array.tolist() for array in found] == [array.tolist() for array in arrays]
    with pytest.raises(DataError, match="these bytes are not a BlobProtoVector"):
        io.blobprotovector_str_to_arraylist(b"\xff")


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_datum_round_trip(dtype):
    array = np.arange(24).reshape(4, 3, 2).transpose(2, 1, 0).astype(dtype)  # not contiguous
    datum = io.array_to_datum(array, label=3)
    assert (datum.channels, datum.height, datum.width, datum.label) == (2, 3, 4, 3)
    assert bool(datum.data) == (dtype == np.uint8) != bool(datum.float_data)
    found = io.datum_to_array(datum)
    assert found.dtype == (np.uint8 if dtype == np.uint8 else np.float64)
    found += 0  # it is the caller's own
    np.testing.assert_array_equal(found, array)
    assert not io.array_to_datum(array).HasField("label")


def test_arrays_and_datums_that_do_not_fit():
    with pytest.raises(DataError, match=r"found the shape \(3, 4\)") as caught:
        io.array_to_datum(np.zeros((3, 4)))
    assert isinstance(caught.value, ValueError)  # as the original's
    with pytest.raises(DataError, match="the Datum holds 2 numbers, expected channels x height x width = 1 x 1 x 3"):
        io.datum_to_array(caffe_pb2.Datum(channels=1, height=1, width=3, data=b"ab"))


class Foreign:
    """A message of another caffe_pb2 module: it has no fields but Caffe's own, and is of another class."""

    def __init__(self, message):
        self.message = message

    def __getattr__(self, name):
        if name.startswith("raw_"):
            raise ValueError(f"protocol message has no field {name}")
        return getattr(self.message, name)


def test_messages_of_another_module():
    array = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    np.testing.assert_array_equal(io.datum_to_array(Foreign(io.array_to_datum(array))), array)
    np.testing.assert_array_equal(io.blobproto_to_array(Foreign(io.array_to_blobproto(array))), array)
