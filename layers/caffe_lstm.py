"""Lstm: the layer of the caffe-lstm fork. (Its file bears the fork's name, as lstm.py is that of Caffe's LSTM.)"""

from cafflite.blob import Array
from cafflite.errors import DataError, NetError, ShapeError
from cafflite.layers._lstm_steps import LSTMSteps
from cafflite.layers.base import Blobs, layer


@layer("Lstm")
class Lstm(LSTMSteps):
    """
    The equations of LSTM, over rows: all streams of the first time step, then all of the second one, ...

    bottom[0]  x     (T N, I...)  N = batch_size
    bottom[1]  clip  (T N, ...)   optional, one value a row: 0 where a stream begins, otherwise it goes on
    top[0]     h     (T N, H)     H = num_output
    blobs      W_x (4H, I), W_h (4H, H), b (4H,)

    Without `clip` all streams begin at each forward pass. With clipping_threshold the gradients of the gates, before
    their nonlinearity, are limited to it element by element at each step before they go further back in time.

    With a batch_size of 2 or more the fork gives every stream the hidden values of the *first* one (but its own cell),
    while its gradient of W_h is that of every stream's own; what was trained with it needs the same here. For streams
    that know nothing of each other use LSTM.
    """

    param_name = "lstm_param"
    num_bottom = (1, 2)
    num_top = 1
    backward_needs_forward = True

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        p, rows = self.param, 4 * self.param.num_output
        if p.batch_size < 1:
            raise NetError(f"batch_size is {p.batch_size}, expected 1 or more")
        self.threshold = p.clipping_threshold
        self.weight_x = self.add_blob((rows, bottom[0].count_axes(1)), p.weight_filler)
        self.weight_h = self.add_blob((rows, p.num_output), p.weight_filler)
        self.bias = self.add_blob((rows,), p.bias_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape, streams = bottom[0].shape, self.param.batch_size
        if not shape or shape[0] % streams:
            raise ShapeError(f"its input is {shape}, expected the first axis to be a multiple of batch_size {streams}")
        if shape[0] == 0:
            raise ShapeError(f"its input is {shape}, expected one time step or more")
        if bottom[0].count_axes(1) != self.weight_x.shape[1]:
            raise ShapeError(
                f"its input {shape} has {bottom[0].count_axes(1)} values a row, "
                f"and its weights were made for {self.weight_x.shape[1]}"
            )
        if len(bottom) == 2 and bottom[1].count != shape[0]:
            raise ShapeError(f"its clip is {bottom[1].shape}, expected one value for each row of its input {shape}")
        self.make_room(shape[0] // streams, streams)
        self.cont = self.empty(shape[0] // streams, streams)
        self.first, self.part = self.empty(1, len(self.bias.data)), self.empty(streams, len(self.bias.data))
        top[0].reshape(shape[0], self.param.num_output)

    def begin(self, bottom: Blobs) -> None:
        clip = bottom[1].data.reshape(self.cont.shape) if len(bottom) == 2 else None
        if clip is not None:
            self.check_clip(clip)
        self.cont[...] = 1 if clip is None else clip
        for first, last in self.ends:
            first[...] = 0 if clip is None else last

    def check_clip(self, clip: Array) -> None:
        """DataError unless all of clip (T, N) are 0 or 1."""

        def refuse(clip: Array) -> None:
            row = int(((clip != 0) & (clip != 1)).reshape(-1).argmax())
            raise DataError(
                f"its clip holds {float(clip.reshape(-1)[row]):g} in row {row}, expected 0 where a stream begins and "
                "1 where it goes on"
            )

        self.ops.require_binary(clip, refuse)

    def walk(self, top: Array) -> None:
        if top.shape[1] == 1:
            super().walk(top)
            return
        hidden, cells = self.sequence
        for t, gates in enumerate(self.activations):
            keep = self.cont[t][:, None]
            self.ops.matmul(hidden[t, :1], self.weight_h.data.T, out=self.first)
            hidden[t] *= keep
            self.ops.matmul(self.seen[t, :, : -hidden.shape[2]], self.weight_x.data.T, out=gates)
            gates += self.offset
            gates += self.xp.multiply(keep, self.first, out=self.part)
            self.ops.lstm_unit(gates, self.cont[t], cells[t], cells[t + 1], top[t])
            hidden[t + 1] = top[t]

    def walk_back(self, piece: slice, top_diff: Array, diff: Array, dx: Array | None) -> None:
        if top_diff.shape[1] == 1:
            super().walk_back(piece, top_diff, diff, dx)
            return
        dh, dc = self.carried
        cells = self.sequence[1]
        for t in reversed(range(piece.start, piece.stop)):
            k = t - piece.start
            gates, cont = self.activations[t], self.cont[t]
            dh += top_diff[k]
            self.ops.lstm_unit_backward(gates, cont, cells[t], cells[t + 1], dh, dc, self.threshold, diff[k])
            if dx is not None:
                self.ops.matmul(diff[k], self.weight_x.data, out=dx[k])
            dh[...] = 0
            self.ops.matmul(self.cont[t : t + 1], diff[k], out=self.first)
            self.ops.matmul(self.first, self.weight_h.data, out=dh[:1])

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index == 0
