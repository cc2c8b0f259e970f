"""Products of matrices on a CPU."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy

from cafflite.backend.base import Array
from cafflite.backend.scratch import scratch

Multiply = Callable[[Array, Array, bool], None]  # multiply(a, out, add): out (M, N) = a b, or out += a b
TIMES = 3  # products from which on it pays to lay out a matrix


@cache
def kernels() -> Any:
    """The compiled kernels, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_matmul

    return kernels_matmul


def work() -> Array:
    """What the compiled products take as scratch."""
    return scratch("work", kernels().WORK)


def multiply(a: Array, b: Array, out: Array, add: bool = False) -> None:
    """out (M, N) = a b, or out += a b with `add`; a and b may be transposes."""
    kernels().multiply(a, b, out, add, work())


def by(*parts: Array, times: int) -> Multiply:
    """How to multiply that often by the matrices (K, N), one above the other.

    It holds until this thread asks for the next one.
    """
    if times < TIMES and len(parts) == 1:
        return _plainly(parts[0])
    compiled, depth, first = kernels(), sum(map(len, parts)), 0
    panels = scratch("panels", -(-parts[0].shape[1] // compiled.COLUMNS), depth, compiled.COLUMNS)
    for part in parts:
        compiled.lay_out_right(part, first, panels)
        first += len(part)
    size = compiled.TILES * depth * compiled.PITCH
    return lambda a, out, add: compiled.multiply_panels(a, panels, out, add, scratch("work", size))


def _plainly(b: Array) -> Multiply:
    def multiply(a: Array, out: Array, add: bool) -> None:
        if add:
            out += numpy.matmul(a, b, out=scratch("product", *out.shape))
        else:
            numpy.matmul(a, b, out=out)

    return multiply
