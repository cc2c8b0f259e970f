"""BNLL, binomial normal log likelihood: y = log(1 + e^x)."""

from cafflite.layers._kept_input import KeptInput
from cafflite.layers.base import Blobs, NeuronLayer, layer

LARGE = 50  # beyond it the slope is 1 in every type of number, and e^x would overflow


@layer("BNLL")
class BNLL(KeptInput, NeuronLayer):
    """
    bottom[0]  x               any shape
    top[0]     y = log(1+e^x)  the same shape; may be x itself (in place)
    """

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self.exp = self.empty(*bottom[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.keep(bottom)
        self.xp.logaddexp(bottom[0].data, 0, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            exp, dx = self.exp, bottom[0].diff
            self.xp.minimum(self.kept(bottom), LARGE, out=exp)
            self.xp.exp(exp, out=exp)
            self.xp.multiply(top[0].diff, exp, out=dx)
            exp += 1
            dx /= exp
