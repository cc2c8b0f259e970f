"""BatchReindex: the samples of a batch by their index, in any order and number."""

from cafflite.blob import Array
from cafflite.errors import DataError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("BatchReindex")
class BatchReindex(Layer):
    """
    bottom[0]  x      (N, ...)
    bottom[1]  index  (M,)      from 0 to N - 1
    top[0]     y      (M, ...)  y[m] = x[index[m]]
    """

    num_bottom = 2
    num_top = 1

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index == 0

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[1].ndim != 1 or not bottom[0].ndim:
            raise ShapeError(
                f"it takes samples {bottom[0].shape} by indices {bottom[1].shape}, expected one axis of indices"
            )
        top[0].reshape(bottom[1].count, *bottom[0].shape[1:])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        index, samples = bottom[1].data, bottom[0].shape[0]
        allowed = (index >= 0) & (index < samples)

        def refuse(index: Array, allowed: Array) -> None:
            row = int(allowed.argmin())
            raise DataError(f"index {float(index[row]):g} in row {row} is none of the batch's {samples} samples")

        self.ops.require(allowed, refuse, index, allowed)
        self.xp.take(bottom[0].data, index.astype(self.xp.int64), axis=0, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            self.xp.add.at(bottom[0].diff, bottom[1].data.astype(self.xp.int64), top[0].diff)
