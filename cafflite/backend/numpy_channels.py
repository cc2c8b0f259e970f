"""Operations along channels on a CPU: compiled kernels over rows or channels on the thread pool."""

from collections.abc import Callable
from functools import wraps

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.ops_channels import ChannelOps

SERIAL = 2**15  # elements that are not worth a second thread


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


def _run_channels(kernel: Callable, *arrays: Array) -> None:
    """Call `kernel` for all channels of the `arrays`, of which the first is (N, C, S)."""
    images, channels, length = arrays[0].shape
    slices = pool.split(channels, SERIAL // max(1, images * length))
    pool.run(lambda s: kernel(s.start, s.stop, *arrays), slices)


def _compiled(method: Callable) -> Callable:
    """`method`, but its twin where S is 1: a loop over one value is slow, and NumPy then goes along the channels."""
    twin = getattr(ChannelOps, method.__name__)

    @wraps(method)
    def choose(self: "NumpyChannels", array: Array, *others: Array, **out: Array) -> None:
        (twin if array.shape[2] == 1 else method)(self, array, *others, **out)

    return choose


class NumpyChannels(ChannelOps):
    @_compiled
    def channel_affine(self, x: Array, scale: Array, bias: Array | None, out: Array) -> None:
        bias = numpy.zeros_like(scale) if bias is None else bias
        _run_rows(_kernels().affine, (x, out), scale, bias)

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
    def channel_normalize_backward(self, dy: Array, y: Array, inverse: Array, out: Array) -> None:
        _run_channels(_kernels().normalize_backward, dy, y, inverse, out)

    @_compiled
    def prelu(self, x: Array, slope: Array, out: Array) -> None:
        _run_rows(_kernels().prelu, (x, out), slope)

    @_compiled
    def prelu_backward(self, dy: Array, x: Array, slope: Array, out: Array) -> None:
        _run_rows(_kernels().prelu_backward, (dy, x, out), slope)
