"""Permute: the axes in another order (the SSD fork's layer)."""

from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("Permute")
class Permute(Layer):
    """
    bottom[0]  x  any shape
    top[0]     y  axis i is axis order[i] of x; axes that `order` leaves out follow as they were
    """

    param_name = "permute_param"
    num_bottom = 1
    num_top = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        order, axes = list(self.param.order), range(bottom[0].ndim)
        if len(set(order)) != len(order) or not set(order) <= set(axes):
            raise NetError(
                f"its order {order} is not one of the axes of its input {bottom[0].shape}, each at most once"
            )
        self.order = order + [axis for axis in axes if axis not in order]

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[0].ndim != len(self.order):
            raise ShapeError(f"its input has shape {bottom[0].shape}, and it was made for {len(self.order)} axes")
        if top[0] is bottom[0]:
            raise NetError("its top is its bottom, and it cannot work in place")
        top[0].reshape(*(bottom[0].shape[axis] for axis in self.order))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].data[...] = bottom[0].data.transpose(self.order)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            bottom[0].diff.transpose(self.order)[...] = top[0].diff
