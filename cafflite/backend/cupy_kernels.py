"""The kernels of kernels.cu, launched by name. CuPy compiles them when one is first used, and keeps them on disk."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy

THREADS = 256  # of a block
NARROW = 2**31 - THREADS  # elements that a 32-bit index reaches


def launch(name: str, count: int, *arguments: Any) -> None:
    """Run a kernel in `count` threads or a few more: it takes the count and then the arguments."""
    _launch(name, -(-count // THREADS), count, arguments)


def launch_blocks(name: str, count: int, *arguments: Any) -> None:
    """Run a kernel in `count` blocks of THREADS threads each."""
    _launch(name, count, count, arguments)


def _launch(name: str, blocks: int, count: int, arguments: tuple) -> None:
    import cupy

    if count == 0:
        return
    arrays = [a for a in arguments if isinstance(a, cupy.ndarray)]
    for array in arrays:
        if not array.flags.c_contiguous:
            raise ValueError(f"the kernel {name} is given an array {array.shape} that does not lie in order")
    (dtype,) = {array.dtype for array in arrays if array.dtype.kind == "f"}
    wide = max(count, *(array.size for array in arrays)) > NARROW
    index = numpy.int64 if wide else numpy.int32
    given = [index(count), *(_argument(a, dtype.type, index) for a in arguments)]
    _kernel(name, dtype.name, wide)((blocks,), (THREADS,), tuple(given))


def _argument(value: Any, real: type, index: type) -> Any:
    """What CuPy passes as the kernel expects it: Real for a float, Index for an int, a null pointer for None."""
    if isinstance(value, float):
        return real(value)
    if isinstance(value, int):
        return index(value)
    return numpy.uintp(0) if value is None else value


@cache
def _kernel(name: str, dtype: str, wide: bool) -> Any:
    return _module(dtype, wide).get_function(name)


@cache
def _module(dtype: str, wide: bool) -> Any:
    """The kernels for numbers of that type, with indices of 64 or of 32 bits."""
    import cupy

    real = {"float32": "float", "float64": "double"}[dtype]
    source = Path(__file__).with_name("kernels.cu").read_text(encoding="utf-8")
    index = "long long" if wide else "int"
    return cupy.RawModule(code=source, options=(f"-DREAL={real}", f"-DINDEX={index}", f"-DTHREADS={THREADS}"))
