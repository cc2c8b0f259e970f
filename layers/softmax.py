"""Softmax: y = e^x / sum of e^x over one axis."""

from cafflite.blob import Array
from cafflite.errors import ShapeError
from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("Softmax")
class Softmax(NeuronLayer):
    """
    bottom[0]  x  (M..., C, K...)   C at `axis`
    top[0]     y  the same shape; may be x itself (in place)
    """

    param_name = "softmax_param"

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        axis = bottom[0].axis(self.param.axis)
        classes = bottom[0].shape[axis]
        if classes == 0:
            raise ShapeError(f"its input {bottom[0].shape} has no values over axis {axis}")
        self.shape = bottom[0].count_axes(0, axis), classes, bottom[0].count_axes(axis + 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.ops.softmax(self.as_three(bottom[0].data), out=self.as_three(top[0].data))

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            dy, y, dx = top[0].diff, top[0].data, bottom[0].diff
            self.ops.softmax_backward(self.as_three(dy), self.as_three(y), out=self.as_three(dx))

    def as_three(self, array: Array) -> Array:
        """The array as (outer, C, inner)."""
        return array.reshape(self.shape)
