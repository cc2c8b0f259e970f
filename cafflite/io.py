"""Caffe's module `caffe.io`: images, the transformation into a net's input, and arrays in Caffe's messages.

Images are float arrays (H, W, K) here, the channels red, green, blue, as in `caffe.io`; `cafflite.image` has them as
Caffe's layers do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy
from google.protobuf.message import DecodeError

from cafflite import image
from cafflite.datum import from_array, to_array
from cafflite.errors import DataError, ShapeError
from cafflite.preprocess import Transformer
from cafflite.proto import blob_proto, caffe_pb2
from cafflite.proto.caffe_pb2 import BlobProto, BlobProtoVector, Datum, WeightsBlob
from cafflite.resample import oversample, resize_image

__all__ = [
    "Transformer",
    "array_to_blobproto",
    "array_to_datum",
    "arraylist_to_blobprotovector_str",
    "blobproto_to_array",
    "blobprotovector_str_to_arraylist",
    "caffe_pb2",
    "datum_to_array",
    "load_image",
    "oversample",
    "resize_image",
]

GREY = (0.2125, 0.7154, 0.0721)  # scikit-image's share of red, green and blue in grey


def load_image(filename: Any, color: bool = True) -> numpy.ndarray:
    """The image of a file as float32 from 0 to 1, (H, W, 3) in red, green, blue, or (H, W, 1) without `color`.

    filename  a path, or a file that is open for reading bytes

    An alpha channel is left out, 16 bits of grey are kept, floating-point numbers stay as they are, and nothing is
    turned. Raises DataError.
    """
    is_open = hasattr(filename, "read")
    encoded = filename.read() if is_open else image.content(filename)
    with image.opened(encoded, "<image>" if is_open else str(filename)) as picture:
        levels = _levels(picture)
    if color:
        return numpy.repeat(levels, 3, axis=2) if levels.shape[2] == 1 else levels
    return levels if levels.shape[2] == 1 else (levels @ numpy.array(GREY)[:, None]).astype(numpy.float32)


def _levels(picture: Any) -> numpy.ndarray:
    """The pixels of a Pillow image from 0 to 1, float32 (H, W, 1 or 3)."""
    if picture.mode == "F":
        return numpy.array(picture)[:, :, None]
    if picture.mode.startswith("I"):
        return numpy.divide(numpy.asarray(picture), 65535, dtype=numpy.float32)[:, :, None]
    if picture.mode in ("1", "L"):
        return numpy.divide(numpy.asarray(picture.convert("L")), 255, dtype=numpy.float32)[:, :, None]
    colors = picture.convert("RGBA" if picture.mode == "P" else "RGB")  # a palette can have a transparent color
    return numpy.divide(numpy.asarray(colors)[:, :, :3], 255, dtype=numpy.float32)


def blobproto_to_array(blob: Any, return_diff: bool = False) -> numpy.ndarray:
    """The data of a BlobProto, or its diff, as a new float64 array of its shape.

    Blobs from before 2015 are (num, channels, height, width). A message of another caffe_pb2 module does as well.
    Raises WeightsError, a ValueError, when there are more or fewer numbers than the shape asks for.
    """
    array = blob_proto.to_array(WeightsBlob.FromString(blob.SerializeToString()), "diff" if return_diff else "data")
    return array.astype(numpy.float64)


def array_to_blobproto(arr: numpy.ndarray, diff: numpy.ndarray | None = None) -> BlobProto:
    """A BlobProto of an array of any shape, and of a diff of as many numbers, in float32. Raises ShapeError."""
    blob = BlobProto()
    data = numpy.asarray(arr, numpy.float32)
    if diff is None:
        blob_proto.set_array(blob, data)
        return blob
    if numpy.size(diff) != data.size:
        raise ShapeError(f"the diff has shape {numpy.shape(diff)}, expected as many numbers as the data, {data.shape}")
    blob_proto.set_array(blob, data, numpy.asarray(diff, numpy.float32))
    return blob


def arraylist_to_blobprotovector_str(arraylist: Iterable[numpy.ndarray]) -> bytes:
    """The bytes of a BlobProtoVector of arrays."""
    return BlobProtoVector(blobs=[array_to_blobproto(array) for array in arraylist]).SerializeToString()


def blobprotovector_str_to_arraylist(content: bytes) -> list[numpy.ndarray]:
    """The arrays, float64, in the bytes of a BlobProtoVector. Raises DataError for other bytes, and WeightsError."""
    try:
        vector = BlobProtoVector.FromString(content)
    except DecodeError as error:
        raise DataError("these bytes are not a BlobProtoVector, or a damaged one") from error
    return [blobproto_to_array(blob) for blob in vector.blobs]


def array_to_datum(arr: numpy.ndarray, label: int | None = None) -> Datum:
    """A Datum of an array (C, H, W): uint8 as its bytes, all other numbers as float32. Raises DataError."""
    return from_array(numpy.asarray(arr), label)


def datum_to_array(datum: Any) -> numpy.ndarray:
    """The array (C, H, W) of a Datum, new: uint8 from its bytes, float64 from its float_data.

    An encoded image is decoded, its channels blue, green, red. A message of another caffe_pb2 module does as well.
    Raises DataError when there are more or fewer numbers than channels, height and width ask for.
    """
    array = to_array(datum, "datum_to_array")
    return array.copy() if array.dtype == numpy.uint8 else array.astype(numpy.float64)
