"""EuclideanLoss: half the mean squared distance of the rows of two blobs."""

from cafflite.errors import ShapeError
from cafflite.layers.base import Blobs, LossLayer, layer


@layer("EuclideanLoss")
class EuclideanLoss(LossLayer):
    """
    bottom[0]  a     (N, ...)
    bottom[1]  b     (N, ...)   as many values in each row
    top[0]     loss  ()         sum of (a - b)^2 / 2N
    """

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        a, b = bottom
        if a.count_axes(1) != b.count_axes(1):
            raise ShapeError(f"{a.shape} and {b.shape} differ in the number of values in a row")
        self.rows = max((1, *a.shape[:1]))
        self.difference = self.empty(*a.shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.xp.subtract(bottom[0].data, bottom[1].data.reshape(bottom[0].shape), out=self.difference)
        flat = self.difference.reshape(-1)
        top[0].data[...] = flat @ flat / (2 * self.rows)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        scale = top[0].diff / self.rows
        for blob, wanted, sign in zip(bottom, propagate_down, (1, -1), strict=True):
            if wanted:
                self.xp.multiply(self.difference.reshape(blob.shape), sign * scale, out=blob.diff)

    def allow_force_backward(self, bottom_index: int) -> bool:
        return True
