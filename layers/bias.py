"""Bias: y = x + b, with b along some axes of x."""

from cafflite.layers._along_axes import AlongAxes
from cafflite.layers.base import Blobs, layer


@layer("Bias")
class Bias(AlongAxes):
    """
    bottom[0]  x  (M..., K..., L...)  K from `axis` on
    bottom[1]  b  (K...)              optional
    top[0]     y  (M..., K..., L...)  may be x itself (in place)
    blobs[0]   b  (K...)              with `num_axes` axes (-1: all from `axis` on); absent with a second bottom
    """

    param_name = "bias_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if len(bottom) == 1:
            self.add_blob(self.parameter_shape(bottom[0]), self.param.filler)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        b = self.operand(bottom).data.reshape(-1, 1)
        self.xp.add(bottom[0].data.reshape(self.view), b, out=top[0].data.reshape(self.view))

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        db = self.operand_diff(propagate_down, bottom)
        if db is not None:
            self.ops.add_channel_sum(top[0].diff.reshape(self.view), out=db)
        if propagate_down[0] and bottom[0] is not top[0]:
            bottom[0].diff[...] = top[0].diff
