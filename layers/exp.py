"""Exp: y = base^(scale x + shift), base e by default."""

import math

from cafflite.errors import NetError
from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("Exp")
class Exp(NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)
    """

    param_name = "exp_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p = self.param
        if p.base != -1 and not 0 < p.base < math.inf:
            raise NetError(f"base is {p.base:g}, expected a number above 0, or -1 for e")
        log_base = 1 if p.base == -1 else math.log(p.base)
        self.scale, self.shift = p.scale * log_base, p.shift * log_base

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        y = top[0].data
        self.xp.multiply(bottom[0].data, self.scale, out=y)
        y += self.shift
        self.xp.exp(y, out=y)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            dx = bottom[0].diff
            self.xp.multiply(top[0].diff, top[0].data, out=dx)
            dx *= self.scale
