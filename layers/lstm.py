"""LSTM: Caffe's long short-term memory over a sequence."""

from cafflite.layers._peephole import Peephole
from cafflite.layers._recurrent import RecurrentLayer
from cafflite.layers.base import Blobs, layer


@layer("LSTM")
class LSTM(Peephole, RecurrentLayer):
    """
    i, f, o = sigmoid, g = tanh of (W_x x_t + b + W_static x_static + W_h h_before), each a quarter of the rows
    c_t = f c_before + i g,  h_t = o tanh(c_t);  h_before and c_before are times cont_t

    bottom[0]    x             (T, N, I...)
    bottom[1]    cont          (T, N)
    bottom[2]    x_static      (N, S...)          optional
    bottom[-2:]  h_0, c_0      (1, N, H)          with expose_hidden
    bottom[-1]   lengths       (N,)               with lengths, behind all others
    top[0]       h             (T, N, H)
    top[1:]      h_T, c_T      (1, N, H)          with expose_hidden
    blobs        W_x (4H, I), b (4H,), [W_static (4H, S),] W_h (4H, H)[, W_c (3, H)]

    W_c is there with peephole: it adds W_c[0] c_before to i, W_c[1] c_before to f and W_c[2] c_t to o before their
    sigmoid.
    """

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        if self.param.peephole:
            self.weight_c = self.add_blob((3, self.param.num_output), self.param.weight_filler)
