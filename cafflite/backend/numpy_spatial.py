"""The operations over spatial axes on a CPU: compiled kernels, over planes or images that the threads share."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.numpy_convolution import Columns, Pointwise, kernels
from cafflite.backend.numpy_depthwise import Depthwise, Depthwise3x3
from cafflite.backend.numpy_winograd import Winograd, pays
from cafflite.backend.ops_convolution import Convolution
from cafflite.backend.ops_spatial import SpatialOps
from cafflite.backend.scratch import scratch
from cafflite.backend.window import Window

SERIAL = 2**15  # values that are not worth a second thread


@cache
def _pooling() -> Any:
    """The compiled kernels, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_pooling

    return kernels_pooling


@cache
def _lrn() -> Any:
    from cafflite.backend import kernels_lrn

    return kernels_lrn


def _share(count: int, each: int) -> list[slice]:
    """`count` planes or images of `each` values, shared among the threads."""
    return pool.split(count, -(-SERIAL // max(1, each)))


def _planes(x: Array) -> Array:
    """(N, C, H, W) as (N C, H, W)."""
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def _with_three_axes(x: Array, window: Window, columns: Array) -> tuple:
    """x with three spatial axes, and what else the kernels need to know of its columns."""
    more = (1,) * (5 - x.ndim)
    lifted = window.lifted(3)
    places = (*more, *columns.shape[2:])
    length = math.prod(places)
    return x.reshape(*x.shape[:2], *more, *x.shape[2:]), (
        (0, x.shape[1]),
        (0, places[0] * places[1]),
        *(lifted.kernel, lifted.stride, lifted.pad, lifted.dilation),
        places,
        (columns.shape[1] * length, length),
    )


def _is_wide(window: Window, out: Array) -> bool:
    """Whether loops along the columns of a window are longer than those along its positions."""
    return window.kernel[1] >= out.shape[3]


def _is_by_fours(window: Window, x: Array, out: Array) -> bool:
    """Whether windows of 2 x 2 lie side by side, all inside the plane."""
    fits = 2 * out.shape[2] <= x.shape[2] and 2 * out.shape[3] <= x.shape[3]
    return fits and (window.kernel, window.stride, window.pad) == ((2, 2), (2, 2), (0, 0))


def _pool_planes(kernel: Callable, window: Window, x: Array, given: tuple, made: tuple) -> None:
    """Call a pooling kernel for all planes of the arrays; those of `x` say how much work they are."""
    read, written = [_planes(a) for a in given], [_planes(a) for a in made]
    geometry = window.kernel, window.stride, window.pad
    pool.run(
        lambda s: kernel(*[a[s] for a in read], *geometry, *[a[s] for a in written]),
        _share(x.shape[0] * x.shape[1], x.shape[2] * x.shape[3]),
    )


class NumpySpatial(SpatialOps):
    """Convolutions, poolings and normalisations by kernels; im2col by itself too, up to three spatial axes."""

    def im2col(self, x: Array, window: Window, out: Array) -> None:
        if x.ndim > 5:
            super().im2col(x, window, out)
            return
        source, geometry = _with_three_axes(x, window, out)
        pool.run(
            lambda s: kernels().im2col(source, (s.start, s.stop), *geometry, out[s].reshape(-1)),
            _share(len(x), out[:1].size),
        )

    def col2im(self, columns: Array, window: Window, out: Array) -> None:
        if out.ndim > 5:
            super().col2im(columns, window, out)
            return
        target, geometry = _with_three_axes(out, window, columns)
        pool.run(
            lambda s: kernels().col2im(columns[s].reshape(-1), (s.start, s.stop), *geometry, target),
            _share(len(out), columns[:1].size),
        )

    def convolution(self, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> Convolution:
        """The fastest convolution for these shapes."""
        way: type[Convolution] = Columns
        if len(window.kernel) > 3:
            way = Convolution
        elif group > 1 and group == x_shape[1]:
            way = Depthwise3x3 if Depthwise3x3.fits(group, outputs, window) else Depthwise
        elif window.has_one_tap and all(x_shape[2:]):  # where there is nothing, a stride has a position that sees it
            way = Pointwise
        elif pays(x_shape, outputs, window, group):
            way = Winograd
        return way(self, x_shape, outputs, window, group)

    def max_pool(self, x: Array, window: Window, out: Array, mask: Array) -> None:
        kernel = _pooling().max_pool
        if _is_by_fours(window, x, out):
            kernel = _pooling().max_pool_by_fours
        elif _is_wide(window, out):
            kernel = _pooling().max_pool_by_window
        _pool_planes(kernel, window, x, (x,), (out, mask))

    def max_pool_backward(self, out_diff: Array, mask: Array, window: Window, x_diff: Array) -> None:
        planes = x_diff.shape[0] * x_diff.shape[1]
        out_diff, mask, x_diff = (a.reshape(planes, a.shape[2] * a.shape[3]) for a in (out_diff, mask, x_diff))
        pool.run(
            lambda s: _pooling().max_pool_backward(out_diff[s], mask[s], x_diff[s]), _share(planes, x_diff[:1].size)
        )

    def average_pool(self, x: Array, window: Window, out: Array) -> None:
        kernel = _pooling().average_pool_by_window if _is_wide(window, out) else _pooling().average_pool
        _pool_planes(kernel, window, x, (x,), (out,))

    def average_pool_backward(self, out_diff: Array, window: Window, x_diff: Array) -> None:
        pooling = _pooling()
        wide = _is_wide(window, out_diff)
        kernel = pooling.average_pool_backward_by_window if wide else pooling.average_pool_backward
        _pool_planes(kernel, window, x_diff, (out_diff,), (x_diff,))

    def stochastic_pool(self, x: Array, random: Array, window: Window, out: Array, mask: Array) -> None:
        _pool_planes(_pooling().stochastic_pool, window, x, (x, random), (out, mask))

    def lrn(
        self, x: Array, size: int, alpha: float, beta: float, k: float, axes: tuple[int, ...], scale: Array, out: Array
    ) -> None:
        numbers = size // 2, numpy.float32(alpha / size ** len(axes)), numpy.float32(beta), numpy.float32(k)
        if axes == (1,):
            x, scale, out = (_flat(a) for a in (x, scale, out))
            pool.run(lambda s: _lrn().across(x, *numbers, s.start, s.stop, scale, out), self._tiles(x))
        else:
            x, scale, out = (_planes(a) for a in (x, scale, out))
            pool.run(lambda s: _lrn().within(x[s], *numbers, scale[s], out[s]), _share(len(x), x[:1].size))

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
        numbers = size // 2, numpy.float32(2 * alpha * beta / size ** len(axes)), numpy.float32(beta)
        if axes == (1,):
            arrays = [_flat(a) for a in (scale, out, out_diff)]
            x, x_diff = _flat(x), _flat(x_diff)
            pool.run(
                lambda s: _lrn().across_backward(
                    x, *numbers, s.start, s.stop, *arrays, scratch("ratio", x.shape[1], _lrn().TILE), x_diff
                ),
                self._tiles(x),
            )
        else:
            x, scale, out, out_diff, x_diff = (_planes(a) for a in (x, scale, out, out_diff, x_diff))
            pool.run(
                lambda s: _lrn().within_backward(x[s], *numbers, scale[s], out[s], out_diff[s], x_diff[s]),
                _share(len(x), x[:1].size),
            )

    @staticmethod
    def _tiles(x: Array) -> list[slice]:
        """The tiles of all images (N, C, H W), shared among the threads."""
        tile = _lrn().TILE
        return _share(len(x) * -(-x.shape[2] // tile), x.shape[1] * tile)


def _flat(x: Array) -> Array:
    """(N, C, H, W) as (N, C, H W)."""
    return x.reshape(*x.shape[:2], x.shape[2] * x.shape[3])
