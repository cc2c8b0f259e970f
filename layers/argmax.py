"""ArgMax: the indices of the largest values, largest first; the larger index where values are equal."""

from cafflite.blob import Array
from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("ArgMax")
class ArgMax(Layer):
    """
    bottom[0]  x  (N, ...)
    top[0]     y  (N, 1, k)        without `axis`, over all values of a sample; k = top_k
                  (N, 2, k)        with out_max_val: indices, then values
                  (..., k, ...)    with `axis`, over that axis; indices, or values alone with out_max_val

    It has no gradient.
    """

    param_name = "argmax_param"
    num_bottom = 1
    num_top = 1

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        p, x = self.param, bottom[0]
        if not x.ndim:
            raise ShapeError("its input is a single value, of shape (), expected (N, ...)")
        self.axis = x.axis(p.axis) if p.HasField("axis") else None
        size = x.count_axes(1) if self.axis is None else x.shape[self.axis]
        if not 1 <= p.top_k <= size:
            raise NetError(
                f"top_k is {p.top_k}, expected 1 to {size}, the number of values that an input {x.shape} has"
            )
        shape = list(x.shape)
        if self.axis is None:
            shape = [shape[0], 2 if p.out_max_val else 1, p.top_k] + [1] * (len(shape) - 3)
        else:
            shape[self.axis] = p.top_k
        top[0].reshape(*shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = bottom[0].data, top[0].data
        if self.axis is not None:
            index = self.largest(x, self.axis)
            y[...] = self.xp.take_along_axis(x, index, self.axis) if self.param.out_max_val else index
            return
        x, y = x.reshape(len(x), bottom[0].count_axes(1)), y.reshape(*y.shape[:3])
        y[:, 0] = index = self.largest(x, 1)
        if self.param.out_max_val:
            y[:, 1] = self.xp.take_along_axis(x, index, 1)

    def largest(self, x: Array, axis: int) -> Array:
        """The indices of the top_k largest values; from the back, so that of equal values the last comes first."""
        back = self.xp.flip(x, axis)
        if self.param.top_k == 1:
            return x.shape[axis] - 1 - back.argmax(axis=axis, keepdims=True)
        order = self.xp.argsort(-back, axis=axis, kind="stable")
        return x.shape[axis] - 1 - self.xp.take(order, self.xp.arange(self.param.top_k), axis=axis)
