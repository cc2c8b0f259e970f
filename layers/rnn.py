"""RNN: Caffe's plain recurrent layer over a sequence."""

from cafflite.blob import Array
from cafflite.layers._recurrence import as_rows
from cafflite.layers._recurrent import RecurrentLayer
from cafflite.layers.base import Blobs, layer


@layer("RNN")
class RNN(RecurrentLayer):
    """
    h_t = tanh(W_x x_t + b + W_static x_static + W_h h_before), h_before being times cont_t;  o_t = tanh(W_o h_t + b_o)

    bottom[0]   x            (T, N, I...)
    bottom[1]   cont         (T, N)
    bottom[2]   x_static     (N, S...)      optional
    bottom[-1]  h_0          (1, N, H)      with expose_hidden
    bottom[-1]  lengths      (N,)           with lengths, behind all others
    top[0]      o            (T, N, H)
    top[1]      h_T          (1, N, H)      with expose_hidden
    blobs       W_x (H, I), b (H,), [W_static (H, S),] W_h (H, H), W_o (H, H), b_o (H,)
    """

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        h = self.param.num_output
        self.weight_o = self.add_blob((h, h), self.param.weight_filler)
        self.bias_o = self.add_blob((h,), self.param.bias_filler)

    def make_room(self, steps: int, streams: int) -> None:
        super().make_room(steps, streams)
        # The outputs are kept: a layer behind this one may work on the top in place.
        self.outputs = self.empty(steps, streams, self.param.num_output)
        self.output_diff = self.xp.empty_like(self.diff)

    def walk(self, top: Array) -> None:
        h, o, weights = self.activations, self.outputs, (self.weight_x.data, self.weight_h.data)
        self.ops.rnn(*weights, self.offset, self.cont, self.seen, h, self.scratch)
        self.ops.matmul(as_rows(h), self.weight_o.data.T, out=as_rows(o))
        o += self.bias_o.data
        self.ops.tanh(o, out=o)
        top[...] = o

    def walk_back(self, piece: slice, top_diff: Array, diff: Array, dx: Array | None) -> None:
        h, o, weights = self.activations[piece], self.outputs[piece], (self.weight_x.data, self.weight_h.data)
        output_diff = self.output_diff[: len(o)]
        self.ops.tanh_backward(top_diff, o, out=output_diff)
        if self.wanted(self.weight_o):
            self.ops.add_matmul(as_rows(output_diff).T, as_rows(h), out=self.weight_o.diff)
        if self.wanted(self.bias_o):
            self.ops.add_row_sum(as_rows(output_diff), out=self.bias_o.diff)
        self.ops.matmul(as_rows(output_diff), self.weight_o.data, out=as_rows(diff))
        self.ops.rnn_backward(*weights, self.cont[piece], h, self.carried[0], diff, dx)
