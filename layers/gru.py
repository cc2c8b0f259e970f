"""GRU: gated recurrent units over a sequence."""

from cafflite.blob import Array
from cafflite.layers._recurrence import as_rows
from cafflite.layers._recurrent import RecurrentLayer
from cafflite.layers.base import Blobs, layer


@layer("GRU")
class GRU(RecurrentLayer):
    """
    r, z = sigmoid of (W_x x_t + b + W_static x_static + W_h h_before), the first two thirds of the rows
    n_t = tanh(W_x x_t + b + W_static x_static + r (W_h h_before + b_h)), the last third
    h_t = (1 - z) n_t + z h_before;  h_before is times cont_t

    bottom[0]   x         (T, N, I...)
    bottom[1]   cont      (T, N)         0 and 1 alone
    bottom[2]   x_static  (N, S...)      optional
    bottom[-1]  h_0       (1, N, H)      with expose_hidden
    bottom[-1]  lengths   (N,)           with lengths, behind all others
    top[0]      h         (T, N, H)
    top[1]      h_T       (1, N, H)      with expose_hidden
    blobs       W_x (3H, I), b (3H,), [W_static (3H, S),] W_h (3H, H), b_h (H,)

    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation" (2014,
    first version), where the reset gate r multiplies the product W_h h_before, with the bias b_h inside it that cuDNN
    and PyTorch have. PyTorch's weights are these: weight_ih, bias_ih with the first two thirds of bias_hh added,
    weight_hh, and the last third of bias_hh.
    """

    gates = 3
    cont_may_scale = False

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        self.bias_h = self.add_blob((self.param.num_output,), self.param.bias_filler)

    def make_room(self, steps: int, streams: int) -> None:
        super().make_room(steps, streams)
        self.part = self.empty(steps, streams, self.param.num_output)
        self.hidden_diff = self.xp.empty_like(self.diff)

    def walk(self, top: Array) -> None:
        weights = self.weight_x.data, self.weight_h.data, self.bias_h.data
        self.ops.gru(*weights, self.offset, self.cont, self.seen, self.activations, self.part, top, self.scratch)

    def walk_back(self, piece: slice, top_diff: Array, diff: Array, dx: Array | None) -> None:
        self.ops.gru_backward(
            self.weight_x.data, self.weight_h.data, self.cont[piece], self.seen[piece], self.activations[piece],
            self.part[piece], top_diff, self.carried[0], diff, self.hidden_diff[: len(diff)], dx, self.scratch,
        )  # fmt: skip
        if self.wanted(self.bias_h):
            of_new = as_rows(self.hidden_diff[: len(diff)])[:, 2 * self.param.num_output :]
            self.ops.add_row_sum(of_new, out=self.bias_h.diff)

    def add_weight_diff(self, piece: slice, diff: Array) -> None:
        seen, hidden_diff = as_rows(self.seen[piece]), as_rows(self.hidden_diff[: len(diff)])
        inputs = self.weight_x.shape[1]
        self.ops.add_matmul(as_rows(diff).T, seen[:, :inputs], out=self.weight_diff[:, :inputs])
        self.ops.add_matmul(hidden_diff.T, seen[:, inputs:], out=self.weight_diff[:, inputs:])
