"""Pooling: the largest value, the mean, or a random value of each window on a plane.

The random one is of Zeiler and Fergus, Stochastic pooling for regularization of deep convolutional neural networks,
2013.
"""

from cafflite.backend.window import Window
from cafflite.errors import NetError, ShapeError
from cafflite.layers._pooling import MaxPool, PoolingLayer
from cafflite.layers.base import Blobs, layer


@layer("Pooling")
class Pooling(PoolingLayer):
    """
    bottom[0]  x     (N, C, H, W)
    top[0]     y     (N, C, OH, OW)   OH = (H + 2 pad - kernel) / stride + 1, rounded as round_mode says
    top[1]     mask  (N, C, OH, OW)   for MAX, if asked for: the place h W + w of the largest value in its plane

    A window is cut off at the edge of the plane, but an average counts the padding. STOCHASTIC draws a value in
    proportion to itself in TRAIN, and gives the mean weighted so in TEST; its input must not be negative.
    """

    param_name = "pooling_param"
    num_top = (1, 2)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p = self.param
        if p.global_pooling and any(p.HasField(name) for name in ("kernel_size", "kernel_h", "kernel_w")):
            raise NetError("it has a kernel beside global_pooling, which takes the whole plane: leave one out")
        self.kernel = None if p.global_pooling else self.along_axes("kernel_size", "kernel", least=1)
        self.stride = self.along_axes("stride", "stride", least=1)
        self.pad = self.along_axes("pad", "pad", least=0)
        if p.global_pooling and (self.stride, self.pad) != ((1, 1), (0, 0)):
            raise NetError(f"global_pooling needs stride 1 and pad 0, and they are {self.stride} and {self.pad}")
        if any(self.pad) and p.pool == p.STOCHASTIC:
            raise NetError(f"pad is {self.pad}, and STOCHASTIC pooling takes none")
        if self.kernel and any(pad >= k for pad, k in zip(self.pad, self.kernel, strict=True)):
            raise NetError(f"pad is {self.pad}, expected less than the kernel, {self.kernel}")
        if len(top) > 1 and p.pool != p.MAX:
            raise NetError("it has 2 top blobs, expected 1: only MAX pooling has a mask")

    def along_axes(self, field: str, prefix: str, least: int) -> tuple[int, int]:
        """A setting for (H, W): from `field`, or from its two fields in _h and _w."""
        p, pair = self.param, (f"{prefix}_h", f"{prefix}_w")
        given = [name for name in (field, *pair) if p.HasField(name)]
        if len(given) > 1 and given != list(pair) or given in ([pair[0]], [pair[1]]):
            raise NetError(f"it has {' and '.join(given)}, expected {field}, or {pair[0]} and {pair[1]}")
        value = tuple(getattr(p, name) for name in pair) if given == list(pair) else (getattr(p, field),) * 2
        if min(value) < least:
            raise NetError(f"{field} is {value}, expected {least} or more along each axis")
        return value

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x = bottom[0].shape
        if len(x) != 4:
            raise ShapeError(f"its input has shape {x}, expected (N, C, H, W)")
        window = Window(self.kernel or x[2:], self.stride, self.pad, (1, 1))
        self.pool = self.make_pool(x, window, round_up=self.param.round_mode == self.param.CEIL)
        for blob in top:
            blob.reshape(*self.pool.out_shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.step += 1
        self.pool.forward(bottom[0].data, top[0].data)
        if len(top) > 1 and isinstance(self.pool, MaxPool):
            top[1].data[...] = self.pool.mask

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            self.pool.backward(bottom[0].data, top[0].data, top[0].diff, bottom[0].diff)
