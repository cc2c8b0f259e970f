"""Convolution and its gradients as matrix products with columns: the portable way, and the interface of every other."""

import math
from typing import Any

from cafflite.backend.base import Array
from cafflite.backend.window import Window

SpatialOps = Any  # the class in ops_spatial.py, which stands above this module


class Convolution:
    """The convolution between arrays of fixed shapes.

    x  (N, C, I...)           the input of a Convolution layer, the output of a Deconvolution layer
    w  (M, C / group, K...)
    y  (N, M, O...)           O... positions of the window

    Channels lie in `group` groups that do not see one another. `algorithm` names the way it is done.
    """

    algorithm = "im2col"

    def __init__(self, ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> None:
        self.ops = ops
        self.images, self.channels, *size = x_shape
        self.outputs = outputs
        self.window = window
        self.group = group
        self.size = tuple(size)
        self.positions = window.positions(self.size)
        # The matrix of one group is (filters, filter_size), its columns are (filter_size, length).
        self.filters = outputs // group
        self.filter_size = self.channels // group * window.taps
        self.length = math.prod(self.positions)

    def convolve(
        self,
        x: Array,
        w: Array,
        out: Array,
        bias: Array | None = None,
        scale: Array | None = None,
        slope: float = 1.0,
    ) -> None:
        """out (N, M, O...) = the convolution of x with w, times scale (M,), plus the bias (M,).

        What is not above 0 then is multiplied by `slope`, as a ReLU does.
        """
        weight = w.reshape(self.group, self.filters, self.filter_size)
        for image, y in zip(x, out, strict=True):
            self.ops.xp.matmul(weight, self._image_columns(image), out=y.reshape(self.group, self.filters, self.length))
        self._finish(out, bias, scale, slope)

    def deconvolve(self, y: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        """out (N, C, I...) = the gradient of `convolve` for x, given y as that of its result, plus the bias (C,)."""
        weight = w.reshape(self.group, self.filters, self.filter_size).transpose(0, 2, 1)
        for image, x in zip(y, out, strict=True):
            columns = self.ops.xp.matmul(weight, image.reshape(self.group, self.filters, self.length))
            self.ops.col2im(columns.reshape(1, -1, *self.positions), self.window, out=x[None])
        self._finish(out, bias)

    def add_weight_diff(self, x: Array, y: Array, out: Array) -> None:
        """out (M, C / group, K...) += the gradient of `convolve` for w, given y (N, M, O...) as that of its result."""
        diff = out.reshape(self.group, self.filters, self.filter_size)
        for image, result in zip(x, y, strict=True):
            diff += self.ops.xp.matmul(
                result.reshape(self.group, self.filters, self.length), self._image_columns(image).transpose(0, 2, 1)
            )

    def _image_columns(self, image: Array) -> Array:
        columns = self.ops.xp.empty((1, self.channels * self.window.taps, *self.positions), image.dtype)
        self.ops.im2col(image[None], self.window, out=columns)
        return columns.reshape(self.group, self.filter_size, self.length)

    def _finish(self, out: Array, bias: Array | None, scale: Array | None = None, slope: float = 1.0) -> None:
        """What follows the product, in place."""
        along = (-1, *[1] * len(self.size))
        if scale is not None:
            out *= scale.reshape(along)
        if bias is not None:
            out += bias.reshape(along)
        if slope != 1:
            self.ops.relu(out, slope, out=out)
