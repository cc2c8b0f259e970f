"""AbsVal: y = |x|."""

from cafflite.errors import NetError
from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("AbsVal")
class AbsVal(NeuronLayer):
    """
    bottom[0]  x    any shape
    top[0]     |x|  the same shape; may not be x itself
    """

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[0] is top[0]:
            raise NetError("it cannot work in place: give its top another name than its bottom")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.xp.absolute(bottom[0].data, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            dx = bottom[0].diff
            self.xp.sign(bottom[0].data, out=dx)
            dx *= top[0].diff
