"""Operations along channels on a CPU: compiled kernels over rows or channels on the thread pool."""

import math
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.ops_channels import ChannelOps

SERIAL = 2**15  # elements that are not worth a second thread


@cache
def _kernels():
    """The compiled kernels, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_channels

    return kernels_channels


def _run_rows(kernel: Callable, arrays: tuple[Array, ...], *values: Array) -> None:
    """Call `kernel` for all rows of the `arrays` (N, C, S)."""
    images, channels, length = arrays[0].shape
    rows = [array.reshape(images * channels, length) for array in arrays]
    slices = pool.split(images * channels, SERIAL // max(1, length))
    pool.run(lambda s: kernel(s.start, *[array[s] for array in rows], *values), slices)


def _run_channels(kernel: Callable, array: Array, *others: Any) -> None:
    """Call `kernel` for all channels of the `array` (N, C, S), with the `others`."""
    images, channels, length = array.shape
    slices = pool.split(channels, SERIAL // max(1, images * length))
    pool.run(lambda s: kernel(s.start, s.stop, array, *others), slices)


def _compiled(method: Callable) -> Callable:
    """`method`, but its twin where S is 1: a loop over one value is slow, and NumPy then goes along the channels."""
    twin = getattr(ChannelOps, method.__name__)

    @wraps(method)
    def choose(self: "NumpyChannels", array: Array, *others: Any, **named: Any) -> None:
        (twin if array.shape[2] == 1 else method)(self, array, *others, **named)

    return choose


class NumpyChannels(ChannelOps):
    @_compiled
    def channel_affine(
        self,
        x: Array,
        scale: Array,
        bias: Array | None,
        out: Array,
        slope: float = 1.0,
        kept: Array | None = None,
    ) -> None:
        values = scale, numpy.zeros_like(scale) if bias is None else bias, numpy.float32(slope)
        if kept is None:
            _run_rows(_kernels().affine, (x, out), *values)
        else:
            _run_rows(_kernels().affine_keeping, (x, kept, out), *values)

    def add_channel_sum(self, x: Array, out: Array) -> None:
        _run_channels(_kernels().add_sum, x.reshape(len(x), len(out), math.prod(x.shape[2:])), out)

    @_compiled
    def add_channel_dot(self, a: Array, b: Array, out: Array) -> None:
        _run_channels(_kernels().add_dot, a, b, out)

    @_compiled
    def channel_moments(self, x: Array, mean: Array, variance: Array) -> None:
        _run_channels(_kernels().moments, x, mean, variance)

    @_compiled
    def channel_normalize(self, x: Array, mean: Array, inverse: Array, out: Array) -> None:
        _run_rows(_kernels().normalize, (x, out), mean, inverse)

    @_compiled
    def channel_batch_norm(
        self,
        x: Array,
        eps: float,
        mean: Array,
        variance: Array,
        inverse: Array,
        normalized: Array,
        out: Array,
        scale: Array | None = None,
        bias: Array | None = None,
        slope: float = 1.0,
    ) -> None:
        scale = numpy.ones_like(mean) if scale is None else scale
        bias = numpy.zeros_like(mean) if bias is None else bias
        values = numpy.float32(eps), mean, variance, inverse, scale, bias, numpy.float32(slope)
        _run_channels(_kernels().batch_norm, x, normalized, out, *values)

    @_compiled
    def channel_affine_backward(
        self,
        dy: Array,
        x: Array,
        scale: Array,
        ds: Array,
        db: Array,
        out: Array,
        y: Array | None = None,
        slope: float = 1.0,
        inverse: Array | None = None,
        by_batch: bool = False,
    ) -> None:
        factor = scale if inverse is None else inverse * scale
        y = dy if y is None else y
        _run_channels(_kernels().affine_backward, dy, x, y, numpy.float32(slope), factor, by_batch, ds, db, out)

    @_compiled
    def channel_normalize_backward(self, dy: Array, y: Array, inverse: Array, out: Array) -> None:
        _run_channels(_kernels().normalize_backward, dy, y, inverse, out)

    @_compiled
    def prelu(self, x: Array, slope: Array, out: Array) -> None:
        _run_rows(_kernels().prelu, (x, out), slope)

    @_compiled
    def prelu_backward(self, dy: Array, x: Array, slope: Array, out: Array) -> None:
        _run_rows(_kernels().prelu_backward, (dy, x, out), slope)
