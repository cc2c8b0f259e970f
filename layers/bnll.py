"""BNLL, binomial normal log likelihood: y = log(1 + e^x)."""

from cafflite.layers._kept_input import KeptInput
from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("BNLL")
class BNLL(KeptInput, NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)
    """

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self.slope = self.empty(*bottom[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.keep(bottom)
        self.xp.logaddexp(bottom[0].data, 0, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            self.ops.sigmoid(self.kept(bottom), out=self.slope)
            self.xp.multiply(top[0].diff, self.slope, out=bottom[0].diff)
