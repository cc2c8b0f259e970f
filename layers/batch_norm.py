"""BatchNorm: y = (x - mean) / sqrt(variance + eps), for each channel over the batch.

Ioffe and Szegedy, Batch Normalization, 2015. Slope and offset are a Scale layer's, as in Caffe.
"""

from cafflite.blob import Array
from cafflite.errors import NetError, ShapeError
from cafflite.layers._channel_map import ChannelMap, can_join, joined
from cafflite.layers.base import Blobs, Layer, layer
from cafflite.proto.caffe_pb2 import TEST, ParamSpec


@layer("BatchNorm")
class BatchNorm(Layer):
    """
    bottom[0]  x                   (N, C, ...)
    top[0]     y                   the same shape; may be x itself (in place)
    blobs[0]   sum of means        (C,)         each batch's added to what is left of those before
    blobs[1]   sum of variances    (C,)
    blobs[2]   weight of the sums  (1,)         divides both; no gradient reaches the three

    `use_global_stats`, by default in TEST only, takes mean and variance from the sums in place of the batch.
    """

    param_name = "batch_norm_param"
    num_bottom = 1
    num_top = 1
    backward_needs_forward = True

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        x, p = bottom[0], self.param
        if x.ndim < 2:
            raise ShapeError(f"its input has shape {x.shape}, expected (N, C, ...)")
        self.use_global_stats = p.use_global_stats if p.HasField("use_global_stats") else self.phase == TEST
        self.is_channel_map = self.use_global_stats
        self.keeps_output = not self.use_global_stats
        for shape in (x.shape[1:2], x.shape[1:2], (1,)):
            self.add_blob(shape)
        specs = self.layer_param.param
        for spec in specs:
            if spec.lr_mult:
                raise NetError(f"a param block has lr_mult {spec.lr_mult:g}, expected 0: its blobs are not learned")
        specs.extend([ParamSpec(lr_mult=0)] * (len(self.blobs) - len(specs)))

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x, channels = bottom[0], self.blobs[0].count
        if x.shape[1:2] != (channels,):
            raise ShapeError(f"its input has shape {x.shape}, and it has statistics of {channels} channels")
        if x.count == 0 and not self.use_global_stats:
            raise ShapeError(f"its input has shape {x.shape}, and there is no mean of nothing")
        top[0].reshape(*x.shape)
        self.view = (x.shape[0], channels, x.count_axes(2))
        self.mean, self.variance, self.inverse = self.empty(3, channels)
        if not self.use_global_stats:
            self.normalized = self.empty(*self.view)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if not self.use_global_stats:
            self.forward_with([], bottom, top)
            return
        x, y = bottom[0].data.reshape(self.view), top[0].data.reshape(self.view)
        self.recall()
        self.invert()
        self.ops.channel_normalize(x, self.mean, self.inverse, out=y)

    def takes_in(self, behind: list[Layer]) -> bool:
        return not self.use_global_stats and can_join(behind)

    def forward_with(self, behind: list[Layer], bottom: Blobs, top: Blobs) -> None:
        x, y = bottom[0].data.reshape(self.view), top[0].data.reshape(self.view)
        then = joined(None, [layer.channel_map() for layer in behind])
        moments = self.mean, self.variance, self.inverse
        self.ops.channel_batch_norm(x, self.param.eps, *moments, self.normalized, y, *then)
        self.remember(x.size // len(self.mean))

    def output(self) -> Array:
        return self.normalized

    def channel_map(self) -> ChannelMap:
        self.recall()
        self.invert()
        return ChannelMap(self.inverse, -self.inverse * self.mean)

    def invert(self) -> None:
        self.xp.sqrt(self.variance + self.param.eps, out=self.inverse)
        self.xp.reciprocal(self.inverse, out=self.inverse)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            dy, dx = top[0].diff.reshape(self.view), bottom[0].diff.reshape(self.view)
            if self.use_global_stats:
                self.ops.channel_affine(dy, self.inverse, None, out=dx)
            else:
                self.ops.channel_normalize_backward(dy, self.normalized, self.inverse, out=dx)

    def remember(self, count: int) -> None:
        """Add the moments of `count` values of each channel to the sums; the variance as the unbiased estimate."""
        means, variances, weight = (blob.data for blob in self.blobs)
        for total, value in ((means, self.mean), (variances, self.variance * (count / max(1, count - 1))), (weight, 1)):
            total *= self.param.moving_average_fraction
            total += value

    def recall(self) -> None:
        """Take mean and variance from the sums; both are 0 before the first batch."""
        means, variances, weight = (blob.data for blob in self.blobs)
        factor = (weight != 0) / (weight + (weight == 0))
        self.xp.multiply(means, factor, out=self.mean)
        self.xp.multiply(variances, factor, out=self.variance)
