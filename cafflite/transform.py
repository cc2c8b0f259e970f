"""Caffe's transformation of images: cut out a square, mirror, subtract the mean, scale.

The first two are done on bytes by the threads that prepare batches; the others as the batch is copied into the net.
"""

from __future__ import annotations

import importlib.util
import math
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

    def cut(self, image: numpy.ndarray, draw: numpy.ndarray, out: numpy.ndarray) -> tuple[int, int, bool]:
        """Cut `out` (C, h, w) out of the image (C, H, W), and mirror it.

        draw  three random numbers of at least 0 and below 1: for the row, the column, and whether to mirror

        Returns the row and column of its upper left corner in the image, and whether it is mirrored.
        """
        rest = [whole - part for whole, part in zip(image.shape[1:], out.shape[1:], strict=True)]
        if self.at_random:
            y, x = (int(u * (n + 1)) for u, n in zip(draw, rest, strict=False))
        else:
            y, x = (n // 2 for n in rest)
        mirrored = self.mirror and bool(draw[2] < 0.5)
        copy_part(image, y, x, mirrored, out)
        return y, x, mirrored


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


def copy_part(image: numpy.ndarray, y: int, x: int, mirrored: bool, out: numpy.ndarray) -> None:
    """out (C, h, w) = the part of the image (C, H, W) from row y and column x on, mirrored or not."""
    pixels: Any = image.base
    if out.dtype == numpy.uint8 and are_pixels_of(image, pixels) and has_kernels():
        from cafflite.backend import kernels_image

        planes = (0, 1, 2) if image.strides[0] > 0 else (2, 1, 0)
        if pixels.shape[2] == 3:
            kernels_image.cut_3(pixels.reshape(len(pixels), -1), y, x, mirrored, planes, out)
        else:
            kernels_image.cut_4(pixels.view("<u4")[:, :, 0], y, x, mirrored, planes, out)
        return
    part = image[:, y : y + out.shape[1], x : x + out.shape[2]]
    out[...] = part[:, :, ::-1] if mirrored else part


def are_pixels_of(image: numpy.ndarray, pixels: Any) -> bool:
    """Whether the image (3, H, W) is a view of all the pixels (H, W, 3 or 4), from their first byte or back to it."""
    return (
        isinstance(pixels, numpy.ndarray)
        and len(image) == 3
        and pixels.dtype == numpy.uint8
        and pixels.shape in [(*image.shape[1:], 3), (*image.shape[1:], 4)]
        and pixels.flags.c_contiguous
        and image.strides[1:] == pixels.strides[:2]
        and image[0 if image.strides[0] > 0 else 2].ctypes.data == pixels.ctypes.data
    )


@cache
def has_kernels() -> bool:
    """Whether there is numba; without it NumPy does the same more slowly."""
    return importlib.util.find_spec("numba") is not None
