"""MVN, mean-variance normalization: each channel of each image gets mean 0 and variance 1."""

from cafflite.errors import ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("MVN")
class MVN(Layer):
    """
    bottom[0]  x  (N, C, H, W)  or fewer axes
    top[0]     y  (N, C, H, W)  always four; may be x itself (in place)

    With `across_channels` each image is one group. `eps` is added to the standard deviation, and the gradient takes
    the sum as the deviation itself, which is Caffe's rule.
    """

    param_name = "mvn_param"
    num_bottom = 1
    num_top = 1
    backward_needs_forward = True

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x = bottom[0]
        top[0].reshape(x.num, x.channels, x.height, x.width)
        groups, size = (x.num, x.count_axes(1)) if self.param.across_channels else (x.num * x.channels, x.count_axes(2))
        if groups and not size:
            raise ShapeError(f"its input has shape {x.shape}, and there is no mean of nothing")
        self.view = (1, groups, size)
        self.mean, self.variance, self.inverse = self.empty(3, groups)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = bottom[0].data.reshape(self.view), top[0].data.reshape(self.view)
        self.ops.channel_moments(x, self.mean, self.variance)
        if self.param.normalize_variance:
            self.xp.sqrt(self.variance, out=self.inverse)
            self.inverse += self.param.eps
            self.xp.reciprocal(self.inverse, out=self.inverse)
        else:
            self.inverse[...] = 1
        self.ops.channel_normalize(x, self.mean, self.inverse, out=y)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            dy, dx = top[0].diff.reshape(self.view), bottom[0].diff.reshape(self.view)
            if self.param.normalize_variance:
                self.ops.channel_normalize_backward(dy, top[0].data.reshape(self.view), self.inverse, out=dx)
            else:
                self.ops.channel_moments(dy, self.mean, self.variance)
                self.ops.channel_normalize(dy, self.mean, self.inverse, out=dx)
