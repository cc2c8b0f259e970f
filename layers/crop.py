"""Crop: the part of one blob that has the size of another."""

from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("Crop")
class Crop(Layer):
    """
    bottom[0]  x  (M..., I...)   I from `axis` on
    bottom[1]     (L..., O...)   only its shape counts
    top[0]     y  (M..., O...)   x from `offset` on, given once or for each axis from `axis` on; 0 by default
    """

    param_name = "crop_param"
    num_bottom = 2
    num_top = 1

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x, reference = bottom[0].shape, bottom[1].shape
        axis = bottom[0].axis(self.param.axis)
        if len(reference) < len(x):
            raise ShapeError(f"its reference {reference} has fewer axes than its input {x}")
        wanted = reference[axis : len(x)]
        offsets = list(self.param.offset) or [0]
        if len(offsets) not in (1, len(x) - axis):
            raise NetError(
                f"offset is given {len(offsets)} times, expected once or for each of the {len(x) - axis} axes from "
                f"axis {axis} of its input {x} on"
            )
        starts = offsets * (len(x) - axis) if len(offsets) == 1 else offsets
        ends = [start + size for start, size in zip(starts, wanted, strict=True)]
        if any(end > size for end, size in zip(ends, x[axis:], strict=True)):
            raise ShapeError(f"its input {x} has no {wanted} values from {tuple(starts)} on, counted from axis {axis}")
        top[0].reshape(*x[:axis], *wanted)
        self.part = (*[slice(None)] * axis, *(slice(a, b) for a, b in zip(starts, ends, strict=True)))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].data[...] = bottom[0].data[self.part]

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            bottom[0].diff[self.part] = top[0].diff
        if propagate_down[1]:
            bottom[1].diff[...] = 0
