"""Images, held to OpenCV: opencv.npz has small image files and what OpenCV 5.0.0 made of them."""

import struct
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cafflite import image
from cafflite.backend import kernels_resize
from cafflite.errors import DataError

OPENCV = dict(np.load(Path(__file__).with_name("opencv.npz")))
FILES = [key.removeprefix("file:") for key in OPENCV if key.startswith("file:")]
RESIZED = [key.removeprefix("from:") for key in OPENCV if key.startswith("from:")]
WAYS = {"color": True, "grey": False, "stored": None}

# libpng weighs the 16 bits of a colour, Pillow hands out the upper 8 of them.
ROUNDED_OTHERWISE = {("color_16.png", "grey"): 1, ("cmyk.jpg", "grey"): 1}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FILES)
def test_an_image_is_what_opencv_reads(name, way) -> None:
    found = image.decode(OPENCV[f"file:{name}"].tobytes(), WAYS[way], name)
    expected = OPENCV[f"{way}:{name}"]
    assert (found.dtype, found.shape) == (np.uint8, expected.shape)
    difference = np.abs(found.astype(int) - expected)
    assert difference.max() <= ROUNDED_OTHERWISE.get((name, way), 0)


@pytest.mark.parametrize("number", RESIZED)
def test_resizing_is_opencvs_to_the_bit(number) -> None:
    expected = OPENCV[f"to:{number}"]
    np.testing.assert_array_equal(image.resize(OPENCV[f"from:{number}"], *expected.shape[1:]), expected)


def linear(pixels: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Linear interpolation along an axis, in floats."""
    old = pixels.shape[axis]
    place = ((np.arange(size) + 0.5) * old / size - 0.5).clip(0, old - 1)
    first = np.floor(place).astype(int)
    second = np.minimum(first + 1, old - 1)
    share = (place - first).reshape([-1 if i == axis else 1 for i in range(3)])
    return pixels.take(first, axis) * (1 - share) + pixels.take(second, axis) * share


sizes = st.integers(1, 40)


@settings(deadline=None)
@given(st.sampled_from([1, 3, 4]), sizes, sizes, sizes, sizes, st.integers(0, 2**32))
def test_resizing_is_linear_interpolation(channels, height, width, new_height, new_width, seed) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (channels, height, width), np.uint8)
    found = image.resize(pixels, new_height, new_width)
    expected = linear(linear(pixels.astype(float), new_height, 1), new_width, 2)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1.1  # rounding, and weights of 11 bits


@settings(deadline=None)
@given(st.sampled_from([1, 3]), sizes, sizes, sizes, sizes, st.integers(0, 2**32))
def test_the_kernel_is_its_twin(channels, height, width, new_height, new_width, seed) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    places = (*image._neighbours(width, new_width), *image._neighbours(height, new_height))
    np.testing.assert_array_equal(kernels_resize.interpolate(pixels, *places), image.interpolate(pixels, *places))


def test_resizing_takes_any_view() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)[::2, ::-1, ::-1].transpose(2, 0, 1)
    np.testing.assert_array_equal(image.resize(pixels, 7, 9), image.resize(np.ascontiguousarray(pixels), 7, 9))


@pytest.mark.parametrize(("height", "width"), [(2**31 - 1, 7), (7, 2**20 + 1), (2**16, 2**15)])
def test_a_size_that_no_image_has(height, width) -> None:
    message = f"it to is {height:,} x {width:,} pixels, expected at most 1,048,576 to a side and 1,073,741,824 in all"
    with pytest.raises(DataError, match=message):
        image.resize(np.zeros((3, 5, 5), np.uint8), height, width)


@pytest.mark.parametrize("kind", ["png", "PNG", "bmp", "tif", "tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_encoded_is_decoded_again(kind, channels) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (channels, 13, 17), np.uint8)
    np.testing.assert_array_equal(image.decode(image.encode(pixels, kind), None, "it"), pixels)


@pytest.mark.parametrize("kind", ["jpg", "jpeg", "JPG"])
def test_jpeg_files_come_close(kind) -> None:
    pixels = np.broadcast_to(np.arange(0, 240, 10, dtype=np.uint8), (3, 16, 24))
    found = image.decode(image.encode(pixels, kind), True, "it")
    assert np.abs(found.astype(int) - pixels).max() <= 3


def test_an_unknown_kind() -> None:
    with pytest.raises(DataError, match="images of the kind 'eps' cannot be written, expected one of bmp, jpeg, jpg, "):
        image.encode(np.zeros((1, 2, 2), np.uint8), "eps")


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, about the metadata
@pytest.mark.parametrize("name", ["color.jpg", "progressive.jpg", "color.png", "palette.png", "color.bmp", "color.tif"])
def test_a_file_that_is_cut_off_is_an_error_or_whole(name) -> None:
    """Only what follows the last pixel, such as the marker of the end, may be missing."""
    content = OPENCV[f"file:{name}"].tobytes()
    whole = image.decode(content, True, name)
    refused = 0
    for size in range(0, len(content), 3):
        try:
            found = image.decode(content[:size], True, name)
        except DataError as error:
            assert str(error).startswith(f"{name}: ")
            refused += 1
        else:
            np.testing.assert_array_equal(found, whole)
    assert refused > 0.6 * len(content) / 3


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, about the metadata
@pytest.mark.parametrize("name", FILES)
def test_damaged_bytes_are_never_another_error(name) -> None:
    content = OPENCV[f"file:{name}"]
    random = np.random.default_rng(1)
    for _ in range(60):
        damaged = content.copy()
        damaged[random.integers(0, len(content), 3)] = random.integers(0, 256, 3)
        for color in WAYS.values():
            try:
                assert image.decode(damaged.tobytes(), color, name).ndim == 3
            except DataError as error:
                assert str(error).startswith(f"{name}: ")


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def huge_png() -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2**20, 2**20, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def floating() -> bytes:
    written = BytesIO()
    Image.fromarray(np.zeros((3, 4), np.float32)).save(written, "TIFF")
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "this is no image, or its beginning is damaged; expected one of BMP, GIF, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "this is no image, or its beginning is damaged"),
        (b"\xff\xd8\xff\xe0 a JPEG only at first", "the image is damaged: Truncated File Read"),
        (huge_png(), "the image is refused: Image size (1099511627776 pixels) exceeds limit of "),
        (floating(), "the image holds floating-point numbers, expected 8 or 16 bits"),
    ],
)
def test_what_is_no_image(content, message) -> None:
    with pytest.raises(DataError) as caught:
        image.decode(content, True, "list.txt:3: x.jpg")
    assert str(caught.value).startswith(f"list.txt:3: x.jpg: {message}")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("absent.png", "No such file or directory"), ("folder", "Is a directory"), ("file/x.png", "Not a directory")],
)
def test_a_file_that_cannot_be_read(tmp_path, name, reason) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=f"{name}: the image cannot be read: {reason}"):
        image.read(tmp_path / name, color=True)


def test_without_pillow_the_message_says_what_brings_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match=r"pip install 'cafflite\[image\]'"):
        image.decode(b"", True, "it")


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"subsampling": 1, "quality": 30}, {"progressive": True}])
@pytest.mark.parametrize("color", [True, False, None])
def test_a_jpeg_is_the_same_by_either_decoder(mode, options, color, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, len(mode) if mode != "L" else 1), np.uint8)
    large = Image.fromarray(np.kron(pixels, np.ones((9, 9, 1), np.uint8)).squeeze(), mode)
    content = BytesIO()
    large.save(content, "JPEG", **options)
    found = image.decode(content.getvalue(), color, "x")
    monkeypatch.setattr(image, "_simplejpeg", lambda: None)
    np.testing.assert_array_equal(found, image.decode(content.getvalue(), color, "x"))
