"""SPP: spatial pyramid pooling, a vector of fixed length from planes of any size.

He, Zhang, Ren and Sun, Spatial pyramid pooling in deep convolutional networks for visual recognition, 2014.
"""

import math
from itertools import accumulate

from cafflite.backend.window import Window
from cafflite.errors import NetError, ShapeError
from cafflite.layers._pooling import PoolingLayer
from cafflite.layers.base import Blobs, layer


@layer("SPP")
class SPP(PoolingLayer):
    """
    bottom[0]  x  (N, C, H, W)
    top[0]     y  (N, L)        level after level, level i of 2^i by 2^i windows as (C, 2^i, 2^i), flattened;
                  (N, C, 1, 1)  where pyramid_height is 1

    A level's kernel and stride are H and W over 2^i, rounded up, and what that is too much is padding.
    """

    param_name = "spp_param"
    num_top = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if self.param.pyramid_height < 1:
            raise NetError(f"pyramid_height is {self.param.pyramid_height}, expected 1 or more")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x = bottom[0].shape
        if len(x) != 4:
            raise ShapeError(f"its input has shape {x}, expected (N, C, H, W)")
        windows = [self.level_window(level, x) for level in range(self.param.pyramid_height)]
        self.pools = [self.make_pool(x, window, level=level) for level, window in enumerate(windows)]
        self.pooled = [self.empty(*pool.out_shape) for pool in self.pools]
        self.pooled_diff = [self.empty(*pool.out_shape) for pool in self.pools]
        self.diff = self.empty(*x)
        ends = list(accumulate(math.prod(pool.out_shape[1:]) for pool in self.pools))
        self.parts = [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]
        top[0].reshape(*(self.pools[0].out_shape if len(self.pools) == 1 else (x[0], ends[-1])))

    def level_window(self, level: int, x: tuple[int, ...]) -> Window:
        """The window that divides (H, W) into 2^level by 2^level."""
        bins = 2**level
        kernel = tuple(-(-n // bins) for n in x[2:])
        pad = tuple((k * bins - n + 1) // 2 for k, n in zip(kernel, x[2:], strict=True))
        if any(p >= k for p, k in zip(pad, kernel, strict=True)):
            raise ShapeError(f"its input {x} cannot be divided into the {bins} by {bins} windows of level {level}")
        if any(pad) and self.param.pool == self.param.STOCHASTIC:
            raise ShapeError(
                f"its input {x} does not divide into {bins} by {bins} windows without padding, and STOCHASTIC pooling "
                "takes none"
            )
        return Window(kernel, kernel, pad, (1, 1))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.step += 1
        y = top[0].data.reshape(len(bottom[0].data), self.parts[-1].stop)
        for pool, pooled, part in zip(self.pools, self.pooled, self.parts, strict=True):
            pool.forward(bottom[0].data, pooled)
            y[:, part] = pooled.reshape(len(pooled), part.stop - part.start)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        dy = top[0].diff.reshape(len(bottom[0].data), self.parts[-1].stop)
        total = bottom[0].diff
        total[...] = 0
        for pool, pooled, diff, part in zip(self.pools, self.pooled, self.pooled_diff, self.parts, strict=True):
            diff[...] = dy[:, part].reshape(diff.shape)
            pool.backward(bottom[0].data, pooled, diff, self.diff)
            total += self.diff
