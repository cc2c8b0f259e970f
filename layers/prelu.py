"""PReLU, a ReLU that learns its slope below 0: y = max(x, 0) + a min(x, 0).

He, Zhang, Ren and Sun, Delving Deep into Rectifiers, 2015.
"""

from cafflite.errors import ShapeError
from cafflite.layers._kept_input import KeptInput
from cafflite.layers.base import Blobs, NeuronLayer, layer
from cafflite.proto.caffe_pb2 import FillerParameter


@layer("PReLU")
class PReLU(KeptInput, NeuronLayer):
    """
    bottom[0]  x  (N, C, ...)
    top[0]     y  the same shape; may be x itself (in place)
    blobs[0]   a  (C,)         () when channel_shared
    """

    param_name = "prelu_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p, x = self.param, bottom[0]
        if x.ndim < 2:
            raise ShapeError(f"its input has shape {x.shape}, expected (N, C, ...)")
        filler = p.filler if p.HasField("filler") else FillerParameter(type="constant", value=0.25)
        self.add_blob(() if p.channel_shared else (x.shape[1],), filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        x, shared = bottom[0], self.param.channel_shared
        if not shared and x.shape[1:2] != self.blobs[0].shape:
            raise ShapeError(f"its input has shape {x.shape}, and it has slopes for {self.blobs[0].count} channels")
        self.view = (x.shape[0], 1, x.count_axes(1)) if shared else (*x.shape[:2], x.count_axes(2))
        self.below = self.empty(*self.view)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.keep(bottom)
        x, y = bottom[0].data.reshape(self.view), top[0].data.reshape(self.view)
        self.ops.prelu(x, self.blobs[0].data.reshape(-1), out=y)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        x, dy = self.kept(bottom).reshape(self.view), top[0].diff.reshape(self.view)
        if self.param_propagate_down[0]:
            self.xp.minimum(x, 0, out=self.below)
            self.ops.add_channel_dot(self.below, dy, out=self.blobs[0].diff.reshape(-1))
        if propagate_down[0]:
            dx = bottom[0].diff.reshape(self.view)
            self.ops.prelu_backward(dy, x, self.blobs[0].data.reshape(-1), out=dx)
