"""What every family of operations stands on: an array module and a type of number."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

import numpy

Array = Any  # an array of `xp`: numpy.ndarray or cupy.ndarray
ANYWHERE: AbstractContextManager = nullcontext()


class BaseOps:
    """
    xp     the array module, numpy or cupy
    dtype  the type of all blobs, float32 or float64
    name   of the device, as a user knows it
    """

    name = "CPU"

    defers = False  # whether what `require` refuses is told later
    uploads = False  # whether batches go to the device ahead of their time

    def __init__(self, xp: Any, dtype: str) -> None:
        self.xp = xp
        self.dtype = numpy.dtype(dtype)

    def on_device(self) -> AbstractContextManager:
        """Arrays that are made inside of the block, and kernels that are launched there, are on this device."""
        return ANYWHERE

    def empty(self, *shape: int) -> Array:
        """An uninitialised array."""
        return self.xp.empty(shape, self.dtype)

    def zeros(self, *shape: int) -> Array:
        """An array of zeros."""
        return self.xp.zeros(shape, self.dtype)

    def generator(self, seed: int) -> numpy.random.Generator:
        """Random numbers on the host, for fillers, shuffling and other things drawn once."""
        return numpy.random.Generator(numpy.random.PCG64(seed))

    def require(self, allowed: Array, refuse: Callable[..., None], *arrays: Array) -> None:
        """Call `refuse(*arrays)`, which raises an error, unless all of `allowed` are true.

        On a GPU a layer of a net is told later, and on copies: see `deferred`.
        """
        if not allowed.all():
            refuse(*arrays)

    def to_host(self, array: Array) -> numpy.ndarray:
        """The array itself on the CPU, a copy of it from the GPU."""
        return array if isinstance(array, numpy.ndarray) else array.get()


def on_its_device(method: Callable) -> Callable:
    """The method of something with `ops`, run on their device: CuPy has a current one for each thread."""

    @wraps(method)
    def run(self: Any, *given: Any, **named: Any) -> Any:
        with self.ops.on_device():
            return method(self, *given, **named)

    return run
