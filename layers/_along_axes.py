"""What Bias and Scale share: a second operand that lies along some axes of the first."""

from cafflite.blob import Array, Blob
from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer


class AlongAxes(Layer):
    """
    bottom[0]  x  (M..., K..., L...)  K from `axis` on
    bottom[1]     (K...)              without it a parameter, blobs[0], with `num_axes` axes (-1: all from `axis` on)
    top[0]     y  (M..., K..., L...)  may be x itself (in place)
    """

    num_bottom = (1, 2)
    num_top = 1

    def parameter_shape(self, x: Blob) -> tuple[int, ...]:
        """K for a parameter."""
        axis, count = x.axis(self.param.axis), self.param.num_axes
        if count < -1:
            raise NetError(f"num_axes is {count}, expected 0 or more, or -1 for all axes from `axis` on")
        if axis + count > x.ndim:
            raise ShapeError(f"its input {x.shape} has no {count} axes from axis {axis} on")
        return x.shape[axis:] if count == -1 else x.shape[axis : axis + count]

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x, along = bottom[0], self.operand(bottom)
        start = x.axis(self.param.axis) if along.ndim else 0
        end = start + along.ndim
        if x.shape[start:end] != along.shape:
            what = "second bottom" if len(bottom) == 2 else "parameter"
            raise ShapeError(f"its {what} {along.shape} does not fit its input {x.shape} from axis {start} on")
        top[0].reshape(*x.shape)
        self.view = (x.count_axes(0, start), along.count, x.count_axes(end))

    def operand(self, bottom: Blobs) -> Blob:
        return bottom[1] if len(bottom) == 2 else self.blobs[0]

    def operand_diff(self, propagate_down: list[bool], bottom: Blobs) -> Array | None:
        """The operand's diff, flat, to be added to; None when nobody wants it."""
        if len(bottom) == 1:
            return self.blobs[0].diff.reshape(-1) if self.param_propagate_down[0] else None
        if not propagate_down[1]:
            return None
        bottom[1].diff[...] = 0
        return bottom[1].diff.reshape(-1)
