"""Convolution on a CPU: the ways to do it, and the choice among them by shape."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.ops_convolution import Convolution
from cafflite.backend.window import Window

if TYPE_CHECKING:
    from cafflite.backend.ops_spatial import SpatialOps

COLUMNS = 512  # columns that make a matrix product efficient
CACHE = 2**20  # elements of a block of columns, unless that were fewer than COLUMNS: it stays in the cache
SERIAL = 2**18  # multiply-adds that are not worth a second thread

_local = threading.local()


def scratch(name: str, *shape: int) -> Array:
    """An array of this thread's own, uninitialised; all that ask for `name` get the same memory."""
    count = math.prod(shape)
    array = getattr(_local, name, None)
    if array is None or array.size < count:
        array = numpy.empty(count, numpy.float32)
        setattr(_local, name, array)
    return array[:count].reshape(shape)


def choose(ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> Convolution:
    """The fastest convolution for these shapes."""
    if len(window.kernel) > 3:
        return Convolution(ops, x_shape, outputs, window, group)
    if group > 1 and group == x_shape[1]:
        return Depthwise(ops, x_shape, outputs, window, group)
    if window.is_a_point:
        return Pointwise(ops, x_shape, outputs, window, group)
    return Columns(ops, x_shape, outputs, window, group)


class CompiledConvolution(Convolution):
    """What the compiled kernels need: three spatial axes, and the window as plain numbers."""

    def __init__(self, ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> None:
        super().__init__(ops, x_shape, outputs, window, group)
        from cafflite.backend import kernels_spatial

        self.kernels = kernels_spatial
        lifted = window.lifted(3)
        more = (1,) * (3 - len(self.size))
        self.x_shape = (self.images, self.channels, *more, *self.size)
        self.y_positions = (*more, *self.positions)
        self.y_shape = (self.images, self.outputs, *self.y_positions)
        self.taps = (lifted.kernel, lifted.stride, lifted.pad, lifted.dilation)
        self.work = self.images * self.outputs * self.depth * self.length

    def share(self, count: int) -> list[slice]:
        """`count` pieces of work, one slice a thread; one slice for all of it where it is little."""
        return pool.split(count) if self.work >= SERIAL else [slice(0, count)]


class Depthwise(CompiledConvolution):
    """Each channel on its own, tap by tap: products of matrices so thin are not worth the columns."""

    algorithm = "depthwise"

    def __init__(self, ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> None:
        super().__init__(ops, x_shape, outputs, window, group)
        self.no_bias = numpy.zeros(max(self.channels, self.outputs), numpy.float32)
        self.w_shape = (self.outputs, 1, *self.taps[0])

    def convolve(self, x: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        x, w, y, bias = x.reshape(self.x_shape), w.reshape(self.w_shape), out.reshape(self.y_shape), self._bias(bias)
        pool.run(
            lambda s: self.kernels.depthwise(x, w, bias, s.start, s.stop, *self.taps, y),
            self.share(self.images * self.outputs),
        )

    def deconvolve(self, y: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        x, w, y, bias = out.reshape(self.x_shape), w.reshape(self.w_shape), y.reshape(self.y_shape), self._bias(bias)
        pool.run(
            lambda s: self.kernels.depthwise_data(y, w, bias, s.start, s.stop, *self.taps, x),
            self.share(self.images * self.channels),
        )

    def add_weight_diff(self, x: Array, y: Array, out: Array) -> None:
        x, w, y = x.reshape(self.x_shape), out.reshape(self.w_shape), y.reshape(self.y_shape)
        pool.run(
            lambda s: self.kernels.add_depthwise_weight(x, y, s.start, s.stop, *self.taps, w), self.share(self.outputs)
        )

    def _bias(self, bias: Array | None) -> Array:
        return self.no_bias if bias is None else bias


class Block(NamedTuple):
    """What one matrix product works on: some whole images, or a piece of the positions of one."""

    images: slice
    piece: slice


class Columns(CompiledConvolution):
    """Matrix products with blocks of columns.

    The threads share the blocks, or, where these are too few, the rows (outputs, or channels for `deconvolve`) of each.
    """

    algorithm = "im2col"

    def __init__(self, ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> None:
        super().__init__(ops, x_shape, outputs, window, group)
        self.batches = _cut(self.images, self._batch_count())
        self.pieces = _cut(self.length, self._piece_count())
        self.blocks = [Block(images, piece) for images in self.batches for piece in self.pieces]

    def _batch_count(self) -> int:
        """Images go together until they have COLUMNS columns, in as many batches for each thread."""
        count = -(-self.images // max(1, COLUMNS // max(1, self.length)))
        threads = pool.threads()
        return count if count < threads else min(self.images, -(-count // threads) * threads)

    def _piece_count(self) -> int:
        """An image is cut until its columns stay in the cache, but into pieces of no fewer than COLUMNS."""
        return max(1, min(self.length // COLUMNS, -(-self.length * self.depth // CACHE)))

    def convolve(self, x: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        weight, y = self._weight(w), self._results(out)
        offset = None if bias is None else bias.reshape(self.group, self.rows, 1)

        def work(blocks: list[Block], rows: slice) -> None:
            for images, piece in blocks:
                for g in range(self.group):
                    result = y[images, g, rows, piece]
                    _multiply(weight[g, rows], self._columns(x, images, g, piece), out=result)
                    if offset is not None:
                        result += offset[g, rows]

        self._run(work, self.blocks, self.rows)

    def deconvolve(self, y: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        weight, y, x = self._weight(w), self._results(y), self._planes(out)
        offset = None if bias is None else bias.reshape(self.group, -1, 1)

        def work(batches: list[slice], channels: slice) -> None:
            taps = slice(channels.start * self.window.taps, channels.stop * self.window.taps)
            for images in batches:
                for g in range(self.group):
                    for piece in self.pieces:
                        result = _gather(y[images, g, :, piece], "results")
                        self._add_columns(weight[g, :, taps].T, result, out, images, g, piece, channels)
                    if offset is not None:
                        x[images, g, channels] += offset[g, channels]

        self._run(work, self.batches, self.channels // self.group)

    def add_weight_diff(self, x: Array, y: Array, out: Array) -> None:
        y, diff = self._results(y), self._weight(out)

        def work(blocks: list[Block], rows: slice, diff: Array) -> None:
            for images, piece in blocks:
                for g in range(self.group):
                    result = _gather(y[images, g, rows, piece], "results")
                    product = scratch("product", len(result), self.depth)
                    numpy.matmul(result, self._columns(x, images, g, piece).T, out=product)
                    diff[g, rows] += product

        if not self._enough(self.blocks):
            pool.run(lambda rows: work(self.blocks, rows, diff), self.share(self.rows))
            return
        slices = self.share(len(self.blocks))
        partial = scratch("partial", len(slices) - 1, *diff.shape)
        partial[...] = 0
        sums = [diff, *partial]
        pool.run(lambda s: work(self.blocks[s], slice(0, self.rows), sums[slices.index(s)]), slices)
        for one in partial:
            diff += one

    def _run(self, work: Callable[[list, slice], None], blocks: list, rows: int) -> None:
        """Call work(blocks, rows) side by side, for slices of `blocks` or of the range of `rows`."""
        if self._enough(blocks):
            pool.run(lambda s: work(blocks[s], slice(0, rows)), self.share(len(blocks)))
        else:
            pool.run(lambda s: work(blocks, s), self.share(rows))

    def _enough(self, blocks: list) -> bool:
        """Whether the threads can share the blocks about evenly."""
        return len(blocks) % pool.threads() == 0 or len(blocks) > 4 * pool.threads()

    def _columns(self, x: Array, images: slice, g: int, piece: slice) -> Array:
        """(C / group taps, images positions): what the taps see in one group of a block."""
        columns = scratch("columns", self.depth, (images.stop - images.start) * (piece.stop - piece.start))
        self.kernels.im2col(
            x.reshape(self.x_shape), *self._range(images, g, piece, slice(0, self.channels // self.group)), columns
        )
        return columns

    def _add_columns(self, a: Array, b: Array, x: Array, images: slice, g: int, piece: slice, channels: slice) -> None:
        """Add the columns a b of a block to the values of x that they are of; the first piece clears these."""
        columns = scratch("columns", len(a), b.shape[1])
        numpy.matmul(a, b, out=columns)
        self.kernels.col2im(columns, *self._range(images, g, piece, channels), x.reshape(self.x_shape))

    def _range(self, images: slice, g: int, piece: slice, channels: slice) -> tuple:
        """A block as the compiled kernels take it."""
        first = g * (self.channels // self.group)
        return (
            (images.start, images.stop),
            (first + channels.start, first + channels.stop),
            piece.start,
            piece.stop - piece.start,
            *self.taps,
            self.y_positions,
        )

    def _weight(self, w: Array) -> Array:
        return w.reshape(self.group, self.rows, self.depth)

    def _results(self, y: Array) -> Array:
        return y.reshape(self.images, self.group, self.rows, self.length)

    def _planes(self, x: Array) -> Array:
        return x.reshape(self.images, self.group, self.channels // self.group, math.prod(self.size))


class Pointwise(Columns):
    """A window of one tap at each place: the input itself has the columns."""

    algorithm = "1x1"

    def _piece_count(self) -> int:
        return 1

    def _columns(self, x: Array, images: slice, g: int, piece: slice) -> Array:
        return _gather(self._planes(x)[images, g, :, piece], "columns")

    def _add_columns(self, a: Array, b: Array, x: Array, images: slice, g: int, piece: slice, channels: slice) -> None:
        _multiply(a, b, out=self._planes(x)[images, g, channels, piece])


def _cut(count: int, pieces: int) -> list[slice]:
    """0..count in `pieces` slices that differ by one at most."""
    bounds = [count * i // max(1, pieces) for i in range(pieces + 1)]
    return [slice(a, b) for a, b in zip(bounds, bounds[1:], strict=False)]


def _gather(images: Array, name: str) -> Array:
    """(N, rows, length) as one matrix (rows, N length): a view of one image, a copy in scratch of several."""
    if len(images) == 1:
        return images[0]
    count, rows, length = images.shape
    matrix = scratch(name, rows, count * length)
    _by_image(matrix, count)[...] = images
    return matrix


def _multiply(a: Array, b: Array, out: Array) -> None:
    """out (N, rows, length) = a b, (rows, N length)."""
    if len(out) == 1:
        numpy.matmul(a, b, out=out[0])
        return
    product = scratch("product", len(a), b.shape[1])
    numpy.matmul(a, b, out=product)
    out[...] = _by_image(product, len(out))


def _by_image(matrix: Array, count: int) -> Array:
    """(rows, N length) viewed as (N, rows, length)."""
    return matrix.reshape(len(matrix), count, -1).transpose(1, 0, 2)
