"""Memory that an operation needs while it runs: each thread has its own, kept for the next operation."""

import math
import threading

import numpy

from cafflite.backend.base import Array

_local = threading.local()


def scratch(name: str, *shape: int) -> Array:
    """An array of this thread's own, uninitialised; all that ask for `name` get the same memory."""
    count = math.prod(shape)
    array = getattr(_local, name, None)
    if array is None or array.size < count:
        array = _aligned(count)
        setattr(_local, name, array)
    return array[:count].reshape(shape)


def _aligned(count: int) -> Array:
    """An array that begins where a line of the cache does: a vector read from it is in one line."""
    values = numpy.empty(count + 16, numpy.float32)
    first = -values.ctypes.data % 64 // 4
    return values[first : first + count]
