import numpy as np
import pytest

from cafflite import datum, image
from cafflite.errors import DataError
from cafflite.proto.caffe_pb2 import Datum


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_there_and_back(dtype) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    made = datum.from_array(array, label=7)
    assert (made.channels, made.height, made.width, made.label, made.encoded) == (2, 3, 4, 7, False)
    assert bool(made.data) == (dtype == np.uint8)
    found = datum.to_array(datum.parse(made.SerializeToString(), "it"), "it")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, array)


def test_views_and_other_numbers() -> None:
    array = np.arange(24, dtype=np.int64).reshape(2, 3, 4)[:, ::-1, ::2]
    np.testing.assert_array_equal(datum.to_array(datum.from_array(array), "it"), array)


def test_bytes_go_before_floats() -> None:
    both = Datum(channels=1, height=1, width=2, data=b"\x01\x02", float_data=[3, 4])
    assert datum.to_array(both, "it").ravel().tolist() == [1, 2]


@pytest.mark.parametrize("stored", [1, 3])
@pytest.mark.parametrize(("color", "channels"), [(True, 3), (False, 1), (None, None)])
def test_an_encoded_image_as_asked_for(stored, color, channels) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (stored, 5, 6), np.uint8)
    encoded = Datum(encoded=True, data=image.encode(pixels, "png"))
    found = datum.to_array(encoded, "it", color)
    assert found.shape == (channels or stored, 5, 6)
    np.testing.assert_array_equal(found, image.decode(encoded.data, color, "it"))
    if color is None:
        np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            Datum(channels=3, height=2, width=2, data=bytes(11)),
            "holds 11 numbers, expected channels x height x width = 3 x 2 x 2",
        ),
        (Datum(channels=1, height=2, width=2, float_data=[1]), "holds 1 numbers, expected .* = 1 x 2 x 2"),
        (Datum(channels=-1, height=-2, width=2, data=bytes(4)), "holds 4 numbers, expected .* = -1 x -2 x 2"),
        (Datum(channels=2**30, height=2**30, width=2**30), "holds 0 numbers, expected .* = 1073741824 x 1073741824"),
        (Datum(), "holds 0 numbers, expected .* = 0 x 0 x 0"),
        (Datum(encoded=True, data=b"\x89PNG\r\n\x1a\n"), "this is no image"),
        (Datum(encoded=True, data=image.encode(np.ones((3, 9, 9), np.uint8), "png")[:50]), "the image is damaged"),
    ],
)
def test_a_datum_that_does_not_fit(wrong, message) -> None:
    with pytest.raises(DataError, match=f"^record '00000007_x': .*{message}"):
        datum.to_array(wrong, "record '00000007_x'")


def test_bytes_that_are_no_datum() -> None:
    with pytest.raises(DataError, match="^record '1': this record is not a Datum, or a damaged one$"):
        datum.parse(b"\xff\xff\xff", "record '1'")


def test_an_array_of_two_axes() -> None:
    with pytest.raises(DataError, match=r"made of an array \(channels, height, width\), found the shape \(2, 3\)"):
        datum.from_array(np.zeros((2, 3)))
