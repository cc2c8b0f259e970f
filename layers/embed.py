"""Embed: looks up a learned vector for each index; an InnerProduct of one-hot vectors."""

from cafflite.errors import NetError
from cafflite.layers._index import check_index, refuse_gradient
from cafflite.layers.base import Blobs, Layer, layer


@layer("Embed")
class Embed(Layer):
    """
    bottom[0]  index  (M...)      0 to V - 1, V = input_dim
    top[0]     y      (M..., N)   N = num_output
    blobs[0]   W      (V, N)
    blobs[1]   b      (N,)        absent when bias_term is false
    """

    param_name = "embed_param"
    num_bottom = 1
    num_top = 1
    backward_needs_forward = True

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p = self.param
        for name, size in (("num_output", p.num_output), ("input_dim", p.input_dim)):
            if size < 1:
                raise NetError(f"{name} is {size}, expected 1 or more")
        self.add_blob((p.input_dim, p.num_output), p.weight_filler)
        if p.bias_term:
            self.add_blob((p.num_output,), p.bias_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*bottom[0].shape, self.param.num_output)
        self.index = self.empty(bottom[0].count, dtype=self.xp.int64)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        check_index(self.ops, bottom[0].data, self.param.input_dim, "index")
        self.index[...] = bottom[0].data.reshape(-1)
        y = top[0].data.reshape(-1, self.param.num_output)
        self.ops.take_rows(self.blobs[0].data, self.index, out=y)
        if self.param.bias_term:
            y += self.blobs[1].data

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down[0], "indices")
        dy = top[0].diff.reshape(-1, self.param.num_output)
        if self.param_propagate_down[0]:
            self.ops.add_to_rows(dy, self.index, self.blobs[0].diff)
        if self.param.bias_term and self.param_propagate_down[1]:
            self.ops.add_row_sum(dy, out=self.blobs[1].diff)

    def allow_force_backward(self, bottom_index: int) -> bool:
        return False
