"""Reduction: the sum, or the like, of all values over the axes from `axis` on."""

from cafflite.layers.base import Blobs, Layer, layer


@layer("Reduction")
class Reduction(Layer):
    """
    bottom[0]  x  (M..., K...)   split at `axis`
    top[0]     y  (M...)         coeff times the SUM of x, of |x| (ASUM) or x^2 (SUMSQ), or the MEAN of x
    """

    param_name = "reduction_param"
    num_bottom = 1
    num_top = 1

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        axis = bottom[0].axis(self.param.axis)
        self.shape = bottom[0].count_axes(0, axis), bottom[0].count_axes(axis)
        top[0].reshape(*bottom[0].shape[:axis])
        self.scratch = self.empty(*self.shape)
        self.coeff = self.param.coeff
        if self.param.operation == self.param.MEAN:
            self.coeff /= max(1, self.shape[1])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = bottom[0].data.reshape(self.shape), top[0].data.reshape(-1)
        if self.param.operation == self.param.ASUM:
            x = self.xp.abs(x, out=self.scratch)
        elif self.param.operation == self.param.SUMSQ:
            x = self.xp.multiply(x, x, out=self.scratch)
        x.sum(axis=1, out=y)
        y *= self.coeff

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        x, dx = bottom[0].data.reshape(self.shape), bottom[0].diff.reshape(self.shape)
        dy = self.coeff * top[0].diff.reshape(-1, 1)
        if self.param.operation == self.param.ASUM:
            self.xp.sign(x, out=dx)
            dx *= dy
        elif self.param.operation == self.param.SUMSQ:
            self.xp.multiply(x, 2 * dy, out=dx)
        else:
            dx[...] = dy
