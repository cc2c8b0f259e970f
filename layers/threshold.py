"""Threshold: y = 1 where x is above `threshold`, 0 elsewhere."""

from cafflite.errors import NetError
from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("Threshold")
class Threshold(NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)

    It has no gradient.
    """

    param_name = "threshold_param"

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.xp.greater(bottom[0].data, self.param.threshold, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            raise NetError("it has no gradient, so nothing under it can learn; propagate_down: false leaves it out")

    def allow_force_backward(self, bottom_index: int) -> bool:
        return False
