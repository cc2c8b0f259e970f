"""Split: the same blob for several readers, whose gradients add up."""

from cafflite.errors import NetError
from cafflite.layers.base import Blobs, Layer, layer


@layer("Split")
class Split(Layer):
    """
    bottom[0]  x  any shape
    top[i]     x  the same memory
    """

    num_bottom = 1
    num_top = (1, None)
    shares_data = True

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for blob in top:
            if blob is bottom[0]:
                raise NetError("its top is its bottom, and a split cannot work in place")
            blob.reshape(*bottom[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for blob in top:
            blob.share_data(bottom[0])

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        dx = bottom[0].diff
        if len(top) == 1:
            self.ops.copy(top[0].diff, out=dx)
            return
        self.ops.add(top[0].diff, top[1].diff, out=dx)
        for blob in top[2:]:
            self.ops.add(dx, blob.diff, out=dx)
