"""Log: y = log(scale x + shift), to base e by default."""

import math

from cafflite.errors import NetError
from cafflite.layers._kept_input import KeptInput
from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("Log")
class Log(KeptInput, NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)
    """

    param_name = "log_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        base = self.param.base
        if base != -1 and (not 0 < base < math.inf or base == 1):
            raise NetError(f"base is {base:g}, expected a number above 0 other than 1, or -1 for e")
        self.log_base = 1 if base == -1 else math.log(base)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self.inner = self.empty(*bottom[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.keep(bottom)
        y = top[0].data
        self.xp.multiply(bottom[0].data, self.param.scale, out=y)
        y += self.param.shift
        self.xp.log(y, out=y)
        y /= self.log_base

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            inner, dx = self.inner, bottom[0].diff
            self.xp.multiply(self.kept(bottom), self.param.scale, out=inner)
            inner += self.param.shift
            self.xp.divide(top[0].diff, inner, out=dx)
            dx *= self.param.scale / self.log_base
