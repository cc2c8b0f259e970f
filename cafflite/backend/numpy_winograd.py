"""Winograd's convolution F(4x4, 3x3): a quarter of the multiplications of 3 x 3 kernels, as 36 products of matrices."""

import math
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.numpy_convolution import CompiledConvolution
from cafflite.backend.ops_convolution import SpatialOps
from cafflite.backend.scratch import scratch
from cafflite.backend.window import Window

# With fewer channels the transforms cost more than they save; with fewer tiles the products are too narrow.
CHANNELS, TILES = 32, 64
BLOCK = 256  # tiles in a block: enough for an efficient product, and few enough for the cache


def kernels() -> Any:
    """The compiled transforms, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_winograd

    return kernels_winograd


def pays(x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> bool:
    """Whether it can do such a convolution and is faster, unless the environment has CAFFLITE_WINOGRAD=0."""
    if window.kernel != (3, 3) or window.stride != (1, 1) or window.dilation != (1, 1) or max(window.pad) > 2:
        return False
    tiles = x_shape[0] * math.prod(-(-n // 4) for n in window.positions(x_shape[2:]))
    enough = tiles >= TILES and min(x_shape[1], outputs) // group >= CHANNELS
    return enough and os.environ.get("CAFFLITE_WINOGRAD") != "0"


class Block(NamedTuple):
    """What is transformed at once: some images, and of each the same rows of tiles, both as (first, last)."""

    images: tuple[int, int]
    rows: tuple[int, int]
    tiles: int


def blocks(shape: tuple[int, ...]) -> Iterator[Block]:
    """The blocks of an output (N, M, H, W)."""
    images, height, columns = shape[0], -(-shape[2] // 4), -(-shape[3] // 4)
    rows = min(height, max(1, BLOCK // columns))
    group = max(1, BLOCK // (height * columns))
    for n in range(0, images, group):
        last = min(n + group, images)
        for row in range(0, height, rows):
            end = min(row + rows, height)
            yield Block((n, last), (row, end), (last - n) * (end - row) * columns)


class Winograd(CompiledConvolution):
    """Block after block: the threads share the channels that are transformed, and the 36 products."""

    algorithm = "winograd"

    def __init__(self, ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> None:
        super().__init__(ops, x_shape, outputs, window, group)
        self.group_channels = self.channels // group

    def convolve(
        self,
        x: Array,
        w: Array,
        out: Array,
        bias: Array | None = None,
        scale: Array | None = None,
        slope: float = 1.0,
    ) -> None:
        finish = self._finish_of(self.outputs, bias, scale, slope)
        self._correlate(x, self._filters(w, turned=False), self.window.pad, out, finish)

    def deconvolve(self, y: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        turned = self._filters(w, turned=True).swapaxes(2, 3)
        self._correlate(y, turned, tuple(2 - pad for pad in self.window.pad), out, self._finish_of(self.channels, bias))

    def add_weight_diff(self, x: Array, y: Array, out: Array) -> None:
        made, seen = self.filters, self.group_channels
        sums, product = (scratch(name, 36, self.group, made, seen) for name in ("sums", "product"))
        sums[...] = 0
        for block in blocks(y.shape):
            tiles, diffs = scratch("tiles", 36, seen, block.tiles), scratch("results", 36, made, block.tiles)
            for g in range(self.group):
                self._transform("input_tiles", x, block, g, seen, self.window.pad, tiles)
                self._transform("diff_tiles", y, block, g, made, diffs)
                _multiply(diffs, tiles.swapaxes(1, 2), product[:, g])
            pool.run(lambda s: numpy.add(sums[s], product[s], out=sums[s]), pool.split(36))
        diff, total = out.reshape(self.outputs, seen, 9), sums.reshape(36, self.outputs, seen)
        pool.run(lambda s: kernels().add_kernel_diff(total, (s.start, s.stop), diff), self._share(self.outputs))

    def _filters(self, w: Array, turned: bool) -> Array:
        """The kernels (M, C / group, 3, 3), transformed: (36, M, C / group)."""
        filters = scratch("filters", 36, self.outputs, self.group_channels)
        w = w.reshape(self.outputs, self.group_channels, 9)
        pool.run(lambda s: kernels().filter_tiles(w, (s.start, s.stop), turned, filters), self._share(self.outputs))
        return filters.reshape(36, self.group, self.filters, self.group_channels)

    def _correlate(self, x: Array, filters: Array, pad: tuple[int, ...], y: Array, finish: tuple) -> None:
        """y = the windows of x, with zeros around it, times the filters (36, group, out, in), and what follows."""
        made, seen = filters.shape[2:]
        for block in blocks(y.shape):
            tiles, results = scratch("tiles", 36, seen, block.tiles), scratch("results", 36, made, block.tiles)
            for g in range(self.group):
                self._transform("input_tiles", x, block, g, seen, pad, tiles)
                _multiply(filters[:, g], tiles, results)
                self._transform("output_tiles", y, block, g, made, finish, results)

    def _transform(self, kernel: str, images: Array, block: Block, g: int, channels: int, *arguments: Any) -> None:
        """Call a kernel for the channels of group `g`, which the threads share."""
        function = getattr(kernels(), kernel)
        pool.run(
            lambda s: function(images, *block[:2], g * channels, (s.start, s.stop), *arguments),
            self._share(channels),
        )


def _multiply(a: Array, b: Array, out: Array) -> None:
    """out = a b, 36 products that the threads share."""
    pool.run(lambda s: numpy.matmul(a[s], b[s], out=out[s]), pool.split(36))
