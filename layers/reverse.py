"""Reverse: the slices of an axis, from the last to the first."""

from cafflite.blob import Array
from cafflite.errors import NetError, ShapeError
from cafflite.layers._index import refuse_gradient
from cafflite.layers._order import check_lengths, reversed_within
from cafflite.layers.base import Blobs, Layer, layer


@layer("Reverse")
class Reverse(Layer):
    """
    bottom[0]  x        (M..., T, K...)  T at `axis`
    bottom[1]  lengths  (N,)             optional; x is then (T, N, K...) or, with `axis` 1, (N, T, K...)
    top[0]     y        as x

    With lengths, each sequence is turned around within its length, and what lies beyond stays where it is.
    """

    param_name = "reverse_param"
    num_bottom = (1, 2)
    num_top = 1
    index: Array | None = None  # (T, N) with lengths: the step of each stream that goes to step t

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[0] is top[0]:
            raise NetError("it cannot work in place: give its top a name of its own")
        x = bottom[0]
        self.axis = x.axis(self.param.axis)
        if len(bottom) == 2 and (self.axis > 1 or x.ndim < 2 or bottom[1].shape != (x.shape[1 - self.axis],)):
            raise ShapeError(
                f"its input is {x.shape}, its axis {self.axis} and its lengths {bottom[1].shape}, expected time and "
                "streams as the first two axes, the axis that of time, and a length for each stream"
            )
        top[0].reshape(*x.shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if len(bottom) == 2:
            steps = bottom[0].shape[self.axis]
            check_lengths(self.ops, bottom[1].data, steps)
            self.index = reversed_within(self.xp, bottom[1].data, steps)
        self.turn(bottom[0].data, top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(len(bottom) == 2 and propagate_down[1], "lengths")
        if propagate_down[0]:
            self.turn(top[0].diff, bottom[0].diff)

    def turn(self, x: Array, out: Array) -> None:
        """Copy x to `out`, turned around; the gradient goes the same way."""
        if self.index is None:
            out[...] = self.xp.flip(x, self.axis)
        else:
            x, out = self.xp.moveaxis(x, self.axis, 0), self.xp.moveaxis(out, self.axis, 0)
            out[...] = x[self.index, self.xp.arange(x.shape[1])]

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index == 0
