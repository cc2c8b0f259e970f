"""Clip: y = x, held between `min` and `max`."""

from cafflite.errors import NetError
from cafflite.layers._kept_input import KeptInput
from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("Clip")
class Clip(KeptInput, NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)

    The gradient passes where min <= x <= max.
    """

    param_name = "clip_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if not self.layer_param.HasField("clip_param"):
            raise NetError("it has no clip_param, expected one with min and max")
        self.check_bounds()

    def check_bounds(self) -> None:
        if not self.param.min <= self.param.max:
            raise NetError(f"min is {self.param.min:g} and max {self.param.max:g}, expected min to be no more than max")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self.inside = self.empty(*bottom[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.keep(bottom)
        self.xp.clip(bottom[0].data, self.param.min, self.param.max, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            x, inside = self.kept(bottom), self.inside
            self.xp.clip(x, self.param.min, self.param.max, out=inside)
            self.xp.equal(x, inside, out=inside)
            self.xp.multiply(top[0].diff, inside, out=bottom[0].diff)
