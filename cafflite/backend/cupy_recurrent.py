"""The recurrent layers on a GPU: for each time step one product with the hidden values, and one kernel for the rest."""

from cafflite.backend.base import Array
from cafflite.backend.cupy_gemm import multiply
from cafflite.backend.cupy_kernels import launch
from cafflite.backend.ops_recurrent import RecurrentOps


def _rows(x: Array) -> Array:
    """x (T, N, K), whose steps follow one another, as (T N, K)."""
    return x.reshape(-1, x.shape[2])


def _inputs(seen: Array, inputs: int) -> Array:
    """What stands in `seen` of the input of all steps, (T N, I)."""
    return _rows(seen[:-1])[:, :inputs]


class CupyRecurrent(RecurrentOps):
    """As `RecurrentOps`, with the same shapes and errors."""

    def lstm_unit(self, gates: Array, cont: Array, before: Array, cell: Array, top: Array) -> None:
        launch("lstm_unit", cell.size, gates, None, 0, cont, before, cell.shape[1], cell, top, None, 0, None)

    def lstm_unit_backward(
        self, gates: Array, cont: Array, before: Array, cell: Array, dh: Array, dc: Array, threshold: float, diff: Array
    ) -> None:
        h = cell.shape[1]
        launch("lstm_unit_backward", cell.size, gates, cont, before, cell, h, None, None, dh, threshold, dc, diff)

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
        (steps, streams, h), (inputs, width) = top.shape, (weight_x.shape[1], seen.shape[2])
        multiply(_inputs(seen, inputs), weight_x.T, out=_rows(gates))
        seen[0, :, inputs:] *= cont[0][:, None]
        for t in range(steps):
            multiply(seen[t, :, inputs:], weight_h.T, out=gates[t], add=True)
            launch(
                "lstm_unit", streams * h, gates[t], offset, len(offset), cont[t], cells[t], h, cells[t + 1], top[t],
                _next(cont, t), width, seen[t + 1],
            )  # fmt: skip

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
        steps, streams, h = top_diff.shape
        for t in reversed(range(steps)):
            launch(
                "lstm_unit_backward", streams * h, gates[t], cont[t], cells[t], cells[t + 1], h, top_diff[t],
                _next(cont, t), dh, threshold, dc, diff[t],
            )  # fmt: skip
            multiply(diff[t], weight_h, out=dh)
        _finish(weight_x, cont, dh, diff, dx)

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
        (steps, streams, h), (inputs, width) = hidden.shape, (weight_x.shape[1], seen.shape[2])
        multiply(_inputs(seen, inputs), weight_x.T, out=_rows(hidden))
        seen[0, :, inputs:] *= cont[0][:, None]
        for t in range(steps):
            multiply(seen[t, :, inputs:], weight_h.T, out=hidden[t], add=True)
            launch(
                "rnn_step", streams * h, offset, len(offset), h, hidden[t], _next(cont, t), width, seen[t + 1]
            )  # fmt: skip

    def rnn_backward(
        self, weight_x: Array, weight_h: Array, cont: Array, hidden: Array, dh: Array, diff: Array, dx: Array | None
    ) -> None:
        steps, streams, h = hidden.shape
        for t in reversed(range(steps)):
            launch("rnn_step_backward", streams * h, hidden[t], _next(cont, t), h, dh, diff[t])
            multiply(diff[t], weight_h, out=dh)
        _finish(weight_x, cont, dh, diff, dx)

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
        (steps, streams, h), (inputs, width) = top.shape, (weight_x.shape[1], seen.shape[2])
        product = scratch[:streams]
        multiply(_inputs(seen, inputs), weight_x.T, out=_rows(gates))
        seen[0, :, inputs:] *= cont[0][:, None]
        for t in range(steps):
            multiply(seen[t, :, inputs:], weight_h.T, out=product)
            launch(
                "gru_step", streams * h, product, bias_h, offset, len(offset), seen[t], h, gates[t], part[t], top[t],
                _next(cont, t), width, seen[t + 1],
            )  # fmt: skip

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
        steps, streams, h = top_diff.shape
        for t in reversed(range(steps)):
            launch(
                "gru_step_backward", streams * h, seen[t], seen.shape[2], gates[t], part[t], h, top_diff[t],
                _next(cont, t), dh, diff[t], diff_h[t],
            )  # fmt: skip
            multiply(diff_h[t], weight_h, out=dh, add=True)
        _finish(weight_x, cont, dh, diff, dx)


def _next(cont: Array, t: int) -> Array | None:
    """Which streams go on into the step behind `t`; behind the last one nobody has asked yet."""
    return cont[t + 1] if t + 1 < len(cont) else None


def _finish(weight_x: Array, cont: Array, dh: Array, diff: Array, dx: Array | None) -> None:
    """What is left to do behind the first step."""
    dh *= cont[0][:, None]
    if dx is not None:
        multiply(_rows(diff), weight_x, out=_rows(dx))
