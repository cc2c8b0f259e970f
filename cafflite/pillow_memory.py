"""The pixels of a Pillow image where Pillow has them, without the copy that `numpy.asarray` makes."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy


class _ArrowArray(ctypes.Structure):
    """The array of Arrow's C data interface (arrow.apache.org/docs/format/CDataInterface.html)."""


_ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_ArrowArray))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def pixels(image: Any) -> numpy.ndarray:
    """The bytes (H, W, 3) of an image of the mode RGB, read-only: a view of Pillow's pixels of four bytes.

    It is a copy where Pillow is older than 11.2, or has the image in several blocks (from 16 MiB on).
    """
    try:
        _, capsule = image.__arrow_c_array__()
    except (AttributeError, ValueError):
        return numpy.asarray(image)
    array = _ArrowArray.from_address(_pointer(capsule, b"arrow_array"))
    values = array.children[0].contents
    if values.length != 4 * image.width * image.height or array.offset or values.offset:
        return numpy.asarray(image)
    return numpy.asarray(_Memory(capsule, values.buffers[1], (image.height, image.width, 4)))[:, :, :3]


class _Memory:
    """What NumPy needs to know of the memory; it keeps the capsule, which keeps the image."""

    def __init__(self, capsule: Any, address: int, shape: tuple[int, ...]) -> None:
        self.capsule = capsule
        self.__array_interface__ = {"shape": shape, "typestr": "|u1", "data": (address, True), "version": 3}
