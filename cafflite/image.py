"""Images as Caffe sees them through OpenCV: channels, height, width of bytes, the channels blue, green, red.

Pillow decodes, and simplejpeg plain JPEGs, in a fifth less time with the same result; what OpenCV does otherwise (grey
levels, resizing) is done here by OpenCV's own integer arithmetic.
"""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy

from cafflite.errors import DataError
from cafflite.files import reason

FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")  # what OpenCV reads, and no program
KINDS = {"bmp": "BMP", "jpeg": "JPEG", "jpg": "JPEG", "png": "PNG", "tif": "TIFF", "tiff": "TIFF"}  # that are written
ORIENTATION = (b"Exif\0\0", b"http://ns.adobe.com/xap/")  # what comes before the places in a JPEG that can tell of one
LARGEST_PLAIN = 2**26  # pixels; Pillow decides about larger images
LONGEST_SIDE, MOST_PIXELS = 2**20, 2**30  # of an image that OpenCV reads; resizing makes none that is larger
COEFFICIENT = 2048  # what OpenCV's resize multiplies its weights by, to calculate with whole numbers


def read(path: str | os.PathLike[str], color: bool | None) -> numpy.ndarray:
    """The image of a file; see `decode`."""
    return decode(content(path), color, str(path))


def content(path: str | os.PathLike[str], name: str = "") -> bytes:
    """The content of an image file. Raises DataError, with `name` or else the path in front, when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise DataError(f"the image cannot be read: {reason(error)}").at(name or str(path)) from error


def decode(content: bytes, color: bool | None, name: str) -> numpy.ndarray:
    """The image in the bytes of an image file, uint8 (C, H, W): B, G, R if `color`, otherwise one channel of grey.

    It is what OpenCV's imdecode gives: turned upright by the EXIF orientation, 16 bits cut to 8, no alpha. With `color`
    None it is as stored instead: grey stays grey, alpha becomes a fourth channel, nothing is turned. The array may be a
    view with strides. Raises DataError with `name` in front for anything but one whole image of a sane size.
    """
    pixels = _plain_jpeg(content, color)
    if pixels is not None:
        return pixels.transpose(2, 0, 1)
    with opened(content, name) as image:
        from PIL import ImageOps

        if color is False:
            image.draft("L", None)  # a JPEG's own grey levels
        if color is not None:
            ImageOps.exif_transpose(image, in_place=True)
        return _pixels(image, color).transpose(2, 0, 1)


@contextmanager
def opened(content: bytes, name: str) -> Iterator[Any]:
    """Pillow's image in the bytes of an image file; what its decoders raise is a DataError with `name` in front."""
    Image = _pillow()
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            yield image
    except Image.UnidentifiedImageError:
        expected = f"expected one of {', '.join(FORMATS)}"
        raise DataError(f"this is no image, or its beginning is damaged; {expected}").at(name) from None
    except Image.DecompressionBombError as error:  # raised before any memory is taken
        raise DataError(f"the image is refused: {str(error).partition(',')[0]}").at(name) from None
    except DataError as error:
        raise error.at(name) from None
    except Exception as error:  # Pillow's decoders raise anything from OSError to struct.error on damaged files
        raise DataError(f"the image is damaged: {error or type(error).__name__}").at(name) from error


def encode(image: numpy.ndarray, kind: str) -> bytes:
    """The bytes of an image file of a kind in KINDS, "jpg" or "png" for example, with the image (C, H, W).

    Raises DataError for another kind.
    """
    if kind.lower() not in KINDS:
        raise DataError(f"images of the kind '{kind}' cannot be written, expected one of {', '.join(KINDS)}")
    pixels = image[0] if len(image) == 1 else image[::-1].transpose(1, 2, 0)
    written = io.BytesIO()
    _pillow().fromarray(numpy.ascontiguousarray(pixels)).save(written, KINDS[kind.lower()], quality=95)  # as OpenCV
    return written.getvalue()


def resize(image: numpy.ndarray, height: int, width: int) -> numpy.ndarray:
    """The image (C, H, W) of bytes in another size by OpenCV's INTER_LINEAR, equal to the bit.

    Pixel centres lie at halves; the weights have 11 bits; nothing is smoothed before it is made smaller. Raises
    DataError for a size that no image has.
    """
    if max(height, width) > LONGEST_SIDE or height * width > MOST_PIXELS:
        raise DataError(
            f"the size to resize it to is {height:,} x {width:,} pixels, expected at most {LONGEST_SIDE:,} to a side "
            f"and {MOST_PIXELS:,} in all"
        )
    if image.shape[1:] == (height, width):
        return image
    if image.shape[1:] == (2 * height, 2 * width):  # OpenCV takes the mean of each square then
        squares = image.reshape(len(image), height, 2, width, 2).sum(axis=(2, 4), dtype=numpy.uint16)
        return ((squares + 2) >> 2).astype(numpy.uint8)
    pixels = numpy.ascontiguousarray(image.transpose(1, 2, 0))
    columns = _neighbours(image.shape[2], width)
    rows = _neighbours(image.shape[1], height)
    return _interpolate()(pixels, *columns, *rows).transpose(2, 0, 1)


def interpolate(
    pixels: numpy.ndarray,
    columns: numpy.ndarray,
    column_weights: numpy.ndarray,
    rows: numpy.ndarray,
    row_weights: numpy.ndarray,
) -> numpy.ndarray:
    """Pixels (H, W, C) at new places: of each, two columns and two rows with their weights; see `_neighbours`."""
    left, right = (pixels[:, columns[i]] * column_weights[i][:, None] for i in range(2))
    wide = (left + right) >> 4
    above, below = (wide[rows[i]] * row_weights[i][:, None, None] >> 16 for i in range(2))
    return ((above + below + 2) >> 2).astype(numpy.uint8)


def _neighbours(size: int, new_size: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """For each place in a row of the new size the two next to it in the old one, and the weights of both."""
    scale = 1 / (new_size / size)
    places = ((numpy.arange(new_size) + 0.5) * scale - 0.5).astype(numpy.float32)
    first = numpy.floor(places)
    share = places - first
    weights = numpy.rint(numpy.stack([1 - share, share]) * COEFFICIENT).astype(numpy.int32)
    return numpy.stack([first, first + 1]).clip(0, size - 1).astype(numpy.intp), weights


@cache
def _interpolate() -> Callable[..., numpy.ndarray]:
    """The compiled loops, or without numba their twin."""
    if importlib.util.find_spec("numba"):
        from cafflite.backend import kernels_resize

        return kernels_resize.interpolate
    return interpolate


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise DataError("images need the package Pillow; pip install 'cafflite[image]' brings it") from None
    return Image


def _plain_jpeg(content: bytes, color: bool | None) -> numpy.ndarray | None:
    """The bytes (H, W, C) of a JPEG; None where it takes Pillow: to turn it, for odd colours, and for what is wrong."""
    simplejpeg = _simplejpeg()
    if simplejpeg is None or not content.startswith(b"\xff\xd8") or any(mark in content for mark in ORIENTATION):
        return None
    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(content)
        if height * width > LARGEST_PLAIN or colors not in ("Gray", "YCbCr"):
            return None
        if color or (color is None and colors == "YCbCr"):
            return simplejpeg.decode_jpeg(content, "BGRX")[:, :, :3]
        return simplejpeg.decode_jpeg(content, "GRAY")
    except ValueError:
        return None


@cache
def _simplejpeg() -> Any:
    try:
        import simplejpeg
    except ImportError:
        return None
    return simplejpeg


def _pixels(image: Any, color: bool | None) -> numpy.ndarray:
    """The image as bytes (H, W, C)."""
    if image.mode == "F":
        raise DataError("the image holds floating-point numbers, expected 8 or 16 bits")
    if image.mode.startswith("I"):  # 16 bits
        high = numpy.asarray(image).clip(0, 65535) >> 8
        return numpy.repeat(high.astype(numpy.uint8)[:, :, None], 3 if color else 1, axis=2)
    stored_grey = image.mode in ("1", "L", "LA")
    if color is None and image.has_transparency_data:
        return numpy.asarray(image.convert("RGBA"))[:, :, [2, 1, 0, 3]]
    if color or (color is None and not stored_grey):
        return _rgb(image)[:, :, ::-1]
    grey = numpy.asarray(image.convert("L")) if stored_grey else _grey(_rgb(image), image.format == "PNG")
    return grey[:, :, None]


def _rgb(image: Any) -> numpy.ndarray:
    if image.mode != "CMYK":
        return numpy.asarray(image.convert("RGB"))
    inks = 255 - numpy.asarray(image).astype(numpy.int32)
    colors, black = inks[:, :, :3], inks[:, :, 3:]
    return (black - ((255 - colors) * black >> 8)).astype(numpy.uint8)  # OpenCV's rounding


def _grey(rgb: numpy.ndarray, png: bool) -> numpy.ndarray:
    """0.299 R + 0.587 G + 0.114 B in whole numbers, as OpenCV has it; for PNG files it leaves that to libpng."""
    weights, half, bits = ((9797, 19234, 3737), 0, 15) if png else ((4899, 9617, 1868), 8192, 14)
    return ((rgb @ numpy.array(weights, numpy.int32) + half) >> bits).astype(numpy.uint8)
