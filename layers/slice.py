"""Slice: a blob cut into several along one axis."""

from itertools import pairwise

from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("Slice")
class Slice(Layer):
    """
    bottom[0]  (M..., C, K...)    C at `axis`, in older files `slice_dim`
    top[i]     (M..., C_i, K...)  from one `slice_point` to the next; without any, C divided by the number of tops
    """

    param_name = "slice_param"
    num_bottom = 1
    num_top = (1, None)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if self.param.HasField("axis") and self.param.HasField("slice_dim"):
            raise NetError("it has both axis and slice_dim; give the axis alone")
        points = list(self.param.slice_point)
        if points and len(points) != len(top) - 1:
            raise NetError(f"it has {len(points)} slice_points for {len(top)} tops, expected one less than tops")
        if any(a >= b for a, b in pairwise([0, *points])):
            raise NetError(f"its slice_points are {points}, expected positive numbers, each larger than the one before")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        p, shape = self.param, bottom[0].shape
        self.axis = bottom[0].axis(p.slice_dim if p.HasField("slice_dim") else p.axis)
        count = shape[self.axis]
        if p.slice_point:
            self.points = list(p.slice_point)
        elif count % len(top) == 0:
            self.points = [count // len(top) * i for i in range(1, len(top))]
        else:
            raise ShapeError(f"axis {self.axis} of its input {shape} cannot be cut into {len(top)} equal parts")
        bounds = [0, *self.points, count]
        if bounds[-2] > count:
            raise ShapeError(f"slice_point {bounds[-2]} lies beyond axis {self.axis} of its input {shape}")
        for blob, (start, end) in zip(top, pairwise(bounds), strict=True):
            blob.reshape(*shape[: self.axis], end - start, *shape[self.axis + 1 :])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for blob, part in zip(top, self.xp.split(bottom[0].data, self.points, self.axis), strict=True):
            blob.data[...] = part

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            for blob, part in zip(top, self.xp.split(bottom[0].diff, self.points, self.axis), strict=True):
                part[...] = blob.diff
