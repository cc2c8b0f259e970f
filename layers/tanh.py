"""TanH: y = tanh x."""

from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("TanH")
class TanH(NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)
    """

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.ops.tanh(bottom[0].data, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            self.ops.tanh_backward(top[0].diff, top[0].data, out=bottom[0].diff)
