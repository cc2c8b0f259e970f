"""ReLU: y = x above 0, and negative_slope x from 0 down."""

from cafflite.layers._channel_map import ChannelMap
from cafflite.layers.base import Blobs, NeuronLayer, layer


@layer("ReLU")
class ReLU(NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)
    """

    param_name = "relu_param"
    is_channel_map = True

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.ops.relu(bottom[0].data, self.param.negative_slope, out=top[0].data)

    def channel_map(self) -> ChannelMap:
        return ChannelMap(slope=self.param.negative_slope)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        # In place the bottom holds y, which has the sign of x unless the slope is negative; Caffe does the same.
        if propagate_down[0]:
            self.ops.relu_backward(top[0].diff, bottom[0].data, self.param.negative_slope, out=bottom[0].diff)
