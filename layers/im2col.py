"""Im2col: what each tap of a convolution's window sees, as channels: the matrix that Convolution multiplies with."""

from cafflite.errors import ShapeError
from cafflite.layers._conv import WindowLayer
from cafflite.layers.base import Blobs, layer


@layer("Im2col")
class Im2col(WindowLayer):
    """
    bottom[0]  x  (N..., C, I...)      N... the axes before `axis`
    top[0]     y  (N..., C K, O...)    K taps of the window, channel by channel; O as in Convolution
    """

    num_bottom = 1
    num_top = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        if not self.window.kernel:
            raise ShapeError(f"its input {bottom[0].shape} has no axis behind axis {self.axis}, expected one or more")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x = bottom[0]
        positions = self.window.positions(self.spatial_size(x))
        self.reshape_tops(x, top, x.shape[self.axis] * self.window.taps, positions)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.ops.im2col(self.batch(bottom[0].data), self.window, out=self.batch(top[0].data))

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            self.ops.col2im(self.batch(top[0].diff), self.window, out=self.batch(bottom[0].diff))
