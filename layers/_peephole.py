"""Peepholes: the gates of an LSTM that see its cells."""

from cafflite.blob import Array, Blob
from cafflite.layers._lstm_steps import LSTMSteps
from cafflite.layers._recurrence import as_rows


class Peephole(LSTMSteps):
    """The steps of an LSTM, with peepholes where a subclass has made `weight_c` (3, H).

    Gers and Schmidhuber, "Recurrent Nets that Time and Count" (2000): beside what they get in LSTM, i and f get the
    cells of the step before, and o those of its own step, each times a weight of its own.
    """

    weight_c: Blob | None = None

    def walk(self, top: Array) -> None:
        if self.weight_c is None:
            super().walk(top)
            return
        xp, gates, (hidden, cells) = self.xp, self.activations, self.sequence
        inputs = self.weight_x.shape[1]
        for_i, for_f, for_o = self.weight_c.data
        self.ops.matmul(as_rows(self.seen[:-1])[:, :inputs], self.weight_x.data.T, out=as_rows(gates))
        gates += self.offset
        for t, gate in enumerate(gates):
            keep = self.cont[t][:, None]
            hidden[t] *= keep
            gate += hidden[t] @ self.weight_h.data.T
            before = keep * cells[t]
            i, f, o, g = quarters(gate)
            i[...] = self.sigmoid(i + for_i * before)
            f[...] = self.sigmoid(f + for_f * before)
            xp.tanh(g, out=g)
            cells[t + 1] = f * before + i * g
            o[...] = self.sigmoid(o + for_o * cells[t + 1])
            top[t] = o * xp.tanh(cells[t + 1])
            hidden[t + 1] = top[t]

    def walk_back(self, piece: slice, top_diff: Array, diff: Array, dx: Array | None) -> None:
        if self.weight_c is None:
            super().walk_back(piece, top_diff, diff, dx)
            return
        cells, (dh, dc), (for_i, for_f, for_o) = self.sequence[1], self.carried, self.weight_c.data
        weight_diff = self.xp.zeros_like(self.weight_c.data)
        for t in reversed(range(piece.start, piece.stop)):
            keep, step = self.cont[t][:, None], diff[t - piece.start]
            before, tanh = keep * cells[t], self.xp.tanh(cells[t + 1])
            (i, f, o, g), (di, df, do, dg) = quarters(self.activations[t]), quarters(step)
            dh += top_diff[t - piece.start]
            do[...] = dh * tanh * o * (1 - o)
            dc += dh * o * (1 - tanh * tanh) + do * for_o
            di[...] = dc * g * i * (1 - i)
            df[...] = dc * before * f * (1 - f)
            dg[...] = dc * i * (1 - g * g)
            dc[...] = keep * (dc * f + di * for_i + df * for_f)
            dh[...] = keep * (step @ self.weight_h.data)
            for row, d, cell in zip(weight_diff, (di, df, do), (before, before, cells[t + 1]), strict=True):
                row += (d * cell).sum(axis=0)
        if dx is not None:
            self.ops.matmul(as_rows(diff), self.weight_x.data, out=as_rows(dx))
        if self.wanted(self.weight_c):
            self.weight_c.diff[...] += weight_diff

    def sigmoid(self, x: Array) -> Array:
        return 0.5 + 0.5 * self.xp.tanh(0.5 * x)


def quarters(gates: Array) -> list[Array]:
    """The views i, f, o, g of gates (N, 4H)."""
    h = gates.shape[1] // 4
    return [gates[:, k * h : (k + 1) * h] for k in range(4)]
