"""Convolution on a CPU: by columns, and by the input itself where a window has one tap."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.numpy_matmul import work
from cafflite.backend.ops_convolution import Convolution, SpatialOps
from cafflite.backend.scratch import scratch
from cafflite.backend.window import Window

COLUMNS = 512  # columns of a block, about: they make an efficient product
ALONE = 128  # columns that an image needs for a block of its own
SERIAL = 2**18  # multiply-adds that are not worth a second thread


@cache
def kernels() -> Any:
    """The compiled kernels, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_convolution

    return kernels_convolution


@cache
def _columns() -> Any:
    from cafflite.backend import kernels_columns

    return kernels_columns


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


class Columns(CompiledConvolution):
    """Matrix products with blocks of columns.

    Images with few positions lie side by side, so that one product does for all of a block; those with many are cut.
    The threads share the blocks, or, where these are too few, the filters (the channels, for `deconvolve`) of each.
    """

    algorithm = "im2col"
    is_point = False

    def __init__(self, ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> None:
        super().__init__(ops, x_shape, outputs, window, group)
        self.group_channels = self.channels // group
        self.batches = cut(self.images, self._batch_count())
        height = self.length // self.places[2]
        self.parts = cut(height, max(1, min(height, round(self.length / COLUMNS))))
        self.blocks = numpy.array(
            [(*images, *rows) for images in self.batches for rows in self.parts], numpy.int64
        ).reshape(-1, 4)
        rows = [int((block[1] - block[0]) * (block[3] - block[2])) for block in self.blocks]
        self.most = max(rows, default=0) * self.places[2]  # columns in a block

    def _batch_count(self) -> int:
        """Images go together until there are enough columns, in as many batches for each thread."""
        count = self.images if self.length >= ALONE else -(-self.images // max(1, COLUMNS // self.length))
        threads = pool.threads()
        return count if count < threads else min(self.images, -(-count // threads) * threads)

    def convolve(
        self,
        x: Array,
        w: Array,
        out: Array,
        bias: Array | None = None,
        scale: Array | None = None,
        slope: float = 1.0,
    ) -> None:
        given = x.reshape(self.x_shape), self._matrices(w), self._results(out)
        follows = bias is not None or scale is not None or slope != 1
        finish = self._finish_of(self.outputs if follows else 0, bias, scale, slope)
        self._run(
            lambda blocks, filters: _columns().convolve(*given, finish, blocks, filters, *self._form()), 1, self.filters
        )

    def deconvolve(self, y: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        given = self._results(y), self._matrices(w), out.reshape(self.x_shape)
        offset = numpy.empty(0, numpy.float32) if bias is None else bias
        self._run(
            lambda blocks, channels: _columns().deconvolve(*given, offset, blocks, channels, *self._form()),
            len(self.parts),
            self.group_channels,
        )

    def add_weight_diff(self, x: Array, y: Array, out: Array) -> None:
        x, y, diff, kernel = x.reshape(self.x_shape), self._results(y), self._matrices(out), _columns().add_weight_diff
        if not self._enough(len(self.blocks)):
            pool.run(
                lambda s: kernel(x, y, diff, self.blocks, (s.start, s.stop), *self._form()), self._share(self.filters)
            )
            return
        slices = self._share(len(self.blocks))
        others = scratch("others", len(slices) - 1, *diff.shape)  # the sums of all threads but the first
        others[...] = 0
        sums = [diff, *others]
        pool.run(
            lambda s: kernel(x, y, sums[slices.index(s)], self.blocks[s], (0, self.filters), *self._form()), slices
        )
        for other in others:
            diff += other

    def _run(self, function: Callable[[Array, tuple[int, int]], None], together: int, count: int) -> None:
        """Call function(blocks, of_each) side by side: for blocks, `together` ones in a call, or else for 0..count."""
        pieces = len(self.blocks) // together
        if self._enough(pieces):
            blocks = self.blocks.reshape(pieces, together, 4)
            pool.run(lambda s: function(blocks[s].reshape(-1, 4), (0, count)), self._share(pieces))
        else:
            pool.run(lambda s: function(self.blocks, (s.start, s.stop)), self._share(count))

    @staticmethod
    def _enough(pieces: int) -> bool:
        """Whether the threads can share them about evenly."""
        return pieces % pool.threads() == 0 or pieces > 4 * pool.threads()

    def _form(self) -> tuple:
        """What all kernels take: the form of the convolution, and this thread's scratch."""
        spaces = (
            scratch("columns", _columns().CACHE + self.window.taps * self.most),
            scratch("results", self.filters * self.most),
            work(),
        )
        return self.is_point, self.geometry, self.places, spaces

    def _matrices(self, w: Array) -> Array:
        return w.reshape(self.group, self.filters, self.filter_size)

    def _results(self, y: Array) -> Array:
        return y.reshape(self.images, self.outputs, self.length)


class Pointwise(Columns):
    """A window of one tap: the input has the columns itself, or, with a stride, among others."""

    algorithm = "1x1"
    is_point = True


def cut(count: int, pieces: int) -> list[tuple[int, int]]:
    """0..count in `pieces` parts (first, last) that differ by one at most."""
    bounds = [count * i // max(1, pieces) for i in range(pieces + 1)]
    return list(zip(bounds, bounds[1:], strict=False))
