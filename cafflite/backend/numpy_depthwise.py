"""Convolution of single channels on a CPU."""

from typing import Any

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.numpy_convolution import CompiledConvolution, kernels
from cafflite.backend.ops_convolution import SpatialOps
from cafflite.backend.window import Window


class Depthwise(CompiledConvolution):
    """Each channel on its own, tap by tap: products of matrices so thin are not worth the columns."""

    algorithm = "depthwise"

    def __init__(self, ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> None:
        super().__init__(ops, x_shape, outputs, window, group)
        self.w_shape = (self.outputs, 1, *self.geometry[0])

    def convolve(
        self,
        x: Array,
        w: Array,
        out: Array,
        bias: Array | None = None,
        scale: Array | None = None,
        slope: float = 1.0,
    ) -> None:
        given = x.reshape(self.x_shape), w.reshape(self.w_shape), self._finish_of(self.outputs, bias, scale, slope)
        y = out.reshape(self.y_shape)
        pool.run(
            lambda s: kernels().depthwise(*given, s.start, s.stop, *self.geometry, y),
            self._share(self.images * self.outputs),
        )

    def deconvolve(self, y: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        w, x = w.reshape(self.w_shape), out.reshape(self.x_shape)
        kernel, (taps, stride, pad, dilation) = kernels().depthwise_data, self.geometry
        if self.channels == self.outputs and stride == (1, 1, 1):  # turn the kernels: faster
            kernel, w = kernels().depthwise, numpy.ascontiguousarray(w[:, :, ::-1, ::-1, ::-1])
            pad = tuple(extent - 1 - zeros for extent, zeros in zip(self.lifted.extent, pad, strict=True))
        given = y.reshape(self.y_shape), w, self._finish_of(self.channels, bias)
        pool.run(
            lambda s: kernel(*given, s.start, s.stop, taps, stride, pad, dilation, x),
            self._share(self.images * self.channels),
        )

    def add_weight_diff(self, x: Array, y: Array, out: Array) -> None:
        x, w, y = x.reshape(self.x_shape), out.reshape(self.w_shape), y.reshape(self.y_shape)
        pool.run(
            lambda s: kernels().add_depthwise_weight(x, y, s.start, s.stop, *self.geometry, w),
            self._share(self.outputs),
        )


class Depthwise3x3(Depthwise):
    """Three by three taps, a pad of 1 and strides of 1 or 2: what nets made of such convolutions have."""

    @staticmethod
    def fits(channels: int, outputs: int, window: Window) -> bool:
        of = window.kernel, window.pad, window.dilation
        return channels == outputs and of == ((3, 3), (1, 1), (1, 1)) and max(window.stride) <= 2

    def convolve(
        self,
        x: Array,
        w: Array,
        out: Array,
        bias: Array | None = None,
        scale: Array | None = None,
        slope: float = 1.0,
    ) -> None:
        w, finish, kernel = (
            w.reshape(-1, 9),
            self._finish_of(self.outputs, bias, scale, slope),
            self._kernels().convolve,
        )
        pool.run(
            lambda s: kernel(x, w, finish, s.start, s.stop, self.window.stride, out),
            self._share(self.images * self.outputs),
        )

    def deconvolve(self, y: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        w, bias, kernel = w.reshape(-1, 9), self._finish_of(self.channels, bias)[1], self._kernels().deconvolve
        pool.run(
            lambda s: kernel(y, w, bias, s.start, s.stop, self.window.stride, out),
            self._share(self.images * self.channels),
        )

    def add_weight_diff(self, x: Array, y: Array, out: Array) -> None:
        w, kernel = out.reshape(-1, 9), self._kernels().add_weight
        pool.run(lambda s: kernel(x, y, s.start, s.stop, self.window.stride, w), self._share(self.outputs))

    @staticmethod
    def _kernels() -> Any:
        from cafflite.backend import kernels_depthwise

        return kernels_depthwise
