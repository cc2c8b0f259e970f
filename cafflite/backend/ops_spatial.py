"""The operations over spatial axes: columns, convolution, pooling, local response normalisation."""

import numpy

from cafflite.backend.base import Array, BaseOps
from cafflite.backend.ops_convolution import Convolution
from cafflite.backend.window import Window

LOWEST = -float(numpy.finfo(numpy.float32).max)  # what Caffe's maximum starts from


class SpatialOps(BaseOps):
    """Portable operations, each a sum or a choice over the taps of a window.

    N images, C channels, I... spatial axes of the input, K... of the window, O... of its positions; a pooling has two
    spatial axes, (H, W), and its windows are cut off at the edge of the input.
    """

    def im2col(self, x: Array, window: Window, out: Array) -> None:
        """out (N, C K..., O...) = what each tap of the window sees of x (N, C, I...) at each position."""
        positions = out.shape[2:]
        columns = out.reshape(*x.shape[:2], window.taps, *positions)
        padded = self._padded(x, window, positions, 0)
        for tap, place in enumerate(window.seen(positions)):
            columns[:, :, tap] = padded[place]

    def col2im(self, columns: Array, window: Window, out: Array) -> None:
        """The gradient of `im2col`: out (N, C, I...) = of each value the sum over the columns (N, C K..., O...)."""
        positions = columns.shape[2:]
        columns = columns.reshape(*out.shape[:2], window.taps, *positions)
        padded = self._padding(out, window, positions, 0)
        for tap, place in enumerate(window.seen(positions)):
            padded[place] += columns[:, :, tap]
        out[...] = padded[window.inside(out.shape[2:])]

    def convolution(self, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> Convolution:
        """The convolution of arrays x (N, C, I...) to `outputs` channels, done in the way that suits these shapes."""
        return Convolution(self, x_shape, outputs, window, group)

    def max_pool(self, x: Array, window: Window, out: Array, mask: Array) -> None:
        """out (N, C, OH, OW) = the largest value of each window on x (N, C, H, W); of equal ones the first.

        mask  out: its place in the plane, h W + w; -1 where no value is above the lowest float32, which out then is
        """
        self._choose(x, window, out, mask, LOWEST, lambda value: value > out)

    def max_pool_backward(self, out_diff: Array, mask: Array, window: Window, x_diff: Array) -> None:
        """x_diff (N, C, H, W) = at each value the sum of out_diff (N, C, OH, OW) of the windows that chose it."""
        positions, size = out_diff.shape[2:], x_diff.shape[2:]
        padded = self._padding(x_diff, window, positions, 0)
        places = self._plane_places(size, window, positions)
        for place in window.seen(positions):
            padded[place] += self.xp.where(mask == places[place], out_diff, 0)
        x_diff[...] = padded[window.inside(size)]

    def average_pool(self, x: Array, window: Window, out: Array) -> None:
        """out (N, C, OH, OW) = the sum of each window on x (N, C, H, W) over its size, in which padding counts."""
        padded = self._padded(x, window, out.shape[2:], 0)
        out[...] = 0
        for place in window.seen(out.shape[2:]):
            out += padded[place]
        out /= self._pool_sizes(x, window, out)

    def average_pool_backward(self, out_diff: Array, window: Window, x_diff: Array) -> None:
        """x_diff (N, C, H, W) = at each value the sum of out_diff (N, C, OH, OW) over the window's size."""
        share = out_diff / self._pool_sizes(x_diff, window, out_diff)
        padded = self._padding(x_diff, window, out_diff.shape[2:], 0)
        for place in window.seen(out_diff.shape[2:]):
            padded[place] += share
        x_diff[...] = padded[window.inside(x_diff.shape[2:])]

    def stochastic_pool(self, x: Array, random: Array, window: Window, out: Array, mask: Array) -> None:
        """out (N, C, OH, OW) = a value of each window on x (N, C, H, W), none negative, drawn in proportion to itself.

        random  (N, C, OH, OW)  uniform in 0..1: the first value is taken up to which the running sum reaches that part
        mask    as in `max_pool`; -1 for a window that lies beyond the edge, and out is 0
        """
        padded = self._padded(x, window, out.shape[2:], 0)
        total = sum(padded[place] for place in window.seen(out.shape[2:]))
        running = self.xp.zeros_like(out)

        def reached(value: Array) -> Array:
            nonlocal running
            running = running + value
            return (mask < 0) & (running >= random * total)

        self._choose(x, window, out, mask, 0, reached)

    def uniform(self, seed: int, step: int, out: Array) -> None:
        """out = random numbers of 0..1, the same ones for the same seed and step on every device."""
        philox = numpy.random.Philox(key=seed, counter=[0, 0, 0, step])
        out[...] = self.xp.asarray(numpy.random.Generator(philox).random(out.shape, numpy.float32))

    def lrn(
        self, x: Array, size: int, alpha: float, beta: float, k: float, axes: tuple[int, ...], scale: Array, out: Array
    ) -> None:
        """out = x scale^-beta, with scale = k + alpha * (the mean of x^2 over `size` neighbours along each of `axes`).

        x, scale, out  (N, C, H, W); neighbours beyond the edge count as 0
        axes           (1,) for neighbouring channels, (2, 3) for neighbours in the plane
        """
        scale[...] = k + alpha / size ** len(axes) * self._neighbours(x * x, size, axes)
        out[...] = x * scale**-beta

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
        """x_diff (N, C, H, W): the gradient of `lrn`, with `scale` and `out` as it left them."""
        ratio = self._neighbours(out_diff * out / scale, size, axes)
        x_diff[...] = out_diff * scale**-beta - 2 * alpha * beta / size ** len(axes) * x * ratio

    def _padding(self, x: Array, window: Window, positions: tuple[int, ...], value: float) -> Array:
        """An array for x with its padding, `value` everywhere."""
        shape = *x.shape[:2], *window.padded(x.shape[2:], positions)
        return self.xp.full(shape, value, x.dtype)

    def _padded(self, x: Array, window: Window, positions: tuple[int, ...], value: float) -> Array:
        padded = self._padding(x, window, positions, value)
        padded[window.inside(x.shape[2:])] = x
        return padded

    def _choose(self, x: Array, window: Window, out: Array, mask: Array, start: float, takes) -> None:
        """Tap after tap let out and mask have what `takes` accepts of it inside x."""
        xp, size, positions = self.xp, x.shape[2:], out.shape[2:]
        padded = self._padded(x, window, positions, 0)
        places = self._plane_places(size, window, positions)
        out[...], mask[...] = start, -1
        for place in window.seen(positions):
            taken = takes(padded[place]) & (places[place] >= 0)
            xp.copyto(out, padded[place], where=taken)
            xp.copyto(mask, places[place], where=taken, casting="same_kind")

    def _plane_places(self, size: tuple[int, ...], window: Window, positions: tuple[int, ...]) -> Array:
        """The places h W + w of a plane, and -1 for its padding."""
        return self._padded(self.xp.arange(size[0] * size[1]).reshape(1, 1, *size), window, positions, -1)

    def _pool_sizes(self, x: Array, window: Window, out: Array) -> Array:
        """The sizes (OH, OW) of the windows of an average: as far as the padding goes."""
        extents = zip(x.shape[2:], out.shape[2:], window.kernel, window.stride, window.pad, strict=True)
        heights, widths = (self._extents(*extent).astype(x.dtype) for extent in extents)
        return heights[:, None] * widths

    def _extents(self, n: int, count: int, kernel: int, stride: int, pad: int) -> Array:
        begin = self.xp.arange(count) * stride - pad
        return self.xp.minimum(begin + kernel, n + pad) - begin

    def _neighbours(self, x: Array, size: int, axes: tuple[int, ...]) -> Array:
        """For each value the sum of those at most size // 2 away along each of `axes`."""
        reach = size // 2
        for axis in axes:
            padded = self.xp.pad(x, [(reach, reach) if a == axis else (0, 0) for a in range(x.ndim)])
            shifted = self.xp.moveaxis(padded, axis, 0)
            x = self.xp.moveaxis(sum(shifted[i : i + x.shape[axis]] for i in range(size)), 0, axis)
        return x
