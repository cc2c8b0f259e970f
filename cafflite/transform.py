"""Caffe's transformation of images: cut out a square, mirror, subtract the mean, scale.

The threads that prepare batches do all of it in one pass, while the decoded image is still in the processor's cache.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy

from cafflite.backend.ops import Ops
from cafflite.errors import DataError, NetError, ShapeError, WeightsError
from cafflite.files import reason
from cafflite.proto import blob_proto, caffe_pb2

Shape = tuple[int, ...]


class Transformer:
    """What a TransformationParameter asks for.

    color    True or False where it says that encoded images are decoded in colour, or in grey; else None
    scale    the factor behind the subtraction
    mean     (C, H, W), (C, 1, 1) or (1, 1, 1), on the host

    The crop is at random in TRAIN and from the centre in TEST; mirroring is at random in both, as in Caffe.
    Raises NetError for settings that exclude each other, and DataError for a mean file that cannot be read.
    """

    def __init__(self, param: Any, phase: int, ops: Ops) -> None:
        if param.force_color and param.force_gray:
            raise NetError("it has both force_color and force_gray, expected only one of them")
        if param.HasField("mean_file") and param.mean_value:
            raise NetError("it has both a mean_file and a mean_value, expected only one of them")
        self.color = True if param.force_color else False if param.force_gray else None
        self.scale: float = param.scale
        self.crop_size: int = param.crop_size
        self.at_random = phase == caffe_pb2.TRAIN
        self.mirror: bool = param.mirror
        mean = read_mean(param.mean_file) if param.HasField("mean_file") else values_of(param.mean_value)
        self.mean = mean.astype(ops.dtype)

    def shape(self, image: Shape) -> Shape:
        """The shape that an image (C, H, W) has when it is cut. Raises ShapeError when it does not fit."""
        size, mean = self.crop_size, self.mean.shape
        if size > min(image[1:]):
            raise ShapeError(f"crop_size is {size}, and the image of shape {image} is smaller")
        if mean[0] not in (1, image[0]) and mean[1:] == (1, 1):
            raise ShapeError(f"mean_value is given {mean[0]} times, and the image has {image[0]} channels")
        if mean[1:] != (1, 1) and mean != image:
            raise ShapeError(f"the mean has shape {mean}, and the image has {image}")
        return (image[0], size, size) if size else image

    def part(self, image: Shape, cut: Shape, draw: Sequence[float]) -> tuple[int, int, bool]:
        """Where the image (C, H, W) is cut to (C, h, w): row and column of its corner, and whether it is mirrored.

        draw  three random numbers of at least 0 and below 1: for the row, the column, and whether to mirror
        """
        rows, columns = image[1] - cut[1], image[2] - cut[2]
        if self.at_random:
            y, x = int(draw[0] * (rows + 1)), int(draw[1] * (columns + 1))
        else:
            y, x = rows // 2, columns // 2
        return y, x, self.mirror and draw[2] < 0.5

    def put(self, image: numpy.ndarray, draw: Sequence[float], out: numpy.ndarray) -> None:
        """out (C, h, w), of the mean's type = the transformed image (C, H, W), bytes or floats; `draw` as in `part`."""
        put_part(image, *self.part(image.shape, out.shape, draw), self.mean, self.scale, out)


def values_of(mean_value: Any) -> numpy.ndarray:
    """The mean of each channel (C, 1, 1), or one of all; 0 without any."""
    return numpy.array(list(mean_value) or [0], numpy.float32)[:, None, None]


def read_mean(path: str) -> numpy.ndarray:
    """The mean image (C, H, W) of a BlobProto file. Raises DataError."""
    try:
        with open(path, "rb") as file:
            mean = blob_proto.parse(file.read())
    except OSError as error:
        raise DataError(f"the mean_file '{path}' cannot be read: {reason(error)}") from error
    except WeightsError as error:
        raise DataError(f"the mean_file '{path}' is damaged: {error}") from error
    if mean.ndim < 3 or mean.size == 0 or mean.size != math.prod(mean.shape[-3:]):
        raise DataError(f"the mean_file '{path}' has shape {mean.shape}, expected one image of channels, height, width")
    return mean.reshape(mean.shape[-3:])


def put_part(
    image: numpy.ndarray, y: int, x: int, mirrored: bool, mean: numpy.ndarray, scale: float, out: numpy.ndarray
) -> None:
    """out (C, h, w) = the part of the image (C, H, W) at row y and column x, less the mean, scaled; mirrored or not.

    The mean is (C or 1, 1, 1), or an image (C, H, W) of which the same part is subtracted.
    """
    factor = mean.dtype.type(scale)
    of_channels = mean.shape[1:] == (1, 1)
    compiled = kernels()
    if compiled is None:
        rows, columns = slice(y, y + out.shape[1]), slice(x, x + out.shape[2])
        part, values = image[:, rows, columns], mean if of_channels else mean[:, rows, columns]
        numpy.subtract(part, values, out=out[:, :, ::-1] if mirrored else out)
        out *= factor
        return
    if of_channels:
        mean = numpy.repeat(mean, image.shape[2], axis=2)
    pixels: Any = image.base
    if are_pixels_of(image, pixels):
        first, step = address(image) - address(pixels), image.strides[0]
        compiled.put_pixels(pixels.view("<u4")[:, :, 0], first, step, y, x, mirrored, mean, factor, out)
    else:
        compiled.put_planes(image, y, x, mirrored, mean, factor, out)


def are_pixels_of(image: numpy.ndarray, pixels: Any) -> bool:
    """Whether the image (3, H, W) is a view of all the pixels (H, W, 4): of three bytes that follow each other."""
    height, width = image.shape[1:]
    return (
        isinstance(pixels, numpy.ndarray)
        and pixels.dtype == numpy.uint8
        and pixels.shape == (height, width, 4)
        and pixels.strides == (4 * width, 4, 1)
        and image.strides in ((1, 4 * width, 4), (-1, 4 * width, 4))
        and len(image) == 3
    )


def address(array: numpy.ndarray) -> int:
    """Where in memory the first value is."""
    return array.__array_interface__["data"][0]


@cache
def kernels() -> Any:
    """The compiled loops, or None without numba: then NumPy does the same more slowly."""
    if importlib.util.find_spec("numba") is None:
        return None
    from cafflite.backend import kernels_image

    return kernels_image
