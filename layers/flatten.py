"""Flatten: the axes from `axis` to `end_axis` become one."""

from cafflite.errors import ShapeError
from cafflite.layers._same_values import SameValues
from cafflite.layers.base import Blobs, layer


@layer("Flatten")
class Flatten(SameValues):
    """
    bottom[0]  x  (M..., K..., L...)  K from `axis` to `end_axis`, both included
    top[0]     y  (M..., K, L...)
    """

    param_name = "flatten_param"

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x = bottom[0]
        first, last = x.axis(self.param.axis), x.axis(self.param.end_axis)
        if first > last:
            raise ShapeError(f"axis {first} comes after end_axis {last} in its input {x.shape}")
        top[0].reshape(*x.shape[:first], x.count_axes(first, last + 1), *x.shape[last + 1 :])
