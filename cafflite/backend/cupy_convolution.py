"""Convolution on a GPU: products by cuBLAS with the columns of as many images at once as there is room for."""

import numpy

from cafflite.backend.base import Array
from cafflite.backend.cupy_kernels import launch
from cafflite.backend.ops_convolution import Convolution, SpatialOps
from cafflite.backend.window import Window

COLUMNS = 2**25  # elements of the columns of a block of images, unless those of one image are more
AXES = 3  # spatial axes of the kernels
PARTS = ("size", "positions", "kernel", "stride", "pad", "dilation")
WINDOW = numpy.dtype([(part, numpy.int32, AXES) for part in PARTS])


def geometry(window: Window, size: tuple[int, ...], positions: tuple[int, ...]) -> numpy.ndarray:
    """The window at these positions over an input of `size`, as the kernels take it."""
    more, of = (1,) * (AXES - len(size)), window.lifted(AXES)
    parts = (*more, *size), (*more, *positions), of.kernel, of.stride, of.pad, of.dilation
    return numpy.array(parts, WINDOW)


class CupyConvolution(Convolution):
    """The images of a block lie side by side, so that one product does for all of them."""

    def __init__(self, ops: SpatialOps, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> None:
        super().__init__(ops, x_shape, outputs, window, group)
        most = max(1, COLUMNS // max(1, self.channels * window.taps * self.length))
        self.geometry = geometry(window, self.size, self.positions)
        self.blocks = [slice(n, min(n + most, self.images)) for n in range(0, self.images, most)]

    def workspace(self) -> dict[str, int]:
        """The most elements of the arrays that it works in, by their names: `Ops.scratch` of the device has them."""
        length = max(block.stop - block.start for block in self.blocks) * self.length
        return {"columns": self.group * self.filter_size * length, "results": self.group * self.filters * length}

    def convolve(
        self,
        x: Array,
        w: Array,
        out: Array,
        bias: Array | None = None,
        scale: Array | None = None,
        slope: float = 1.0,
    ) -> None:
        weight = w.reshape(self.group, self.filters, self.filter_size)
        offset = 0 if bias is None or scale is not None else bias.reshape(self.group, self.filters, 1)
        for block in self.blocks:
            columns = self._columns(x[block])
            product = self.ops.scratch("results", self.group, self.filters, columns.shape[2])
            self._multiply(weight, columns, product)
            self.ops.xp.add(self._by_image(product), offset, out=self._results(out[block]))
        self._finish(out, None if scale is None else bias, scale, slope)

    def deconvolve(self, y: Array, w: Array, out: Array, bias: Array | None = None) -> None:
        weight = w.reshape(self.group, self.filters, self.filter_size).transpose(0, 2, 1)
        for block in self.blocks:
            results = self._side_by_side(y[block])
            columns = self.ops.scratch("columns", self.group, self.filter_size, results.shape[2])
            self._multiply(weight, results, columns)
            images = out[block]
            launch("col2im", images.size, columns, self.geometry, self.channels, *self._steps(images), images)
        self._finish(out, bias)

    def add_weight_diff(self, x: Array, y: Array, out: Array) -> None:
        diff = out.reshape(self.group, self.filters, self.filter_size)
        for block in self.blocks:
            columns = self._columns(x[block]).transpose(0, 2, 1)
            results = self._side_by_side(y[block])
            if self.group == 1:
                self.ops.add_matmul(results[0], columns[0], diff[0])
            else:
                diff += self.ops.xp.matmul(results, columns)

    def _columns(self, images: Array) -> Array:
        """What the taps see in some images: (group, filter_size, images length)."""
        columns = self.ops.scratch("columns", self.group, self.filter_size, len(images) * self.length)
        launch("im2col", columns.size, images, self.geometry, self.channels, *self._steps(images), columns)
        return columns

    def _steps(self, images: Array) -> tuple[int, int]:
        """From a tap's columns to the next tap's, and from an image's to the next one's."""
        return len(images) * self.length, self.length

    def _multiply(self, a: Array, b: Array, out: Array) -> None:
        """out = a b in each group; the product of two matrices takes turned ones as they are, that of more copies."""
        if self.group == 1:
            a, b, out = a[0], b[0], out[0]
        self.ops.xp.matmul(a, b, out=out)

    def _side_by_side(self, images: Array) -> Array:
        """Images of y (N, M, O...) as (group, filters, N length)."""
        results = self.ops.scratch("results", self.group, self.filters, len(images) * self.length)
        self._by_image(results)[...] = self._results(images)
        return results

    def _results(self, images: Array) -> Array:
        """Images of y (N, M, O...) viewed as (N, group, filters, length)."""
        return images.reshape(len(images), self.group, self.filters, self.length)

    def _by_image(self, results: Array) -> Array:
        """What lies side by side, (group, filters, N length), viewed as (N, group, filters, length)."""
        count = results.shape[2] // self.length
        return results.reshape(self.group, self.filters, count, self.length).transpose(2, 0, 1, 3)
