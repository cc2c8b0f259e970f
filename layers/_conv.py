"""What Convolution, Deconvolution and Im2col share: their window, and the arrays that a convolution is between."""

from typing import Any

from cafflite.backend.window import Window
from cafflite.blob import Array, Blob
from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer

Shape = tuple[int, ...]


def read_window(param: Any, spatial_axes: int) -> Window:
    """The window of a ConvolutionParameter; NetError where it does not say what every spatial axis needs."""
    return Window(
        _along_axes(param, "kernel_size", "kernel", spatial_axes, least=1),
        _along_axes(param, "stride", "stride", spatial_axes, default=1, least=1),
        _along_axes(param, "pad", "pad", spatial_axes, default=0),
        _along_axes(param, "dilation", None, spatial_axes, default=1),
    )


def _along_axes(
    param: Any, field: str, prefix: str | None, axes: int, default: int | None = None, least: int = 0
) -> tuple[int, ...]:
    """One number for each axis: from `field`, given once or for each, or from the fields in _h and _w."""
    values = list(getattr(param, field))
    pair = [f"{prefix}_h", f"{prefix}_w"]
    if prefix and any(param.HasField(name) for name in pair):
        if values:
            raise NetError(f"{field} is given beside {pair[0]} and {pair[1]}, expected one or the other")
        if axes != 2:
            raise NetError(f"{pair[0]} and {pair[1]} are for two spatial axes, and its input has {axes}: use {field}")
        values = [getattr(param, name) for name in pair]
    elif not values and default is not None:
        values = [default]
    if len(values) not in (1, axes):
        raise NetError(f"{field} is given {len(values)} times, expected once or for each of {axes} spatial axes")
    if any(value < least for value in values):
        raise NetError(f"{field} is {', '.join(map(str, values))}, expected {least} or more along each axis")
    return tuple(values * axes if len(values) == 1 else values)


class WindowLayer(Layer):
    """A layer with the window of a ConvolutionParameter on the axes behind `axis`."""

    param_name = "convolution_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.axis = bottom[0].axis(self.param.axis)
        self.window = read_window(self.param, bottom[0].ndim - self.axis - 1)

    def spatial_size(self, x: Blob) -> Shape:
        """The axes of `x` behind `axis`; ShapeError unless there are as many as at first."""
        axes = self.axis + 1 + len(self.window.kernel)
        if x.ndim != axes:
            raise ShapeError(f"its input has shape {x.shape}, and it was made for {axes} axes")
        return x.shape[self.axis + 1 :]

    def reshape_tops(self, x: Blob, top: Blobs, channels: int, size: Shape) -> None:
        """Give the tops, for an input `x`, so many channels and that size."""
        if any(n < 1 for n in size):
            raise ShapeError(f"a kernel of {self.window.kernel} on its input {x.shape} leaves an output of {size}")
        for blob in top:
            blob.reshape(*x.shape[: self.axis], channels, *size)
        self.images = x.count_axes(0, self.axis)

    def batch(self, array: Array) -> Array:
        """A bottom's or a top's array with all axes before its channels as one."""
        return array.reshape(self.images, *array.shape[self.axis :])


class ConvolutionLayer(WindowLayer):
    """
    bottom[i]  (N..., C, I...)   split at `axis`, all of the same shape
    top[i]     (N..., M, O...)   M = num_output
    blobs[0]   the weights
    blobs[1]   the bias (M,)     absent when bias_term is false
    """

    num_bottom = (1, None)
    num_top = (1, None)
    equal_num_bottom_top = True

    def output_size(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """The spatial axes of a top, from those of a bottom."""
        raise NotImplementedError

    def weight_shape(self) -> tuple[int, int]:
        """The first two axes of the weights; those of the kernel follow."""
        raise NotImplementedError

    def convolution_between(self, bottom: Shape, top: Shape) -> tuple[Shape, int]:
        """The shape of the input, and the output channels, of the convolution between a bottom and a top."""
        raise NotImplementedError

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        p = self.param
        self.channels = bottom[0].shape[self.axis]
        if p.num_output < 1:
            raise NetError(f"num_output is {p.num_output}, expected 1 or more")
        for what, count in (("input channels", self.channels), ("outputs", p.num_output)):
            if p.group < 1 or count % p.group:
                raise NetError(f"group is {p.group}, expected a divisor of its {count} {what}")
        self.add_blob((*self.weight_shape(), *self.window.kernel), p.weight_filler)
        if p.bias_term:
            self.add_blob((p.num_output,), p.bias_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x = bottom[0]
        size = self.spatial_size(x)
        if x.shape[self.axis] != self.channels:
            raise ShapeError(f"its input has shape {x.shape}, and its weights were made for {self.channels} channels")
        for other in bottom[1:]:
            if other.shape != x.shape:
                raise ShapeError(f"its inputs have shapes {x.shape} and {other.shape}, expected all the same")
        self.reshape_tops(x, top, self.param.num_output, self.output_size(size))
        between = self.convolution_between(*((self.images, *blob.shape[self.axis :]) for blob in (x, top[0])))
        self.convolution = self.ops.convolution(*between, self.window, self.param.group)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        for x, y, wanted in zip(bottom, top, propagate_down, strict=True):
            dy = self.batch(y.diff)
            if self.param.bias_term and self.param_propagate_down[1]:
                self.ops.add_channel_sum(dy, out=self.blobs[1].diff)
            if self.param_propagate_down[0]:
                self.add_weight_diff(self.batch(x.data), dy)
            if wanted:
                self.data_diff(dy, out=self.batch(x.diff))

    def add_weight_diff(self, x: Array, dy: Array) -> None:
        """Add to the weights' diff, given a bottom (N, C, I...) and the diff of its top (N, M, O...)."""
        raise NotImplementedError

    def data_diff(self, dy: Array, out: Array) -> None:
        """out (N, C, I...) = the diff of a bottom, given that of its top (N, M, O...)."""
        raise NotImplementedError

    def bias(self) -> Array | None:
        return self.blobs[1].data if self.param.bias_term else None
