"""The operations over spatial axes on a GPU: one thread for each value that is made."""

import math
import threading
from typing import Any

import numpy

from cafflite.backend.base import Array
from cafflite.backend.cupy_convolution import AXES, CupyConvolution, geometry
from cafflite.backend.cupy_kernels import launch
from cafflite.backend.ops_convolution import Convolution
from cafflite.backend.ops_spatial import LOWEST, SpatialOps
from cafflite.backend.window import Window

NEIGHBOURS = numpy.dtype([("size", numpy.int32, 3), ("reach", numpy.int32, 3)])


class CupySpatial(SpatialOps):
    """Windows of up to three spatial axes have kernels, those of more are left to the portable operations."""

    def __init__(self, xp: Any, dtype: str) -> None:
        super().__init__(xp, dtype)
        self._scratch = threading.local()

    def scratch(self, name: str, *shape: int) -> Array:
        """An array of this thread's own on the device, uninitialised; all that ask for `name` get the same memory."""
        count = math.prod(shape)
        mine = self._scratch.__dict__
        if name not in mine or mine[name].size < count:
            mine.pop(name, None)  # its memory is free before more is asked for
            mine[name] = self.xp.empty(count, self.dtype)
        return mine[name][:count].reshape(shape)

    def im2col(self, x: Array, window: Window, out: Array) -> None:
        if len(window.kernel) > AXES:
            super().im2col(x, window, out)
            return
        launch("im2col", out.size, x, geometry(window, x.shape[2:], out.shape[2:]), x.shape[1], *_steps(out), out)

    def col2im(self, columns: Array, window: Window, out: Array) -> None:
        if len(window.kernel) > AXES:
            super().col2im(columns, window, out)
            return
        seen = geometry(window, out.shape[2:], columns.shape[2:])
        launch("col2im", out.size, columns, seen, out.shape[1], *_steps(columns), out)

    def convolution(self, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> Convolution:
        way = Convolution if len(window.kernel) > AXES else CupyConvolution
        return way(self, x_shape, outputs, window, group)

    def max_pool(self, x: Array, window: Window, out: Array, mask: Array) -> None:
        launch("max_pool", out.size, x, geometry(window, x.shape[2:], out.shape[2:]), LOWEST, out, mask)

    def max_pool_backward(self, out_diff: Array, mask: Array, window: Window, x_diff: Array) -> None:
        seen = geometry(window, x_diff.shape[2:], out_diff.shape[2:])
        launch("max_pool_backward", x_diff.size, out_diff, mask, seen, x_diff)

    def average_pool(self, x: Array, window: Window, out: Array) -> None:
        launch("average_pool", out.size, x, geometry(window, x.shape[2:], out.shape[2:]), out)

    def average_pool_backward(self, out_diff: Array, window: Window, x_diff: Array) -> None:
        seen = geometry(window, x_diff.shape[2:], out_diff.shape[2:])
        launch("average_pool_backward", x_diff.size, out_diff, seen, x_diff)

    def stochastic_pool(self, x: Array, random: Array, window: Window, out: Array, mask: Array) -> None:
        launch("stochastic_pool", out.size, x, random, geometry(window, x.shape[2:], out.shape[2:]), out, mask)

    def uniform(self, seed: int, step: int, out: Array) -> None:
        launch("uniform", out.size, seed % 2**64, seed >> 64, step, out)

    def lrn(
        self, x: Array, size: int, alpha: float, beta: float, k: float, axes: tuple[int, ...], scale: Array, out: Array
    ) -> None:
        near = _neighbours(x, size, axes)
        launch("lrn_scale", x.size, x, near, alpha / size ** len(axes), k, scale)
        launch("lrn", x.size, x, scale, beta, out)

    def lrn_backward(
        self,
        x: Array,
        size: int,
        alpha: float,
        beta: float,
        axes: tuple[int, ...],
        scale: Array,
        out: Array,
        out_diff: Array,
        x_diff: Array,
    ) -> None:
        ratio = self.scratch("ratio", *x.shape)
        self.xp.divide(out, scale, out=ratio)
        ratio *= out_diff
        weight = 2 * alpha * beta / size ** len(axes)
        near = _neighbours(x, size, axes)
        launch("lrn_backward", x.size, x, near, weight, beta, scale, ratio, out_diff, x_diff)


def _steps(columns: Array) -> tuple[int, int]:
    """In columns (N, C K..., O...), from a tap's to the next tap's and from an image's to the next one's."""
    length = math.prod(columns.shape[2:])
    return length, columns.shape[1] * length


def _neighbours(x: Array, size: int, axes: tuple[int, ...]) -> numpy.ndarray:
    """The `size` neighbours along each of `axes` in images of x (N, C, H, W), as the kernels take them."""
    reach = tuple(size // 2 if axis in axes else 0 for axis in (1, 2, 3))
    return numpy.array((x.shape[1:], reach), NEIGHBOURS)
