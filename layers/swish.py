"""Swish: y = x sigmoid(beta x).

Ramachandran, Zoph and Le, Searching for Activation Functions, 2017.
"""

from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("Swish")
class Swish(NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)
    """

    param_name = "swish_param"
    backward_needs_forward = True

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self.sigmoid = self.empty(*bottom[0].shape)
        self.slope = self.empty(*bottom[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, sigmoid = bottom[0].data, self.sigmoid
        self.xp.multiply(x, self.param.beta, out=sigmoid)
        self.ops.sigmoid(sigmoid, out=sigmoid)
        self.xp.multiply(x, sigmoid, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            # dy/dx = beta y + sigmoid (1 - beta y) = sigmoid + beta y (1 - sigmoid)
            slope = self.slope
            self.xp.subtract(1, self.sigmoid, out=slope)
            slope *= top[0].data
            slope *= self.param.beta
            slope += self.sigmoid
            self.xp.multiply(top[0].diff, slope, out=bottom[0].diff)
