"""Memory that an operation needs while it runs: each thread has its own, kept for the next operation."""

import math
import threading
from collections.abc import Callable

import numpy

from cafflite.backend.base import Array

_local = threading.local()


def scratch(name: str, *shape: int) -> Array:
    """An array of this thread's own, uninitialised; all that ask for `name` get the same memory."""
    count = math.prod(shape)
    array = getattr(_local, name, None)
    if array is None or array.size < count:
        array = aligned(numpy.empty, count)
        setattr(_local, name, array)
    return array[:count].reshape(shape)


def aligned(make: Callable, count: int) -> Array:
    """As make(count, float32), but from where a line of the cache begins: a vector of it is in one line then."""
    values = make(count + 16, numpy.float32)
    first = -values.ctypes.data % 64 // 4
    return values[first : first + count]
