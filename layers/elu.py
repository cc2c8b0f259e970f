"""ELU, exponential linear unit: y = x above 0, alpha (e^x - 1) below.

Clevert, Unterthiner and Hochreiter, Fast and Accurate Deep Network Learning by Exponential Linear Units, 2015.
"""

from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("ELU")
class ELU(NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)
    """

    param_name = "elu_param"

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self.below = self.empty(*bottom[0].shape)
        self.positive = self.empty(*bottom[0].shape, dtype=bool)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y, below = bottom[0].data, top[0].data, self.below
        self.xp.minimum(x, 0, out=below)
        self.xp.expm1(below, out=below)
        below *= self.param.alpha
        self.xp.maximum(x, 0, out=y)
        y += below

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            # In place x is y, and has the same sign.
            self.xp.greater(bottom[0].data, 0, out=self.positive)
            slope = self.below
            self.xp.add(top[0].data, self.param.alpha, out=slope)
            self.xp.copyto(slope, 1, where=self.positive)
            self.xp.multiply(top[0].diff, slope, out=bottom[0].diff)
