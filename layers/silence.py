"""Silence: takes blobs that nobody else reads, so that they are no outputs of the net."""

from cafflite.layers.base import Blobs, Layer, layer


@layer("Silence")
class Silence(Layer):
    """
    bottom[i]  any shape; its gradient is 0
    """

    num_bottom = (1, None)
    num_top = 0

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                blob.diff[...] = 0
