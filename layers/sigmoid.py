"""Sigmoid: y = 1 / (1 + e^-x)."""

from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("Sigmoid")
class Sigmoid(NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)
    """

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.ops.sigmoid(bottom[0].data, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            self.ops.sigmoid_backward(top[0].diff, top[0].data, out=bottom[0].diff)
