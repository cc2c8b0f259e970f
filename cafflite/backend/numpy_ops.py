"""The operations on a CPU: NumPy and numba kernels over slices on the thread pool, for float32."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.numpy_channels import NumpyChannels
from cafflite.backend.numpy_ctc import NumpyCTC
from cafflite.backend.numpy_matmul import multiply
from cafflite.backend.numpy_neuron import NumpyNeuron, kernels
from cafflite.backend.numpy_recurrent import NumpyRecurrent
from cafflite.backend.numpy_softmax import NumpySoftmax
from cafflite.backend.numpy_spatial import NumpySpatial
from cafflite.backend.numpy_update import NumpyUpdate
from cafflite.backend.ops import Ops
from cafflite.backend.scratch import aligned

SERIAL = 2**18  # multiply-adds, in one pass over a matrix, that are not worth a second thread
PIECE = 2**19  # multiply-adds of a product that are worth waking a thread
ELEMENTS = 2**15  # elements to copy or to add that are not worth a second thread
ROWS = 2**12  # rows to copy that are not worth a second thread
THIN = range(2, 13)  # rows of a matrix for whose products a BLAS would take longer to repack the other one


@cache
def _thin() -> Any:
    """The compiled kernels, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_thin

    return kernels_thin


def _share(count: int, work: int) -> list[slice]:
    """`count` rows or columns of a product, of `work` multiply-adds each, as a slice for each thread worth waking."""
    return pool.split(count, math.ceil(PIECE / max(1, work)))


def _are_contiguous(*arrays: Array) -> bool:
    return all(array.flags.c_contiguous for array in arrays)


def _multiply(a: Array, b: Array, out: Array, add: bool) -> None:
    """out = a b, or out += a b with `add`: the threads share its rows or its columns."""
    rows, columns = out.shape
    if rows >= columns:
        pool.run(lambda s: multiply(a[s], b, out[s], add), _share(rows, b.size))
    else:
        pool.run(lambda s: multiply(a, b[:, s], out[:, s], add), _share(columns, a.size))


def _side_by_side(change: Callable, *arrays: Array) -> None:
    """Call `change` for the arrays, of the same shape: for slices of them, where they lie in order."""
    if not _are_contiguous(*arrays):
        change(*arrays)
        return
    flat = [array.reshape(-1) for array in arrays]
    pool.run(lambda s: change(*[array[s] for array in flat]), pool.split(flat[0].size, ELEMENTS))


class NumpyOps(NumpyChannels, NumpyCTC, NumpyNeuron, NumpySoftmax, NumpyRecurrent, NumpySpatial, NumpyUpdate, Ops):
    """Overrides what threads or compiled kernels do faster than one NumPy expression."""

    def __init__(self) -> None:
        super().__init__(numpy, "float32")
        self.ones = numpy.ones(0, self.dtype)

    def empty(self, *shape: int) -> Array:
        return aligned(numpy.empty, math.prod(shape)).reshape(shape)

    def zeros(self, *shape: int) -> Array:
        return aligned(numpy.zeros, math.prod(shape)).reshape(shape)

    def copy(self, x: Array, out: Array) -> None:
        _side_by_side(numpy.copyto, out, x)

    def clear(self, out: Array) -> None:
        _side_by_side(lambda part: part.fill(0), out)

    def add(self, a: Array, b: Array, out: Array) -> None:
        _side_by_side(lambda x, y, z: numpy.add(x, y, out=z), a, b, out)

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        rows, columns = out.shape
        work = rows * columns * len(b)
        if work >= SERIAL and rows in THIN and _are_contiguous(a, b.T, out):
            pool.run(lambda s: _thin().times_transposed(a, b.T, s.start, s.stop, out), pool.split(columns))
        elif work >= SERIAL and rows in THIN and _are_contiguous(a, b, out):
            pool.run(lambda s: _thin().times(a, b, s.start, s.stop, out), pool.split(columns))
        elif work >= PIECE:
            _multiply(a, b, out, add=False)
        elif out.flags.c_contiguous:
            a.dot(b, out)  # half the calling time of a matmul
        else:
            numpy.matmul(a, b, out=out)

    def add_matmul(self, a: Array, b: Array, out: Array) -> None:
        rows, columns = out.shape
        work = rows * columns * len(b)
        if work >= SERIAL and len(b) in THIN and _are_contiguous(b, out):
            pool.run(lambda s: _thin().add_product(a, b, s.start, s.stop, out), pool.split(rows))
        elif work >= PIECE:
            _multiply(a, b, out, add=True)
        else:
            out += numpy.matmul(a, b)

    def add_row_sum(self, x: Array, out: Array) -> None:
        if len(self.ones) < len(x):
            self.ones = numpy.ones(len(x), self.dtype)
        ones = self.ones[: len(x)]  # the BLAS sums rows several times faster than NumPy

        def add(piece: slice) -> None:
            out[piece] += ones @ x[:, piece]

        pool.run(add, pool.split(x.shape[1], 64) if x.size >= SERIAL else [slice(0, x.shape[1])])

    def require_indices(self, x: Array, count: int, ignored: int | None, refuse: Callable[..., None]) -> None:
        if not kernels().are_indices(x, count, numpy.nan if ignored is None else float(ignored)):
            super().require_indices(x, count, ignored, refuse)

    def require_binary(self, x: Array, refuse: Callable[..., None]) -> None:
        if not kernels().are_binary(x):
            super().require_binary(x, refuse)

    def take_rows(self, table: Array, index: Array, out: Array) -> None:
        # "clip" lets `take` write to `out` directly; the layers have checked the index
        pool.run(lambda s: table.take(index[s], 0, out[s], "clip"), pool.split(len(index), ROWS))

    def add_to_rows(self, rows: Array, index: Array, table: Array) -> None:
        # each thread has columns of its own and adds all rows in order, so that no sum depends on the threads
        columns = pool.split(rows.shape[1], 16) if rows.size >= SERIAL else [slice(0, rows.shape[1])]
        pool.run(lambda s: kernels().add_to_rows(rows, index, table, s.start, s.stop), columns)
