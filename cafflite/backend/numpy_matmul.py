"""Products on a CPU by a matrix that is used many times: what a BLAS lays out anew for each is laid out once."""

from collections.abc import Callable
from typing import Any

import numpy

from cafflite.backend.base import Array
from cafflite.backend.scratch import scratch

Multiply = Callable[[Array, Array, bool], None]  # multiply(a, out, add): out (M, N) = a b, or out += a b
TIMES = 3  # products from which on it pays to lay out a matrix
TURNED = 8  # and one that has to be transposed for that


def _kernels() -> Any:
    """The compiled kernels, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_matmul

    return kernels_matmul


def _panels(depth: int, columns: int) -> Array:
    """Scratch for a matrix (K, N), laid out."""
    width = _kernels().COLUMNS
    return scratch("weights", -(-columns // width), depth, width)


def by(b: Array, times: int) -> Multiply:
    """How to multiply that often by b (K, N), C-contiguous. It holds until this thread asks for the next one."""
    if times < TIMES:
        return _plainly(b)
    laid_out = _panels(*b.shape)
    _kernels().lay_out(b, laid_out)
    return _in_tiles(laid_out)


def by_transposed(*parts: Array, times: int) -> Multiply:
    """As `by`, but for the transposes of the `parts` (N, K), one above the other."""
    if times < TURNED and len(parts) == 1:
        return _plainly(parts[0].T)
    laid_out, first = _panels(sum(part.shape[1] for part in parts), len(parts[0])), 0
    for part in parts:
        _kernels().lay_out_transposed(part, first, laid_out)
        first += part.shape[1]
    return _in_tiles(laid_out)


def _in_tiles(laid_out: Array) -> Multiply:
    kernel = _kernels().multiply
    return lambda a, out, add: kernel(a, laid_out, out, add)


def _plainly(b: Array) -> Multiply:
    def multiply(a: Array, out: Array, add: bool) -> None:
        if add:
            out += numpy.matmul(a, b, out=scratch("product", *out.shape))
        else:
            numpy.matmul(a, b, out=out)

    return multiply
