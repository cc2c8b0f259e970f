"""Arrays in and out of BlobProto, a hundred million numbers in one step.

Packed numbers and bytes look alike on the wire, and WeightsBlob is BlobProto with bytes declared in place of numbers.
An array passes through it as one piece of memory, where BlobProto's own fields would make a Python float of each
number.
"""

from __future__ import annotations

import math

import numpy
from google.protobuf.message import DecodeError

from cafflite.errors import WeightsError
from cafflite.proto import caffe_pb2
from cafflite.proto.caffe_pb2 import BlobProto, BlobShape, WeightsBlob

_RAW_TYPES = {
    caffe_pb2.DOUBLE: "<f8",
    caffe_pb2.FLOAT: "<f4",
    caffe_pb2.FLOAT16: "<f2",
    caffe_pb2.INT: "<i4",
    caffe_pb2.UINT: "<u4",
}


def set_array(blob: BlobProto, data: numpy.ndarray, diff: numpy.ndarray | None = None) -> None:
    """Put `data`, and `diff` where it is given, into a new blob: float64 as double_data, anything else as float32."""
    slim = WeightsBlob(shape=BlobShape(dim=data.shape))
    for name, array in (("data", data), ("diff", diff)):
        if array is not None and array.dtype == numpy.float64:
            setattr(slim, f"double_{name}", array.astype("<f8", copy=False).tobytes())
        elif array is not None:
            setattr(slim, name, array.astype("<f4", copy=False).tobytes())
    blob.MergeFromString(slim.SerializeToString())


def to_array(blob: BlobProto | WeightsBlob, name: str = "data") -> numpy.ndarray:
    """The `data` or `diff` of a blob, read-only, as the type of number that it is stored in.

    The shape is (num, channels, height, width) for a blob from before 2015. Raises WeightsError when there are more
    or fewer numbers than the shape asks for.
    """
    if isinstance(blob, BlobProto):
        blob = WeightsBlob.FromString(blob.SerializeToString())
    shape = _shape(blob)
    content, number = _content(blob, name)
    if len(content) != math.prod(shape) * number.itemsize:
        content, number = _content(_packed(blob), name)
    if len(content) != math.prod(shape) * number.itemsize or any(n < 0 for n in shape):
        raise WeightsError(f"a blob of shape {shape} holds {len(content) // number.itemsize} numbers in its {name}")
    return numpy.frombuffer(content, number).reshape(shape)


def parse(content: bytes) -> numpy.ndarray:
    """The data of a file that is one BlobProto, such as a mean image. Raises WeightsError."""
    try:
        blob = WeightsBlob.FromString(content)
    except DecodeError as error:
        raise WeightsError("this is not a BlobProto, or a damaged one") from error
    return to_array(blob)


def _shape(blob: WeightsBlob) -> tuple[int, ...]:
    legacy = ("num", "channels", "height", "width")
    if any(blob.HasField(name) for name in legacy):
        return tuple(getattr(blob, name) for name in legacy)
    return tuple(blob.shape.dim)


def _content(blob: WeightsBlob, name: str) -> tuple[bytes, numpy.dtype]:
    if blob.HasField(f"raw_{name}"):
        number_type = getattr(blob, f"raw_{name}_type")
        if number_type not in _RAW_TYPES:
            raise WeightsError(f"a blob's raw_{name}_type is {number_type}, expected one of {sorted(_RAW_TYPES)}")
        return getattr(blob, f"raw_{name}"), numpy.dtype(_RAW_TYPES[number_type])
    if getattr(blob, f"double_{name}"):
        return getattr(blob, f"double_{name}"), numpy.dtype("<f8")
    return getattr(blob, name), numpy.dtype("<f4")


def _packed(blob: WeightsBlob) -> WeightsBlob:
    """The same blob, where a writer put each number into a field of its own instead of packing them."""
    try:
        return WeightsBlob.FromString(BlobProto.FromString(blob.SerializeToString()).SerializeToString())
    except DecodeError as error:
        raise WeightsError("a blob's numbers are damaged") from error
