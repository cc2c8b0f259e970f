"""InnerProduct: y = x W^T + b, over the axes from `axis` on flattened to one."""

from cafflite.blob import Array
from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("InnerProduct")
class InnerProduct(Layer):
    """
    bottom[0]  x  (M..., K...)   split at `axis`
    top[0]     y  (M..., N)      N = num_output
    blobs[0]   W  (N, K)         (K, N) when `transpose`
    blobs[1]   b  (N,)           absent when bias_term is false
    """

    param_name = "inner_product_param"
    num_bottom = 1
    num_top = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p = self.param
        if p.num_output < 1:
            raise NetError(f"num_output is {p.num_output}, expected 1 or more")
        self.axis = bottom[0].axis(p.axis)
        self.k = bottom[0].count_axes(self.axis)
        self.add_blob((self.k, p.num_output) if p.transpose else (p.num_output, self.k), p.weight_filler)
        if p.bias_term:
            self.add_blob((p.num_output,), p.bias_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[0].count_axes(self.axis) != self.k:
            raise ShapeError(
                f"its input {bottom[0].shape} has {bottom[0].count_axes(self.axis)} values from axis {self.axis} on, "
                f"and its weights were made for {self.k}"
            )
        self.m = bottom[0].count_axes(0, self.axis)
        top[0].reshape(*bottom[0].shape[: self.axis], self.param.num_output)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = bottom[0].data.reshape(self.m, self.k), top[0].data.reshape(self.m, self.param.num_output)
        self.ops.matmul(x, self.weight(), out=y)
        if self.param.bias_term:
            y += self.blobs[1].data

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        x, dy = bottom[0].data.reshape(self.m, self.k), top[0].diff.reshape(self.m, self.param.num_output)
        if self.param_propagate_down[0]:
            dw = self.blobs[0].diff
            self.ops.add_matmul(*((x.T, dy) if self.param.transpose else (dy.T, x)), out=dw)
        if self.param.bias_term and self.param_propagate_down[1]:
            self.ops.add_row_sum(dy, out=self.blobs[1].diff)
        if propagate_down[0]:
            self.ops.matmul(dy, self.weight().T, out=bottom[0].diff.reshape(self.m, self.k))

    def weight(self) -> Array:
        """W as (K, N), whichever way it is stored."""
        w = self.blobs[0].data
        return w if self.param.transpose else w.T
