"""Operations along channels on a GPU: one kernel each, and where it sums, a block of threads for each channel."""

import math

from cafflite.backend.base import Array
from cafflite.backend.cupy_kernels import launch, launch_blocks
from cafflite.backend.ops_channels import ChannelOps


class CupyChannels(ChannelOps):
    """As `ChannelOps`, with the same shapes and errors."""

    def channel_affine(
        self,
        x: Array,
        scale: Array,
        bias: Array | None,
        out: Array,
        slope: float = 1.0,
        kept: Array | None = None,
    ) -> None:
        if kept is not None:
            kept[...] = x
        launch("channel_affine", x.size, x, scale, bias, *x.shape[1:], out)
        if slope != 1:
            self.xp.multiply(out, self.xp.where(out > 0, 1, slope), out=out)

    def add_channel_sum(self, x: Array, out: Array) -> None:
        length = math.prod(x.shape[2:])
        launch_blocks("add_channel_sum", len(out), x, len(x) * length, length, out)

    def add_channel_dot(self, a: Array, b: Array, out: Array) -> None:
        launch_blocks("add_channel_dot", len(out), a, b, *_each(a), out)

    def channel_moments(self, x: Array, mean: Array, variance: Array) -> None:
        launch_blocks("channel_moments", len(mean), x, *_each(x), mean, variance)

    def channel_normalize(self, x: Array, mean: Array, inverse: Array, out: Array) -> None:
        launch("channel_normalize", x.size, x, mean, inverse, *x.shape[1:], out)

    def channel_normalize_backward(self, dy: Array, y: Array, inverse: Array, out: Array) -> None:
        launch_blocks("channel_normalize_backward", len(inverse), dy, y, inverse, *_each(y), out)

    def prelu(self, x: Array, slope: Array, out: Array) -> None:
        launch("prelu", x.size, x, slope, *x.shape[1:], out)

    def prelu_backward(self, dy: Array, x: Array, slope: Array, out: Array) -> None:
        launch("prelu_backward", x.size, dy, x, slope, *x.shape[1:], out)


def _each(x: Array) -> tuple[int, int]:
    """How many values a channel of x (N, C, S) has, and S."""
    return x.shape[0] * x.shape[2], x.shape[2]
