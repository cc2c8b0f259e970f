"""Im2col: what each tap of a convolution's window sees, as channels: the matrix that Convolution multiplies with."""

from cafflite.backend.base import Array
from cafflite.errors import ShapeError
from cafflite.layers._conv import read_window
from cafflite.layers.base import Blobs, Layer, layer


@layer("Im2col")
class Im2col(Layer):
    """
    bottom[0]  x  (N..., C, I...)      N... the axes before `axis`
    top[0]     y  (N..., C K, O...)    K taps of the window, channel by channel; O as in Convolution
    """

    param_name = "convolution_param"
    num_bottom = 1
    num_top = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.axis = bottom[0].axis(self.param.axis)
        self.window = read_window(self.param, bottom[0].ndim - self.axis - 1)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x = bottom[0]
        axes = self.axis + 1 + len(self.window.kernel)
        if x.ndim != axes:
            raise ShapeError(f"its input has shape {x.shape}, and it was made for {axes} axes")
        positions = self.window.positions(x.shape[self.axis + 1 :])
        if any(n < 1 for n in positions):
            raise ShapeError(f"a kernel of {self.window.kernel} on its input {x.shape} leaves an output of {positions}")
        top[0].reshape(*x.shape[: self.axis], x.shape[self.axis] * self.window.taps, *positions)
        self.images = x.count_axes(0, self.axis)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.ops.im2col(self.batch(bottom[0].data), self.window, out=self.batch(top[0].data))

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            self.ops.col2im(self.batch(top[0].diff), self.window, out=self.batch(bottom[0].diff))

    def batch(self, array: Array) -> Array:
        """An array with all axes before its channels as one."""
        return array.reshape(self.images, *array.shape[self.axis :])
