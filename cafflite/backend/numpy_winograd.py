"""Winograd's convolution F(4x4, 3x3): a quarter of the multiplications of 3 x 3 kernels, as 36 products of matrices."""

import math
import os
from functools import cache
from typing import Any

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.numpy_convolution import CompiledConvolution, cut
from cafflite.backend.numpy_matmul import work
from cafflite.backend.ops_convolution import SpatialOps
from cafflite.backend.scratch import scratch
from cafflite.backend.window import Window

# With fewer channels the transforms cost more than they save; with fewer tiles the products are too narrow.
CHANNELS, TILES = 32, 64
MOST = 4096  # channels whose columns of a panel fit in what a product takes as scratch
BLOCK = 200  # tiles that make an efficient product
VECTOR = 16  # the most values in one


@cache
def kernels() -> Any:
    """The compiled transforms, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_winograd

    return kernels_winograd


def pays(x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> bool:
    """Whether it can do such a convolution and is faster, unless the environment has CAFFLITE_WINOGRAD=0."""
    if window.kernel != (3, 3) or window.stride != (1, 1) or window.dilation != (1, 1) or max(window.pad) > 2:
        return False
    tiles = x_shape[0] * math.prod(-(-n // 4) for n in window.positions(x_shape[2:]))
    fits = tiles >= TILES and CHANNELS <= min(x_shape[1], outputs) // group <= max(x_shape[1], outputs) // group <= MOST
    return fits and os.environ.get("CAFFLITE_WINOGRAD") != "0"


def _blocks(shape: tuple[int, ...]) -> tuple[Array, int]:
    """Blocks of an output (N, M, H, W), (first image, last, first row of tiles, last), and room for their tiles.

    Images with few tiles lie together, those with many are cut.
    """
    images, height, columns = shape[0], -(-shape[2] // 4), -(-shape[3] // 4)
    groups = -(-images // max(1, BLOCK // (height * columns)))
    parts = min(height, -(-height * columns // BLOCK)) if groups == images else 1
    while groups * parts % pool.threads() and groups * parts < 4 * pool.threads() and parts < height:
        groups, parts = (groups + 1, 1) if groups < images else (groups, parts + 1)
    blocks = numpy.array([(*group, *part) for group in cut(images, groups) for part in cut(height, parts)])
    most = int(((blocks[:, 1] - blocks[:, 0]) * (blocks[:, 3] - blocks[:, 2])).max()) * columns
    return blocks, most + VECTOR


class Winograd(CompiledConvolution):
    """The threads share blocks of tiles, each of which is transformed, multiplied and transformed back."""

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
        self._correlate(x, w, False, (self.filters, self.group_channels), self.window.pad, out, finish)

    def deconvolve(self, y: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        sizes, pad = (self.group_channels, self.filters), tuple(2 - pad for pad in self.window.pad)
        self._correlate(y, w, True, sizes, pad, out, self._finish_of(self.channels, bias))

    def add_weight_diff(self, x: Array, y: Array, out: Array) -> None:
        made, seen = self.filters, self.group_channels
        blocks, most = _blocks(y.shape)
        slices, diff = pool.split(len(blocks)), out.reshape(self.group, made, seen, 9)
        sums = [_tiles(f"sums{i}", made, seen) for i in range(len(slices))]
        for g in range(self.group):
            given, total = ((g * made, g * seen), self.window.pad), diff[g]

            def sum_up(s: slice, given: tuple = given) -> None:
                kernels().filter_diffs(x, y, sums[slices.index(s)], blocks[s], *given, _spaces(made, seen, most))

            def add(s: slice, total: Array = total) -> None:
                for one in sums:
                    kernels().add_kernel_diff(one, (s.start, s.stop), total)

            pool.run(sum_up, slices)
            pool.run(add, self._share(made))

    def _correlate(
        self, x: Array, w: Array, turned: bool, sizes: tuple[int, int], pad: tuple[int, ...], y: Array, finish: tuple
    ) -> None:
        """y = the windows of x, with zeros around it, times the kernels, and what follows.

        turned  whether the kernels are turned by half a circle, and make the channels that they see otherwise
        sizes   the channels made and seen in each group
        """
        made, seen = sizes
        blocks, most = _blocks(y.shape)
        rows, pitch = kernels().ROWS, kernels().PITCH
        filters = scratch("filters", -(-made // rows), 36, seen, pitch)
        w = w.reshape(self.group, self.filters, self.group_channels, 9)
        for g in range(self.group):
            bases, kernel = (g * made, g * seen), w[g].swapaxes(0, 1) if turned else w[g]

            def transform(s: slice, kernel: Array = kernel) -> None:
                kernels().filter_tiles(kernel, turned, (s.start, s.stop), filters)

            def correlate(s: slice, bases: tuple = bases) -> None:
                kernels().correlate(x, filters, y, finish, blocks[s], bases, pad, _spaces(made, seen, most))

            pool.run(transform, self._share(len(filters)))
            pool.run(correlate, pool.split(len(blocks)))


def _tiles(name: str, channels: int, count: int) -> Array:
    """Scratch for so many transformed tiles of each channel, in whole vectors."""
    return scratch(name, channels, 36, -(-count // VECTOR) * VECTOR)


def _spaces(made: int, seen: int, tiles: int) -> tuple[Array, Array, Array]:
    return _tiles("tiles", seen, tiles), _tiles("results", made, tiles), work()
