"""The operations of the recurrent layers: T time steps of N independent streams, with H hidden values each."""

from cafflite.backend.base import Array, BaseOps


class RecurrentOps(BaseOps):
    """Portable sequences, of T time steps of N streams with I inputs and H hidden values each.

    `cont` (T, N) says with 1 that a stream goes on at a step and with 0 that it begins there: what comes from the step
    before is multiplied by it.

    `seen` (T+1, N, I+H) holds at t what step t works on: its input, and behind it the hidden values of the step before,
    times cont. The caller puts the input and the hidden values before the first step there; behind the last step stand
    its hidden values.

    The four gates of an LSTM lie side by side in the order i, f, o, g.
    """

    def lstm_unit(self, gates: Array, cont: Array, before: Array, cell: Array, top: Array) -> None:
        """One step: cell = f cont before + i g, top = o tanh(cell).

        gates               (N, 4H)  before their nonlinearity; after the call i, f, o (sigmoid) and g (tanh)
        cont                (N,)
        before, cell, top   (N, H)
        """
        xp = self.xp
        i, f, o, g = _gates(gates)
        sigmoids = gates[:, : 3 * cell.shape[1]]
        sigmoids[...] = 0.5 + 0.5 * xp.tanh(0.5 * sigmoids)
        xp.tanh(g, out=g)
        cell[...] = f * (cont[:, None] * before) + i * g
        top[...] = o * xp.tanh(cell)

    def lstm_unit_backward(
        self, gates: Array, cont: Array, before: Array, cell: Array, dh: Array, dc: Array, threshold: float, diff: Array
    ) -> None:
        """The gradient of `lstm_unit`.

        gates      (N, 4H)  as it left them
        dh         (N, H)   gradient of `top`
        dc         (N, H)   gradient of `cell` from elsewhere; after the call that of `before`
        threshold           no element of `diff` is let beyond it, either way; 0 for no limit
        diff       (N, 4H)  out: gradient of the gates before their nonlinearity
        """
        xp = self.xp
        keep = cont[:, None]
        i, f, o, g = _gates(gates)
        di, df, do, dg = _gates(diff)
        tanh = xp.tanh(cell)
        dc += dh * o * (1 - tanh * tanh)
        di[...] = dc * g * i * (1 - i)
        df[...] = dc * keep * before * f * (1 - f)
        do[...] = dh * tanh * o * (1 - o)
        dg[...] = dc * i * (1 - g * g)
        dc *= keep * f
        if threshold > 0:
            xp.clip(diff, -threshold, threshold, out=diff)

    def lstm(
        self,
        weight_x: Array,
        weight_h: Array,
        offset: Array,
        cont: Array,
        seen: Array,
        cells: Array,
        gates: Array,
        top: Array,
        scratch: Array,
    ) -> None:
        """Walk an LSTM through its sequence.

        weight_x  (4H, I)        of the input
        weight_h  (4H, H)        of the hidden values
        offset    (1 or N, 4H)   what the gates get at every step: the bias and a static input's part
        cont      (T, N)
        seen      (T+1, N, I+H)
        cells     (T+1, N, H)    out: the cells after each step; cells[0] are those before the first
        gates     (T, N, 4H)     out: i, f, o and g
        top       (T, N, H)      out: the hidden values
        scratch   (N+I+H, 4H)    anything
        """
        inputs = weight_x.shape[1]
        for t in range(len(gates)):
            hidden = seen[t, :, inputs:]
            hidden *= cont[t][:, None]
            gates[t] = seen[t, :, :inputs] @ weight_x.T + hidden @ weight_h.T + offset
            self.lstm_unit(gates[t], cont[t], cells[t], cells[t + 1], top[t])
            seen[t + 1, :, inputs:] = top[t]

    def lstm_backward(
        self,
        weight_x: Array,
        weight_h: Array,
        cont: Array,
        cells: Array,
        gates: Array,
        top_diff: Array,
        threshold: float,
        dh: Array,
        dc: Array,
        diff: Array,
        dx: Array | None,
        scratch: Array,
    ) -> None:
        """The gradient of `lstm`, over the whole sequence or, from its end, piece by piece.

        cont, cells, gates     as `lstm` left them, cut to the T steps of the piece
        top_diff  (T, N, H)
        threshold              as in `lstm_unit_backward`
        dh, dc    (N, H)       gradients, from later steps, of the last step's hidden values and cells;
                               after the call those of the step before the first
        diff      (T, N, 4H)   out: gradient of the gates before their nonlinearity
        dx        (T, N, I)    out: gradient of the input; None where nobody asks for it
        scratch                as in `lstm`
        """
        for t in reversed(range(len(gates))):
            dh += top_diff[t]
            self.lstm_unit_backward(gates[t], cont[t], cells[t], cells[t + 1], dh, dc, threshold, diff[t])
            dh[...] = cont[t][:, None] * (diff[t] @ weight_h)
            if dx is not None:
                self.xp.matmul(diff[t], weight_x, out=dx[t])

    def rnn(
        self,
        weight_x: Array,
        weight_h: Array,
        offset: Array,
        cont: Array,
        seen: Array,
        hidden: Array,
        scratch: Array,
    ) -> None:
        """Walk h = tanh(W_x x + W_h h_before + offset) through its sequence.

        weight_x  (H, I)         of the input
        weight_h  (H, H)         of the hidden values
        offset    (1 or N, H)    the bias and a static input's part
        cont      (T, N)
        seen      (T+1, N, I+H)
        hidden    (T, N, H)      out: h
        scratch   (N+I+H, H)     anything
        """
        inputs = weight_x.shape[1]
        for t in range(len(hidden)):
            before = seen[t, :, inputs:]
            before *= cont[t][:, None]
            hidden[t] = self.xp.tanh(seen[t, :, :inputs] @ weight_x.T + before @ weight_h.T + offset)
            seen[t + 1, :, inputs:] = hidden[t]

    def rnn_backward(
        self, weight_x: Array, weight_h: Array, cont: Array, hidden: Array, dh: Array, diff: Array, dx: Array | None
    ) -> None:
        """The gradient of `rnn`, over the whole sequence or, from its end, piece by piece.

        cont, hidden   as `rnn` left them, cut to the T steps of the piece
        dh    (N, H)      gradient, from later steps, of the last h; after the call that of the one before the first
        diff  (T, N, H)   gradient of h from above; after the call of what stands inside the tanh
        dx    (T, N, I)   out: gradient of the input; None where nobody asks for it
        """
        for t in reversed(range(len(hidden))):
            diff[t] += dh
            diff[t] *= 1 - hidden[t] * hidden[t]
            dh[...] = cont[t][:, None] * (diff[t] @ weight_h)
            if dx is not None:
                self.xp.matmul(diff[t], weight_x, out=dx[t])

    def gru(
        self,
        weight_x: Array,
        weight_h: Array,
        bias_h: Array,
        offset: Array,
        cont: Array,
        seen: Array,
        gates: Array,
        part: Array,
        top: Array,
        scratch: Array,
    ) -> None:
        """Walk a GRU through its sequence: h = (1 - z) n + z h_before, with n = tanh(W_xn x + r (W_hn h_before + b_h)).

        Its gates r (reset), z (update) and n (the new values) lie side by side.

        weight_x  (3H, I)        of the input
        weight_h  (3H, H)        of the hidden values
        bias_h    (H,)           b_h
        offset    (1 or N, 3H)   what the gates get at every step: the bias and a static input's part
        cont      (T, N)
        seen      (T+1, N, I+H)
        gates     (T, N, 3H)     out: r and z (sigmoid) and n (tanh)
        part      (T, N, H)      out: what r multiplies, W_hn h_before + b_h
        top       (T, N, H)      out: h
        scratch   (N+I+H, 3H)    anything
        """
        xp, inputs = self.xp, weight_x.shape[1]
        for t in range(len(gates)):
            before = seen[t, :, inputs:]
            before *= cont[t][:, None]
            x, h = seen[t, :, :inputs] @ weight_x.T + offset, before @ weight_h.T
            width = before.shape[1]
            part[t] = h[:, 2 * width :] + bias_h
            gates[t, :, : 2 * width] = 0.5 + 0.5 * xp.tanh(0.5 * (x + h)[:, : 2 * width])
            r, z, n = _thirds(gates[t])
            n[...] = xp.tanh(x[:, 2 * width :] + r * part[t])
            top[t] = (1 - z) * n + z * before
            seen[t + 1, :, inputs:] = top[t]

    def gru_backward(
        self,
        weight_x: Array,
        weight_h: Array,
        cont: Array,
        seen: Array,
        gates: Array,
        part: Array,
        top_diff: Array,
        dh: Array,
        diff: Array,
        diff_h: Array,
        dx: Array | None,
        scratch: Array,
    ) -> None:
        """The gradient of `gru`, over the whole sequence or, from its end, piece by piece.

        cont, seen, gates, part  as `gru` left them, cut to the T steps of the piece
        top_diff  (T, N, H)
        dh        (N, H)       gradient, from later steps, of the last h; after the call of the one before the first
        diff      (T, N, 3H)   out: gradient of the gates before their nonlinearity, which is that of W_x x
        diff_h    (T, N, 3H)   out: gradient of W_h h_before: as `diff`, but for n times r
        dx        (T, N, I)    out: gradient of the input; None where nobody asks for it
        scratch                as in `gru`
        """
        for t in reversed(range(len(gates))):
            before = seen[t, :, weight_x.shape[1] :]
            (r, z, n), (dr, dz, dn) = _thirds(gates[t]), _thirds(diff[t])
            dh += top_diff[t]
            dz[...] = dh * (before - n) * z * (1 - z)
            dn[...] = dh * (1 - z) * (1 - n * n)
            dr[...] = dn * part[t] * r * (1 - r)
            diff_h[t] = diff[t]
            diff_h[t, :, 2 * dh.shape[1] :] *= r
            dh[...] = cont[t][:, None] * (dh * z + diff_h[t] @ weight_h)
            if dx is not None:
                self.xp.matmul(diff[t], weight_x, out=dx[t])


def _thirds(gates: Array) -> list[Array]:
    """The views r, z, n of gates (N, 3H)."""
    h = gates.shape[1] // 3
    return [gates[:, k * h : (k + 1) * h] for k in range(3)]


def _gates(gates: Array) -> list[Array]:
    """The views i, f, o, g of gates (N, 4H)."""
    h = gates.shape[1] // 4
    return [gates[:, k * h : (k + 1) * h] for k in range(4)]
