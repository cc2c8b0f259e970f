"""ELU, exponential linear unit: y = x above 0, alpha (e^x - 1) from 0 down.

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

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.ops.elu(bottom[0].data, self.param.alpha, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        # In place the bottom holds y, which has the sign of x unless alpha is negative; Caffe does the same.
        if propagate_down[0]:
            self.ops.elu_backward(top[0].diff, bottom[0].data, top[0].data, self.param.alpha, out=bottom[0].diff)
