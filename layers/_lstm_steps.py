"""The steps of an LSTM, for the layers LSTM and Lstm."""

from cafflite.blob import Array
from cafflite.layers._recurrence import Recurrence


class LSTMSteps(Recurrence):
    """Cells and gates (Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000) in the order i f o g."""

    gates = 4
    states = ("h", "c")
    threshold = 0.0  # limit on the gradients of the gates before their nonlinearity, at each step; 0 for none

    @property
    def c(self) -> Array:
        """The cells after the last step, (N, H), from which the next forward pass goes on. May be written."""
        return self.ends[1][1]

    @c.setter
    def c(self, value: Array) -> None:
        self.ends[1][1][...] = value

    def walk(self, top: Array) -> None:
        weights, cells = (self.weight_x.data, self.weight_h.data), self.sequence[1]
        self.ops.lstm(*weights, self.offset, self.cont, self.seen, cells, self.activations, top, self.scratch)

    def walk_back(self, piece: slice, top_diff: Array, diff: Array, dx: Array | None) -> None:
        cells, (dh, dc) = self.sequence[1][piece.start : piece.stop + 1], self.carried
        self.ops.lstm_backward(
            self.weight_x.data, self.weight_h.data, self.cont[piece], cells, self.activations[piece],
            top_diff, self.threshold, dh, dc, diff, dx, self.scratch,
        )  # fmt: skip
