"""Datum: one record of Caffe's databases, an array (C, H, W) or the bytes of an image file, with a label."""

from __future__ import annotations

import math

import numpy
from google.protobuf.message import DecodeError

from cafflite import image
from cafflite.errors import DataError
from cafflite.proto.caffe_pb2 import Datum


def parse(content: bytes, name: str) -> Datum:
    """The Datum in the value of a record. Raises DataError with `name`, the record's key, in front."""
    try:
        return Datum.FromString(content)
    except DecodeError:
        raise DataError("this record is not a Datum, or a damaged one").at(name) from None


def to_array(datum: Datum, name: str, color: bool | None = None) -> numpy.ndarray:
    """The array (C, H, W) of a Datum: uint8 from `data`, float32 from `float_data`.

    An encoded image is decoded as `image.decode` does, with its `color`. Raises DataError with `name` in front when
    there are more or fewer numbers than channels, height and width ask for.
    """
    if datum.encoded:
        return image.decode(datum.data, color, name)
    shape = (datum.channels, datum.height, datum.width)
    if datum.data or not datum.float_data:
        array = numpy.frombuffer(datum.data, numpy.uint8)
    else:
        array = numpy.array(datum.float_data, numpy.float32)
    if array.size != math.prod(shape) or min(shape) < 1:
        raise DataError(
            f"the Datum holds {array.size} numbers, expected channels x height x width = {' x '.join(map(str, shape))}"
        ).at(name)
    return array.reshape(shape)


def from_array(array: numpy.ndarray, label: int | None = None) -> Datum:
    """A Datum of an array (C, H, W): bytes as `data`, all other numbers as `float_data`. Raises DataError."""
    if array.ndim != 3:
        raise DataError(f"a Datum is made of an array (channels, height, width), found the shape {array.shape}")
    channels, height, width = array.shape
    datum = Datum(channels=channels, height=height, width=width, label=label)
    if array.dtype == numpy.uint8:
        datum.data = array.tobytes()
    else:
        datum.float_data.extend(array.astype(numpy.float32).ravel().tolist())
    return datum
