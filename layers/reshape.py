"""Reshape: the same values in another shape."""

import math

from cafflite.errors import NetError, ShapeError
from cafflite.layers._same_values import SameValues
from cafflite.layers.base import Blobs, layer


@layer("Reshape")
class Reshape(SameValues):
    """
    bottom[0]  x  (M..., K..., L...)  K are `num_axes` axes (-1: all) from `axis` on; axis -1 is behind the last axis
    top[0]     y  (M..., shape..., L...)

    In `shape`, 0 takes the size of the same axis of K, and one -1 what makes the count right.
    """

    param_name = "reshape_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        dims = list(self.param.shape.dim)
        if dims.count(-1) > 1:
            raise NetError(f"its shape {dims} has more than one -1")
        if min(dims, default=0) < -1:
            raise NetError(f"its shape {dims} has an axis below -1")
        if self.param.num_axes < -1:
            raise NetError(f"num_axes is {self.param.num_axes}, expected 0 or more, or -1 for all axes from `axis` on")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x, p = bottom[0], self.param
        start = p.axis if p.axis >= 0 else x.ndim + 1 + p.axis
        end = x.ndim if p.num_axes == -1 else start + p.num_axes
        if not 0 <= start <= end <= x.ndim:
            raise ShapeError(f"its input {x.shape} has no axes {p.axis} with num_axes {p.num_axes}")
        dims = list(p.shape.dim)
        for i, dim in enumerate(dims):
            if dim == 0:
                if start + i >= x.ndim:
                    raise ShapeError(
                        f"its shape {dims} copies axis {start + i}, which its input {x.shape} does not have"
                    )
                dims[i] = x.shape[start + i]
        shape = [*x.shape[:start], *dims, *x.shape[end:]]
        if -1 in shape:
            known = math.prod(dim for dim in shape if dim != -1)
            if known == 0 or x.count % known:
                raise ShapeError(f"no size in place of -1 makes {tuple(shape)} hold the {x.count} values of {x.shape}")
            shape[shape.index(-1)] = x.count // known
        if math.prod(shape) != x.count:
            raise ShapeError(
                f"its input {x.shape} has {x.count} values, and its output {tuple(shape)} {math.prod(shape)}"
            )
        top[0].reshape(*shape)
