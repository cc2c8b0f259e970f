"""LSTMUnit: one step of an LSTM from the gates' inputs, for nets that spell out their recurrence."""

from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("LSTMUnit")
class LSTMUnit(Layer):
    """
    c = sigmoid(f) cont c_before + sigmoid(i) tanh(g),  h = sigmoid(o) tanh(c)

    bottom[0]  c_before    (1, N, H)
    bottom[1]  i, f, o, g  (1, N, 4H)  before their nonlinearity
    bottom[2]  cont        (1, N)      0 where a stream begins, 1 where it goes on
    top[0]     c           (1, N, H)
    top[1]     h           (1, N, H)
    """

    num_bottom = 3
    num_top = 2
    backward_needs_forward = True

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        before, gates, cont = (blob.shape for blob in bottom)
        if len(before) != 3 or before[0] != 1:
            raise ShapeError(f"its cells are {before}, expected (1, N, H)")
        streams, h = before[1:]
        if gates != (1, streams, 4 * h) or cont != (1, streams):
            raise ShapeError(
                f"its gates are {gates} and its sequence indicators {cont}, "
                f"expected {(1, streams, 4 * h)} and {(1, streams)} with cells of {before}"
            )
        for blob in top:
            blob.reshape(*before)
        self.gates, self.diff = self.empty(streams, 4 * h), self.empty(streams, 4 * h)
        self.cell, self.dc, self.dh = (self.empty(streams, h) for _ in range(3))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.gates[...] = bottom[1].data[0]
        self.ops.lstm_unit(self.gates, bottom[2].data[0], bottom[0].data[0], self.cell, top[1].data[0])
        top[0].data[0] = self.cell

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[2]:
            raise NetError("a gradient is asked for its sequence indicators (bottom 2), and they have none")
        self.dc[...], self.dh[...] = top[0].diff[0], top[1].diff[0]
        cont, before = bottom[2].data[0], bottom[0].data[0]
        self.ops.lstm_unit_backward(self.gates, cont, before, self.cell, self.dh, self.dc, 0.0, self.diff)
        if propagate_down[0]:
            bottom[0].diff[0] = self.dc
        if propagate_down[1]:
            bottom[1].diff[0] = self.diff

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index != 2
