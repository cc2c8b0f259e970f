"""LRN: local response normalisation, y = x / (k + alpha mean(x^2 of the neighbours))^beta.

Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural networks, 2012.
"""

from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("LRN")
class LRN(Layer):
    """
    bottom[0]  x  (N, C, H, W)
    top[0]     y  the same shape

    The neighbours are the local_size channels around a value (ACROSS_CHANNELS), or the local_size by local_size values
    around it in its plane (WITHIN_CHANNEL, where k is 1 whatever it is set to); beyond the edge they count as 0.
    """

    param_name = "lrn_param"
    num_bottom = 1
    num_top = 1
    backward_needs_forward = True

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p = self.param
        if p.local_size % 2 == 0:
            raise NetError(f"local_size is {p.local_size}, expected an odd number")
        across = p.norm_region == p.ACROSS_CHANNELS
        self.axes = (1,) if across else (2, 3)
        self.k = p.k if across else 1.0

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[0].ndim != 4:
            raise ShapeError(f"its input has shape {bottom[0].shape}, expected (N, C, H, W)")
        top[0].reshape(*bottom[0].shape)
        self.scale = self.empty(*bottom[0].shape)
        # A window that reaches over all edges sees what a smaller one sees that does, and shares alpha among more.
        reach = max(2 * max(bottom[0].shape[axis] for axis in self.axes) - 1, 1)
        self.size = min(self.param.local_size, reach)
        self.alpha = self.param.alpha * (self.size / self.param.local_size) ** len(self.axes)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        p = self.param
        self.ops.lrn(bottom[0].data, self.size, self.alpha, p.beta, self.k, self.axes, self.scale, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            x, y = bottom[0], top[0]
            self.ops.lrn_backward(
                x.data, self.size, self.alpha, self.param.beta, self.axes, self.scale, y.data, y.diff, x_diff=x.diff
            )
