"""Power: y = (scale x + shift)^power."""

from cafflite.blob import Array
from cafflite.layers._kept_input import KeptInput
from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("Power")
class Power(KeptInput, NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)
    """

    param_name = "power_param"

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self.slope = self.empty(*bottom[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.keep(bottom)
        self.raised(bottom[0].data, self.param.power, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            p, dx = self.param, bottom[0].diff
            if p.power * p.scale == 0:
                dx[...] = 0
            else:
                self.raised(self.kept(bottom), p.power - 1, out=self.slope)
                self.xp.multiply(top[0].diff, self.slope, out=dx)
                dx *= p.power * p.scale

    def raised(self, x: Array, power: float, out: Array) -> None:
        """out = (scale x + shift)^power"""
        self.xp.multiply(x, self.param.scale, out=out)
        out += self.param.shift
        out **= power
