"""Concat: blobs side by side along one axis."""

from itertools import accumulate

from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("Concat")
class Concat(Layer):
    """
    bottom[i]  (M..., C_i, K...)            C_i at `axis`, in older files `concat_dim`
    top[0]     (M..., sum of all C_i, K...)
    """

    param_name = "concat_param"
    num_bottom = (1, None)
    num_top = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if self.param.HasField("axis") and self.param.HasField("concat_dim"):
            raise NetError("it has both axis and concat_dim; give the axis alone")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        p, first = self.param, bottom[0]
        self.axis = first.axis(p.concat_dim if p.HasField("concat_dim") else p.axis)
        for i, blob in enumerate(bottom):
            if blob.ndim != first.ndim or _beside(blob.shape, self.axis) != _beside(first.shape, self.axis):
                raise ShapeError(f"bottom {i} {blob.shape} differs from bottom 0 {first.shape} beside axis {self.axis}")
        *self.points, count = accumulate(blob.shape[self.axis] for blob in bottom)
        top[0].reshape(*first.shape[: self.axis], count, *first.shape[self.axis + 1 :])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for blob, part in zip(bottom, self.xp.split(top[0].data, self.points, self.axis), strict=True):
            part[...] = blob.data

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        parts = self.xp.split(top[0].diff, self.points, self.axis)
        for blob, part, wanted in zip(bottom, parts, propagate_down, strict=True):
            if wanted:
                blob.diff[...] = part


def _beside(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]
