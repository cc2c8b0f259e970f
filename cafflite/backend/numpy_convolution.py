"""Convolution on a CPU: by columns, and by the input itself where a window is a point."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.ops_convolution import Convolution, SpatialOps
from cafflite.backend.scratch import scratch
from cafflite.backend.window import Window

COLUMNS = 512  # columns that make a matrix product efficient
CACHE = 2**18  # elements of a block of columns, unless that were fewer than COLUMNS: it stays in the cache
SERIAL = 2**18  # multiply-adds that are not worth a second thread


def kernels() -> Any:
    """The compiled kernels, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_convolution

    return kernels_convolution


class CompiledConvolution(Convolution):
    """What the compiled kernels need: three spatial axes, and the window as plain numbers."""

    def __init__(self, ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> None:
        super().__init__(ops, x_shape, outputs, window, group)
        more = (1,) * (3 - len(self.size))
        self.x_shape = (self.images, self.channels, *more, *self.size)
        self.places = (*more, *self.positions)
        self.y_shape = (self.images, outputs, *self.places)
        self.lifted = window.lifted(3)
        self.geometry = (self.lifted.kernel, self.lifted.stride, self.lifted.pad, self.lifted.dilation)
        self.work = self.images * outputs * self.filter_size * self.length

    def _finish_of(
        self, count: int, bias: Array | None, scale: Array | None = None, slope: float = 1.0
    ) -> tuple[Array, Array, numpy.float32]:
        """What the kernels do to each value of `count` channels while it is in the cache: scale, bias and slope."""
        if scale is None:
            scale = numpy.ones(count, numpy.float32)
        if bias is None:
            bias = numpy.zeros(count, numpy.float32)
        return scale, bias, numpy.float32(slope)

    def _share(self, count: int) -> list[slice]:
        """0..count in slices, one a thread; in one slice where the convolution is little work."""
        return pool.split(count) if self.work >= SERIAL else [slice(0, count)]


class Block(NamedTuple):
    """What one call of the BLAS works on: some images, and of each the same rows of positions."""

    images: slice
    rows: slice


class Columns(CompiledConvolution):
    """Matrix products with blocks of columns.

    Images with few positions lie side by side, so that one product does for all of a block; those with many have each
    one of their own. The threads share the blocks, or, where these are too few, the filters (the channels, for
    `deconvolve`) of each.
    """

    algorithm = "im2col"
    few = COLUMNS

    def __init__(self, ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> None:
        super().__init__(ops, x_shape, outputs, window, group)
        self.width = self.places[2]
        self.group_channels = self.channels // group
        self.side_by_side = self.length < self.few
        self.batches = _cut(self.images, self._batch_count())
        self.parts = _cut(self.length // self.width, self._part_count())
        self.blocks = [Block(images, rows) for images in self.batches for rows in self.parts]

    def _batch_count(self) -> int:
        """Images go together until their columns fill the cache, in as many batches for each thread."""
        columns = max(COLUMNS, CACHE // max(1, self.filter_size))
        count = -(-self.images // max(1, columns // self.length))
        threads = pool.threads()
        return count if count < threads else min(self.images, -(-count // threads) * threads)

    def _part_count(self) -> int:
        """An image is cut until its columns stay in the cache, but into parts of no fewer than COLUMNS, or of a row."""
        most = min(self.length // COLUMNS, self.length // self.width)
        return max(1, min(most, -(-self.length * (self.filter_size + self.filters) // CACHE)))

    def convolve(
        self,
        x: Array,
        w: Array,
        out: Array,
        bias: Array | None = None,
        scale: Array | None = None,
        slope: float = 1.0,
    ) -> None:
        weight = self._matrices(w)
        y = out.reshape(self.images, self.outputs, self.length)
        finish = self._finish_of(self.outputs, bias, scale, slope)
        is_done = bias is None and scale is None and slope == 1

        def work(blocks: list[Block], filters: slice) -> None:
            for block in blocks:
                for g in range(self.group):
                    result = self._results(out, block, g, filters)
                    self._multiply(weight[g, filters], self._columns(x, block, g), result)
                    if not is_done:
                        kernels().finish_block(y, *self._bounds(block, g, filters), finish)

        self._run(work, self.blocks, self.filters)

    def deconvolve(self, y: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        weight = self._matrices(w)
        offsets = None if bias is None else bias.reshape(self.group, self.group_channels, 1)

        def work(batches: list[slice], channels: slice) -> None:
            taps = slice(channels.start * self.window.taps, channels.stop * self.window.taps)
            for images in batches:
                for g in range(self.group):
                    for rows in self.parts:
                        block = Block(images, rows)
                        result = self._gather(self._results(y, block, g), "results")
                        self._add_columns(weight[g, :, taps].T, result, out, block, g, channels)
                    if offsets is not None:
                        self._planes(out)[images, g, channels] += offsets[g, channels]

        self._run(work, self.batches, self.group_channels)

    def add_weight_diff(self, x: Array, y: Array, out: Array) -> None:
        diff = self._matrices(out)

        def work(blocks: list[Block], filters: slice, diff: Array) -> None:
            product = scratch("product", filters.stop - filters.start, self.filter_size)
            for block in blocks:
                for g in range(self.group):
                    result = self._gather(self._results(y, block, g, filters), "results")
                    columns = self._columns(x, block, g)
                    for a, b in [(result, columns)] if self.side_by_side else zip(result, columns, strict=True):
                        numpy.matmul(a, b.T, out=product)
                        diff[g, filters] += product

        if not self._enough(self.blocks):
            pool.run(lambda filters: work(self.blocks, filters, diff), self._share(self.filters))
            return
        slices = self._share(len(self.blocks))
        others = scratch("others", len(slices) - 1, *diff.shape)  # the sums of all threads but the first
        others[...] = 0
        sums = [diff, *others]
        pool.run(lambda s: work(self.blocks[s], slice(0, self.filters), sums[slices.index(s)]), slices)
        for other in others:
            diff += other

    def _run(self, work: Callable[[list, slice], None], blocks: list, count: int) -> None:
        """Call work(blocks, of_each) side by side, for slices of `blocks` or else of 0..count."""
        if self._enough(blocks):
            pool.run(lambda s: work(blocks[s], slice(0, count)), self._share(len(blocks)))
        else:
            pool.run(lambda s: work(blocks, s), self._share(count))

    @staticmethod
    def _enough(blocks: list) -> bool:
        """Whether the threads can share the blocks about evenly."""
        return len(blocks) % pool.threads() == 0 or len(blocks) > 4 * pool.threads()

    def _columns(self, x: Array, block: Block, g: int) -> Array:
        """What the taps see in one group of a block."""
        columns, geometry = self._new_columns(block, g, slice(0, self.group_channels))
        kernels().im2col(x.reshape(self.x_shape), *geometry, columns.reshape(-1))
        return columns

    def _add_columns(self, a: Array, b: Array, x: Array, block: Block, g: int, channels: slice) -> None:
        """Add the columns a b to the values of x that they show; those of an image's first row clear it before."""
        columns, geometry = self._new_columns(block, g, channels)
        numpy.matmul(a, b, out=columns)
        kernels().col2im(columns.reshape(-1), *geometry, x.reshape(self.x_shape))

    def _new_columns(self, block: Block, g: int, channels: slice) -> tuple[Array, tuple]:
        """Scratch for the columns of a block, and the block and its columns as the kernels take them."""
        images, rows = block
        first = g * self.group_channels
        taps = (channels.stop - channels.start) * self.window.taps
        count, length = images.stop - images.start, (rows.stop - rows.start) * self.width
        if self.side_by_side:
            columns, steps = scratch("columns", taps, count * length), (length, count * length)
        else:
            columns, steps = scratch("columns", count, taps, length), (taps * length, length)
        return columns, (
            (images.start, images.stop),
            (first + channels.start, first + channels.stop),
            (rows.start, rows.stop),
            *self.geometry,
            self.places,
            steps,
        )

    def _matrices(self, w: Array) -> Array:
        return w.reshape(self.group, self.filters, self.filter_size)

    def _results(self, y: Array, block: Block, g: int, filters: slice = slice(None)) -> Array:
        """A block of y for some filters of a group: (images, filters, rows width)."""
        return y.reshape(self.images, self.group, self.filters, self.length)[
            block.images, g, filters, self._place(block)
        ]

    def _planes(self, x: Array) -> Array:
        return x.reshape(self.images, self.group, self.group_channels, math.prod(self.size))

    def _gather(self, images: Array, name: str) -> Array:
        """Images (N, rows, length) as they are, or side by side in scratch: (rows, N length)."""
        if not self.side_by_side:
            return images
        count, rows, length = images.shape
        matrix = scratch(name, rows, count * length)
        _by_image(matrix, count)[...] = images
        return matrix

    def _place(self, block: Block) -> slice:
        """The places of a block in each image."""
        return slice(block.rows.start * self.width, block.rows.stop * self.width)

    def _bounds(self, block: Block, g: int, filters: slice) -> tuple[tuple[int, int], ...]:
        """Where the results of a block for some filters of a group are: images, channels and places, (first, last)."""
        first, place = g * self.filters, self._place(block)
        return (
            (block.images.start, block.images.stop),
            (first + filters.start, first + filters.stop),
            (place.start, place.stop),
        )

    def _multiply(self, a: Array, b: Array, out: Array) -> None:
        """out (N, rows, length) = a b."""
        product = scratch("product", len(a), b.shape[1]) if self.side_by_side else out
        numpy.matmul(a, b, out=product)
        if self.side_by_side:
            out[...] = _by_image(product, len(out))


class Pointwise(Columns):
    """A window of one tap at every place: the input has the columns itself."""

    algorithm = "1x1"
    few = COLUMNS // 4

    def _columns(self, x: Array, block: Block, g: int) -> Array:
        return self._gather(self._planes(x)[block.images, g, :, self._place(block)], "columns")

    def _add_columns(self, a: Array, b: Array, x: Array, block: Block, g: int, channels: slice) -> None:
        self._multiply(a, b, out=self._planes(x)[block.images, g, channels, self._place(block)])


def _cut(count: int, pieces: int) -> list[slice]:
    """0..count in `pieces` slices that differ by one at most."""
    bounds = [count * i // max(1, pieces) for i in range(pieces + 1)]
    return [slice(a, b) for a, b in zip(bounds, bounds[1:], strict=False)]


def _by_image(matrix: Array, count: int) -> Array:
    """(rows, N length) viewed as (N, rows, length)."""
    return matrix.reshape(len(matrix), count, matrix.shape[1] // max(1, count)).transpose(1, 0, 2)
